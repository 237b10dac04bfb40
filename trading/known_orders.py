"""Which orders with this program's mark the account holds, and whether another program placed one of them. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from messages.account import Attach, History, OrderFacts
from messages.ids import ClientOrderId, userref_of
from messages.orders import Place
from trading.ports import OtherProgramError, UnknownOrderError

_MET_KEPT = 50_000


class Tracked(Struct):
    """One order with our mark: what was asked for and what the exchange says, either of them perhaps unknown yet."""

    place: Place | None
    facts: OrderFacts | None
    placed: Decimal | None = None
    """Part of the volume that is the strategy's, in base: what an order amended by hand was placed with, 0 for an order
    of the account owner. None: all of it."""


class KnownOrders:
    """What the desk knows of the account's orders since it opened its session."""

    def __init__(self, open_orders: Sequence[OrderFacts]) -> None:
        """`open_orders`: all of the account, as the session began."""
        self.tracked: dict[ClientOrderId, Tracked] = {}
        """Orders with our mark that were shown, sent or answered for, until they are over."""
        self._met: dict[ClientOrderId, None] = {}
        """Ids that were asked for, counted on or shown at the start, closed ones too; the oldest are forgotten."""
        self._of_programs: list[OrderFacts] = []
        """Open orders that other programs marked with a userref, as they were at the beginning."""
        for order in open_orders:
            ours = userref_of(order.order_id) is not None
            if order.userref is not None and not ours:
                self._of_programs.append(order)
            if ours:
                self.tracked[order.order_id] = Tracked(None, order)
                self.meet(order.order_id)

    def meet(self, order_id: ClientOrderId) -> None:
        """From now on an event of this order is no sign of another program."""
        self._met[order_id] = None
        if len(self._met) > _MET_KEPT:
            del self._met[next(iter(self._met))]

    def is_strange(self, order_id: ClientOrderId) -> bool:
        """Whether no strategy has asked for this order."""
        return order_id not in self.tracked and order_id not in self._met

    def unclaimed(self) -> list[OrderFacts]:
        """Open orders with our mark that no strategy has claimed since the session began."""
        shown = (tracked.facts for tracked in self.tracked.values() if tracked.place is None)
        return [facts for facts in shown if facts is not None and facts.status == "open"]

    def strangers(self, attach: Attach, history: History) -> tuple[OrderFacts, ...]:
        """All orders of this strategy's userref and symbol, open or closed, if there is one that it does not count on.

        Those it counts on are among them: what they were answered with follows from their exchange ids.
        """
        orders = {facts.order_id: facts for facts in history.orders}
        orders |= {order_id: tracked.facts for order_id, tracked in self.tracked.items() if tracked.facts is not None}
        own = {
            order_id: facts
            for order_id, facts in orders.items()
            if userref_of(order_id) == attach.strategy and facts.symbol == attach.symbol
        }
        known = {order.place.order_id for order in attach.orders}
        return tuple(own.values()) if own.keys() - known else ()

    def refuse_other_programs(self, attach: Attach) -> None:
        """A strategy without a past begins no second grid over that of another program: raises `OtherProgramError`."""
        if attach.since != 0 or attach.orders:
            return
        others = [o for o in self._of_programs if (o.userref, o.symbol) == (attach.strategy, attach.symbol)]
        if others:
            raise OtherProgramError.of_orders(others, attach.strategy)

    def refuse_strays(self, attach: Attach) -> None:
        """Raises `UnknownOrderError` for an open order of this strategy that it does not count on."""
        known = {order.place.order_id for order in attach.orders}
        for facts in self.unclaimed():
            if facts.order_id in known or facts.symbol != attach.symbol:
                continue
            if userref_of(facts.order_id) == attach.strategy:
                raise UnknownOrderError.of(facts, attach.strategy)
