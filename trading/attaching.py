"""Strategies whose attach waits for an answer of the exchange, while the order-manager's mail goes on.

Pure: what concerns such a strategy and cannot be booked before its orders are known is kept in its order.
"""

from collections.abc import Sequence

from msgspec import Struct, field

from messages.account import Attach, AttachAnswered, History, OrderFacts
from messages.ids import ClientOrderId, userref_of
from messages.orders import OrderEvent, Submit

Kept = Submit | OrderEvent


class Attaching(Struct):
    """One attach, and what is known for it by now."""

    attach: Attach
    history: History | None = None
    facts: dict[ClientOrderId, OrderFacts] = field(default_factory=dict)
    asked: set[ClientOrderId] = field(default_factory=set)
    """Client ids whose look-up was asked for; one that `facts` lacks then never arrived."""
    kept: list[Kept] = field(default_factory=list)

    @property
    def lacks_history(self) -> bool:
        """Whether closed orders matter and were not read yet."""
        return self.attach.since is not None and self.history is None

    def still_to_ask(self, unknown: Sequence[ClientOrderId]) -> list[ClientOrderId]:
        """Those of `unknown` that were not asked for yet; they count as asked from now on."""
        news = [order_id for order_id in unknown if order_id not in self.asked]
        self.asked.update(news)
        return news


class Attaches:
    """All strategies that wait for an answer, one attach each: the newest."""

    def __init__(self) -> None:
        self._waiting: dict[int, Attaching] = {}

    def begin(self, attach: Attach) -> Attaching:
        """A strategy (re)starts: this replaces an earlier attach of it, whose kept messages it takes over."""
        before = self._waiting.get(attach.strategy)
        begun = self._waiting[attach.strategy] = Attaching(attach, kept=before.kept if before else [])
        return begun

    def answered(self, answer: AttachAnswered) -> Attaching | None:
        """Take an answer in; None for one to an attach that is superseded or over."""
        waiting = self._waiting.get(answer.strategy)
        if waiting is None or waiting.attach.number != answer.number:
            return None
        waiting.history = answer.history or waiting.history
        waiting.facts |= answer.facts
        return waiting

    def reading_far_back(self) -> list[Attaching]:
        """Those that wait for all closed orders, as far back as the exchange is ever asked."""
        return [waiting for waiting in self._waiting.values() if waiting.lacks_history and not waiting.attach.since]

    def end(self, strategy: int) -> list[Kept]:
        """It waits no longer; returns what was kept for it."""
        gone = self._waiting.pop(strategy, None)
        return gone.kept if gone else []

    def keep(self, message: Kept, *, tracked: bool = False) -> bool:
        """Keep what must come behind the attach; `tracked`: the event's order is known already, so it need not."""
        strategy = message.strategy if isinstance(message, Submit) else userref_of(message.order_id)
        waiting = self._waiting.get(strategy) if strategy is not None and not tracked else None
        if waiting is None:
            return False
        waiting.kept.append(message)
        return True

    def give_up(self) -> list[Kept]:
        """The program stops: only strategies that have asked for something are waited for. Returns what others kept."""
        idle = [
            strategy
            for strategy, waiting in self._waiting.items()
            if not any(isinstance(message, Submit) for message in waiting.kept)
        ]
        return [message for strategy in idle for message in self.end(strategy)]

    def __bool__(self) -> bool:
        return bool(self._waiting)
