"""How much money a strategy had at work: quote bound by open buys, and the cost of the base it holds."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import chain

from msgspec import Struct

from backtesting.figures.costs import Costs
from backtesting.record import OrderRecord
from messages.money import EXACT, ZERO, cost


class Capital(Struct, frozen=True):
    """In quote currency."""

    average: Decimal
    """Weighted by time."""
    highest: Decimal


def capital_in_use(orders: Iterable[OrderRecord], costs: Costs, begin: int, end: int) -> Capital:
    """Capital that one strategy used, in quote, from `begin` to `end` (nanoseconds UTC). `orders` are its own."""
    buys = [order for order in orders if order.side == "buy"]
    changes = chain(
        ((order.opened, cost(order.price, order.volume)) for order in buys),
        ((order.closed, -cost(order.price, order.volume)) for order in buys if order.status != "open"),
        ((order.closed, order.cost + order.fee) for order in buys if order.status == "filled"),
        ((sale.order.closed, -sale.cost) for sale in costs.sales),
    )
    used = highest = weighted = ZERO
    since = begin
    for time, change in sorted(changes, key=lambda change: change[0]):
        if time > since:
            highest = max(highest, used)
            weighted += used * (time - since)
            since = time
        used += change
    highest = max(highest, used)
    weighted += used * (end - since)
    return Capital(EXACT.divide(weighted, Decimal(end - begin)) if end > begin else used, highest)
