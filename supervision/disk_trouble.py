"""What holds up trading while the database or a file beside it cannot be used: told, and over once it can."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from actors.condition_book import ConditionBook
from assembly.wiring import Mailboxes
from supervision.restart import root_cause
from supervision.state_keeper import StateKeeper
from trading.ports import DatabaseUnusable


class DiskTrouble:
    """Opens and closes the condition of the database."""

    def __init__(self, mail: Mailboxes, states: StateKeeper, now: Callable[[], int]) -> None:
        """`now` is the wall clock in nanoseconds UTC."""
        self._book = ConditionBook("database", mail.metrics, mail.persistence)
        self._states = states
        self._now = now

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Report what fails in this block because of the database, and raise it on."""
        try:
            yield
        except Exception as error:
            cause = root_cause(error)
            if isinstance(cause, DatabaseUnusable):
                detail = f"{cause} No order leaves until then; tried again every few seconds"
                self._book.open(0, "database", detail, self._now(), blocks=True, told=True)
                self._states.interrupted("the database cannot be used")
            raise

    def works(self) -> None:
        """It can be used."""
        self._book.close(0, "database", self._now())
