"""What is down, as conditions: opened by the restart loops, closed once the actor is seen to work again."""

from collections.abc import Callable

from actors.condition_book import ConditionBook
from actors.mailbox import Mailbox
from messages.conditions import ConditionCode
from messages.mailboxes import MetricsMail, PersistenceMail
from supervision.policy import Kind, Role
from trading.ports import ExchangeUnavailable

WHOLE_PROGRAM = 0
_TRADES: frozenset[Role] = frozenset({"exchange", "order-manager", "market-data"})


class Outages:
    """One book of conditions per actor: two actors may be down for different reasons."""

    def __init__(
        self,
        metrics: Mailbox[MetricsMail] | None,
        persistence: Mailbox[PersistenceMail] | None,
        wall: Callable[[], int],
    ) -> None:
        """`wall` is this machine's clock in nanoseconds UTC. Without mailboxes no notice is sent."""
        self._metrics = metrics
        self._persistence = persistence
        self._wall = wall
        self._books: dict[str, ConditionBook] = {}

    def begin(self, name: str, role: Role, kind: Kind, cause: BaseException, pause: float) -> None:
        """The actor failed and is started again after `pause` seconds."""
        code = _code(kind, cause)
        if code is None or self._metrics is None or self._persistence is None:
            return
        book = self._books.setdefault(name, ConditionBook(f"supervisor {name}", self._metrics, self._persistence))
        for other in ("connection", "credentials", "lockout"):
            if other != code:
                book.close(WHOLE_PROGRAM, other, self._wall(), told=True)  # one trouble gives way to another
        again = f"; trying again in {pause:.0f} s" if pause >= 1 else ""
        detail = f"{name}: {cause or type(cause).__name__}{again}"
        book.open(WHOLE_PROGRAM, code, detail, self._wall(), blocks=role in _TRADES, told=True)

    def over(self, *names: str) -> None:
        """These actors work."""
        for name in names:
            if book := self._books.get(name):
                # Whoever reads "works again" must not find another part without connection.
                others = [
                    code for other in self._books.values() if other is not book for code in other.codes(WHOLE_PROGRAM)
                ]
                for code in book.codes(WHOLE_PROGRAM):
                    book.close(WHOLE_PROGRAM, code, self._wall(), told=code in others)


def _code(kind: Kind, cause: BaseException) -> ConditionCode | None:
    if kind == "key refused":
        return "credentials"
    if isinstance(cause, ExchangeUnavailable):
        return cause.code
    return None
