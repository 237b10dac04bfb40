"""Orders of this program that no strategy looks after, and signs of another process on the same account.

Both are notified once, shown as conditions, and repeated in the last notice: no sentence about "all orders" may leave
one out.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from msgspec.structs import replace

from actors.condition_book import ConditionBook
from assembly.pasts import Rest, described
from assembly.wiring import Mailboxes
from config import Config
from messages.account import KeyShared, OrderFacts
from messages.counted import counted
from messages.ids import userref_of
from messages.journal import Past, PastOrder
from messages.notices import NotCovered, SecondInstance, StrategyHalted
from messages.status import Pause, StrangeOrder, UncoveredOrders

_SHARED: Literal["second instance"] = "second instance"
_STAY = "its open orders stay open; fills are answered by whoever goes on alone"
_STAY_AS_THEY_ARE = "open orders of its userref stay as they are; fills are answered once it trades"
_AFTER_BAR = "when that is done, restart the program; it stays halted until then, the others trade"
_AFTER_SECOND = (
    "stop one of the two, then restart this one: it reads what was filled; nothing was cancelled; "
    "orders that the other one placed are taken over with --adopt"
)


class Strangers:
    """What the program says of orders that are not a configured strategy's."""

    def __init__(self, config: Config, mail: Mailboxes) -> None:
        self._strategies = {strategy.userref: strategy for strategy in config.strategy}
        self._mail = mail
        self._book = ConditionBook("ownership", mail.metrics, mail.persistence)
        self._left: dict[int, tuple[Past, Rest]] = {}
        self._uncovered: dict[int, str] = {}
        """What is not covered now, in words, by userref."""
        self.halted: set[int] = set()
        """Strategies that another process trades for, too; they rest until the program is restarted."""
        self._barred: dict[int, str] = {}
        """What is left as it is of those of them that never started."""

    @contextmanager
    def proving(self, now: Callable[[], int]) -> Iterator[Callable[[int, int], None]]:
        """A start without a past checks whether open orders may be external; `now` is nanoseconds UTC."""

        def waits(orders: int, seconds: int) -> None:
            detail = (
                f"the account holds {counted(orders, 'open order')} of this program that its database does not know; "
                f"waiting {seconds} s "
                "to see whether another process works on them"
            )
            self._book.open(0, "unknown orders", detail, now(), blocks=True)

        try:
            yield waits
        finally:
            self._book.close(0, "unknown orders", now())

    def left_over(self, left: Mapping[int, tuple[Past, Rest]], time: int) -> None:
        """The journal knows strategies that are not configured any more. `time` is nanoseconds UTC."""
        self._left = dict(left)
        self._tell({userref: rest for userref, (_, rest) in left.items()}, {}, time)

    def shown(self, message: UncoveredOrders, time: int) -> None:
        """What the exchange shows is true: the journal may not know that an order was filled or cancelled since."""
        orders: dict[int, list[OrderFacts]] = {}
        for facts in message.orders:
            orders.setdefault(userref_of(facts.order_id) or 0, []).append(facts)
        rests = {userref: Rest((), rest.waiting, rest.base) for userref, (_, rest) in self._left.items()}
        for userref, some in orders.items():
            before = rests.get(userref, Rest())
            listed = tuple(PastOrder(facts.side, facts.price, facts.volume - facts.filled) for facts in some)
            rests[userref] = Rest(listed, before.waiting, before.base)
        symbols = {userref: some[0].symbol for userref, some in orders.items()}
        for known in message.base:
            before = rests.get(known.strategy, Rest())
            if symbols.setdefault(known.strategy, known.symbol) == known.symbol:
                rests[known.strategy] = replace(before, base=known.base, in_doubt=known.in_doubt)
        self._tell(rests, symbols, time)

    def found(self, order: StrangeOrder) -> None:
        """Another program trades under a strategy's userref: it stops deciding, others trade on."""
        strategy = self._strategies.get(order.strategy)
        if strategy is None or order.strategy in self.halted:
            return
        self.halted.add(order.strategy)
        reason = (
            f"order {order.exchange_id} ({order.order_id}) of its userref {order.strategy} was not placed by "
            "this process: a second instance trades under the same userref"
        )
        self._book.open(order.strategy, _SHARED, f"{strategy.name}: {reason}", order.time, blocks=True, told=True)
        self._mail.strategies[order.strategy].post(Pause(reason, _SHARED))
        self._mail.notifier.post(StrategyHalted(strategy.name, strategy.symbol, reason, _STAY, _AFTER_SECOND))

    def barred(self, userref: int, reason: str, time: int) -> None:
        """A strategy cannot start: open orders under its userref are not its own as far as is known."""
        strategy = self._strategies[userref]
        self.halted.add(userref)
        self._barred[userref] = f"open orders of userref {userref}, which {strategy.name} has not taken over"
        self._book.open(userref, "unknown orders", f"{strategy.name}: {reason}", time, blocks=True, told=True)
        self._mail.notifier.post(StrategyHalted(strategy.name, strategy.symbol, reason, _STAY_AS_THEY_ARE, _AFTER_BAR))

    def key(self, message: KeyShared) -> None:
        """Another process uses the API key, or has stopped to do so."""
        if not message.shared:
            self._book.close(0, _SHARED, message.time)
        elif self._book.open(0, _SHARED, message.text, message.time, told=True):
            self._mail.notifier.post(SecondInstance(message.text))

    def sentence(self) -> str:
        """What a stop leaves alone, for the last notice; empty when there is nothing."""
        parts = list(self._uncovered.values())
        for userref in self.halted:
            by_another = f"what a second instance has placed for {self._strategies[userref].name}"
            parts.append(self._barred.get(userref, by_another))
        return f"not covered and left as it is: {'; '.join(parts)}" if parts else ""

    def _tell(self, rests: Mapping[int, Rest], symbols: Mapping[int, str], time: int) -> None:
        before, self._uncovered = self._uncovered, {}
        for userref, rest in rests.items():
            if not rest:
                continue
            past = self._left.get(userref)
            name = past[0].name if past else self._name(userref)
            symbol = symbols.get(userref) or (past[0].symbol if past else "/")
            detail = described(rest, symbol)
            mark = symbol if name == f"userref {userref}" else f"userref {userref}, {symbol}"
            self._uncovered[userref] = f"{name} ({mark}): {detail}"
            why = "no strategy of this configuration has this userref and pair"
            self._book.open(userref, "not covered", f"{self._uncovered[userref]}; {why}", time, told=True)
            if userref not in before:
                self._mail.notifier.post(NotCovered(name, f"{mark}: {detail}; {why}"))
        for userref in before.keys() - self._uncovered.keys():
            self._book.close(userref, "not covered", time)

    def _name(self, userref: int) -> str:
        strategy = self._strategies.get(userref)
        return f"another pair of {strategy.name}" if strategy else f"userref {userref}"
