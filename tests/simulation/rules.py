"""What must be true of one strategy's orders once all is quiet: a second, small reading of design section 4.

Shares no code with the strategies. Prices and volumes are those at the exchange.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

from msgspec import Struct


class Grid(Struct, frozen=True):
    """What is configured, and the pair's steps."""

    kind: str
    amount: Decimal
    interval: Decimal
    buys: int
    max_investment: Decimal
    fee: Decimal
    tick: Decimal
    lot: Decimal


class Row(Struct, frozen=True):
    """One order."""

    side: str
    price: Decimal
    volume: Decimal
    filled: Decimal = Decimal(0)


def floor(value: Decimal, step: Decimal) -> Decimal:
    """Down to a multiple."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceiling(value: Decimal, decimals: int) -> Decimal:
    """Up to so many decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_CEILING)


def due_price(grid: Grid, bought_at: Decimal) -> Decimal:
    """Of the counter-sell, unless the market has passed it."""
    price, break_even = floor(bought_at * (1 + grid.interval), grid.tick), bought_at / (1 - 2 * grid.fee)
    return price if price > break_even else floor(break_even, grid.tick) + grid.tick


def sold_volume(grid: Grid, price: Decimal, executed: Decimal) -> Decimal:
    """Of the counter-sell."""
    if grid.kind == "GridSell":
        return executed
    return floor(grid.amount / (price * (1 - 2 * grid.fee)), grid.lot)


class Quiet(Struct, frozen=True):
    """One strategy at rest."""

    orders: Sequence[Row]
    price: Decimal
    quote_free: Decimal
    base_free: Decimal
    waiting: Sequence[str]
    """Named reasons of absent orders."""
    surplus: Decimal
    surplus_price: Decimal
    remembered: int


def broken(grid: Grid, quiet: Quiet) -> list[str]:
    """Everything that is not as the rules say."""
    buys = sorted((row for row in quiet.orders if row.side == "buy"), key=lambda row: row.price, reverse=True)
    sells = [row for row in quiet.orders if row.side == "sell"]
    invested = sum((row.price * row.volume for row in quiet.orders), Decimal(0))
    return [
        *_ladder(grid, buys, quiet),
        *_reasons(grid, buys, invested, quiet),
        *_sells(grid, buys, sells, quiet),
    ]


def _ladder(grid: Grid, buys: list[Row], quiet: Quiet) -> list[str]:
    found = []
    if len(buys) > grid.buys:
        found.append(f"{len(buys)} buys where {grid.buys} are wanted")
    if buys and buys[0].price >= quiet.price:
        found.append(f"a buy at {buys[0].price} is not below the market at {quiet.price}")
    if buys and quiet.price > buys[0].price * (1 + grid.interval) ** 2 * Decimal("1.001"):
        found.append(f"the ladder below {buys[0].price} did not follow the market to {quiet.price}")
    for higher, lower in pairwise(buys):
        if higher.price / lower.price - 1 < grid.interval / 2:
            found.append(f"buys at {higher.price} and {lower.price} are too near")
    odd = (row for row in buys if row.volume != floor(grid.amount / row.price, grid.lot))
    return found + [f"a buy at {row.price} has the volume {row.volume}" for row in odd]


def _reasons(grid: Grid, buys: list[Row], invested: Decimal, quiet: Quiet) -> list[str]:
    if len(buys) >= grid.buys:
        return []
    need = grid.amount * (1 + grid.fee)
    why = " ".join(reason for reason in quiet.waiting if "fewer than" in reason)
    if not why:
        return [f"only {len(buys)} of {grid.buys} buys, and no reason"]
    if "max_investment" in why and invested + need < grid.max_investment:
        return [f"{why}, but only {invested} of {grid.max_investment} is invested"]
    if "funds" in why and quiet.quote_free > need:
        return [f"{why}, but {quiet.quote_free} is free"]
    if not ("max_investment" in why or "funds" in why):
        return [f"still {why}"]
    return []


def _sells(grid: Grid, buys: list[Row], sells: list[Row], quiet: Quiet) -> list[str]:
    found = []
    if grid.kind == "cDCA" and sells:
        found.append("cDCA sells")
    passed = (row for row in sells if row.price <= quiet.price)
    found += [f"a sell at {row.price} is not above the market at {quiet.price}" for row in passed]
    due = floor(quiet.surplus_price * (1 + grid.interval), grid.tick)
    if due < quiet.price:
        due = floor(quiet.price * (1 + grid.interval), grid.tick)
    if grid.kind != "cDCA" and quiet.surplus * due >= grid.amount and quiet.surplus <= quiet.base_free:
        found.append(f"a surplus of {quiet.surplus} is not offered")
    idle = grid.kind == "SWING" and not sells and len(buys) == grid.buys and not quiet.remembered
    if idle and quiet.base_free * quiet.price > grid.amount * (1 + grid.fee):
        found.append(f"SWING holds {quiet.base_free} and offers nothing")
    return found
