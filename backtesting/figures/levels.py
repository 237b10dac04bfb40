"""How often each price level was hit: orders placed, filled and sold again between two rungs of the ladder.

There are no fixed levels in these grids. For this table they are counted from the first price in steps of
one interval: level -3 holds the orders between three and two intervals below it.
"""

import math
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from backtesting.record import OrderRecord


class Level(Struct):
    """One step of the price, from `low` up to the next one's."""

    number: int
    low: Decimal
    buys: int = 0
    """Placed."""
    buys_filled: int = 0
    sells: int = 0
    sells_filled: int = 0

    @property
    def hit_rate(self) -> Decimal | None:
        """The part of all orders here that was filled."""
        placed = self.buys + self.sells
        return Decimal(self.buys_filled + self.sells_filled) / placed if placed else None


def levels(orders: Iterable[OrderRecord], first_price: Decimal, interval: Decimal, tick: Decimal) -> list[Level]:
    """The levels of one strategy at which an order was placed, highest first; shown in prices of size `tick`."""
    # Only the number of a level goes through a float: an order on a rung may count for either side of it.
    step, first = math.log1p(float(interval)), math.log(float(first_price))
    found: dict[int, Level] = {}
    for order in orders:
        number = math.floor((math.log(float(order.price)) - first) / step)
        level = found.get(number)
        if level is None:
            low = (first_price * (1 + interval) ** number).quantize(tick)
            level = found[number] = Level(number, low)
        filled = order.status == "filled"
        if order.side == "buy":
            level.buys += 1
            level.buys_filled += filled
        else:
            level.sells += 1
            level.sells_filled += filled
    return sorted(found.values(), key=lambda level: level.number, reverse=True)
