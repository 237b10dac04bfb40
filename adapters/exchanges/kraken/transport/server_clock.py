"""The server's clock, in which deadlines of orders are stated."""

import logging
from collections.abc import Callable

import trio

from messages.ids import Nanos

logger = logging.getLogger("infinity_grid.kraken")

SECOND = 10**9
LOOK_SECONDS = 3600
"""Between two looks at this machine's clock."""
_WRONG = 60 * SECOND
"""The server states whole seconds, so that two starts may differ by one in what they take for its time."""
_WORTH_A_WARNING = 2 * SECOND


class ServerClock:
    """Server time from its last statement and trio's clock, so that steps of the wall clock change nothing."""

    def __init__(self, now: Callable[[], int]) -> None:
        """`now` is the wall clock in nanoseconds UTC; it serves until the server has stated its time."""
        self._wall = now
        self._server: int | None = None
        self._stated_at = 0.0
        self._look_at = 0.0
        """In seconds of trio's clock."""

    def now(self) -> Nanos:
        """Server time in nanoseconds UTC."""
        if self._server is None:
            return Nanos(self._wall())
        return Nanos(self._server + int((trio.current_time() - self._stated_at) * SECOND))

    def stated(self, server: int) -> None:
        """The server has just stated its time."""
        self._server = server
        self._stated_at = trio.current_time()

    def for_nonces(self) -> int:
        """This machine's clock, which every start shares, unless it is wrong: then the server's."""
        return self._wall() if abs(self.offset()) < _WRONG else self.now()

    def offset(self) -> int:
        """Wall clock minus server clock, in nanoseconds."""
        return self._wall() - self.now()

    def watch(self, at: float) -> None:
        """Once an hour log a wall clock that is off: the program copes, but the user's other tools may not.

        To be called at least that often; `at` is the time in seconds of trio's clock.
        """
        if at < self._look_at or self._server is None:
            return
        self._look_at = at + LOOK_SECONDS
        if abs(self.offset()) > _WORTH_A_WARNING:
            logger.warning("this machine's clock is %.1f s off the exchange's; is NTP on?", self.offset() / SECOND)
