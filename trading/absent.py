"""What strategies that are not configured any more have bought, and what their open orders make of it. Pure.

It outlives connections: an order that a new snapshot does not show is in doubt until the exchange has reported its end.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from messages.account import OrderFacts
from messages.ids import ClientOrderId, userref_of
from messages.journal import LeftBehind
from messages.money import ZERO, Side
from messages.status import UncoveredBase


class _Order(Struct):
    strategy: int
    symbol: str
    side: Side
    rest: Decimal
    """Volume in base not executed yet, as far as is known."""
    counted: Decimal
    """Executed volume in base that is already booked."""
    over: bool = False
    in_doubt: bool = False


class Absent:
    """Base reserved for strategies that are not configured now, until they come back."""

    def __init__(self, left: Iterable[LeftBehind] = ()) -> None:
        self._base: dict[tuple[int, str], Decimal] = {}
        """By userref and symbol."""
        self._orders: dict[ClientOrderId, _Order] = {}
        self._strategies: set[int] = set()
        """Userrefs of the absent strategies that the journal knows."""
        for past in left:
            self._strategies.add(past.strategy)
            self._base[past.strategy, past.symbol] = past.base
            for order in past.orders:
                if order.order_id:
                    self._orders[order.order_id] = _Order(
                        past.strategy, past.symbol, order.side, order.volume, order.filled, in_doubt=True
                    )

    def connected(self, open_orders: Iterable[OrderFacts], expected: frozenset[int]) -> None:
        """A snapshot shows these orders, anybody's; those of the `expected` strategies are theirs."""
        shown = {facts.order_id: facts for facts in open_orders}
        for order_id, order in self._orders.items():
            gone = not order.over and order_id not in shown
            order.in_doubt = gone and order.strategy in self._strategies
            if gone and not order.in_doubt:
                order.over, order.rest = True, ZERO  # perhaps only its id looks like ours: nothing is asked about it
        for order_id, facts in shown.items():
            userref = userref_of(order_id)
            if userref is not None and userref not in expected:
                self._note(userref, facts)

    def in_doubt(self) -> list[ClientOrderId]:
        """Orders of the journal whose outcome only the exchange knows: the question may be a cancel."""
        return [order_id for order_id, order in self._orders.items() if order.in_doubt]

    def answered(self, asked: Sequence[ClientOrderId], found: Mapping[ClientOrderId, OrderFacts]) -> None:
        """What became of orders in doubt; one that is left out was never executed again."""
        for order_id in asked:
            if facts := found.get(order_id):
                self.note(facts)
            elif (order := self._orders.get(order_id)) and order.in_doubt:
                order.over, order.in_doubt, order.rest = True, False, ZERO

    def note(self, facts: OrderFacts) -> bool:
        """An order was opened, executed, changed or closed; returns whether it is one of these strategies'."""
        userref = userref_of(facts.order_id)
        if userref is None or (facts.order_id not in self._orders and userref not in self._strategies):
            return False
        self._note(userref, facts)
        return True

    def kept(self) -> dict[str, Decimal]:
        """By asset: what is kept beyond what open sells hold, buys that may have been executed included."""
        found: dict[str, Decimal] = {}
        for strategy, symbol in self._base:
            base = symbol.partition("/")[0]
            found[base] = found.get(base, ZERO) + self._kept(strategy, symbol)
        return {asset: amount for asset, amount in found.items() if amount}

    def told(self) -> tuple[UncoveredBase, ...]:
        """What each of them has, as it is now."""
        return tuple(
            UncoveredBase(strategy, symbol, max(base, ZERO), self._in_doubt(strategy, symbol))
            for (strategy, symbol), base in self._base.items()
        )

    def _note(self, userref: int, facts: OrderFacts) -> None:
        order = self._orders.get(facts.order_id)
        if order is None:
            # What an unknown sell has sold already was never counted; what an unknown buy brought is still here.
            counted = ZERO if facts.side == "buy" else facts.filled
            order = self._orders[facts.order_id] = _Order(userref, facts.symbol, facts.side, ZERO, counted)
        key = order.strategy, order.symbol
        before, more = self._base.get(key, ZERO), max(facts.filled - order.counted, ZERO)
        self._base[key] = before + more if order.side == "buy" else max(before - more, ZERO)
        order.counted += more
        order.over = order.over or facts.status != "open"
        order.in_doubt = False
        order.rest = ZERO if order.over else max(facts.volume - order.counted, ZERO)

    def _kept(self, strategy: int, symbol: str) -> Decimal:
        offered = self._rest(strategy, symbol, "sell", in_doubt=False)
        return max(self._base[strategy, symbol] + self._in_doubt(strategy, symbol) - offered, ZERO)

    def _in_doubt(self, strategy: int, symbol: str) -> Decimal:
        return self._rest(strategy, symbol, "buy", in_doubt=True)

    def _rest(self, strategy: int, symbol: str, side: Side, *, in_doubt: bool) -> Decimal:
        some = (o for o in self._orders.values() if (o.strategy, o.symbol, o.side) == (strategy, symbol, side))
        return sum((order.rest for order in some if order.in_doubt == in_doubt), ZERO)
