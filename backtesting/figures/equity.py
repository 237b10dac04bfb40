"""What the account was worth over time, beside an account that bought at the first price and held."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from backtesting.record import Holdings
from backtesting.series import Point
from backtesting.tape import price_of
from messages.money import EXACT, ONE, ZERO


class Worth(Struct, frozen=True):
    """The account at the end of some rows; amounts in quote currency, `base` in base."""

    time: int
    price: Decimal
    high: Decimal
    low: Decimal
    base: Decimal
    equity: Decimal
    hold: Decimal
    """What the account that bought and held was worth."""
    drawdown: Decimal
    """Distance to the highest equity so far, as a part of that."""


class Held(Struct, frozen=True):
    """An account that never changes."""

    base: Decimal
    quote: Decimal

    def at(self, price: Decimal) -> Decimal:
        """What it is worth."""
        return EXACT.add(self.quote, EXACT.multiply(self.base, price))


def bought_and_held(base: Decimal, quote: Decimal, price: Decimal, fee: Decimal) -> Held:
    """All quote is spent at the first price; `fee` is the rate of a taker."""
    return Held(base + EXACT.divide(quote, EXACT.multiply(price, ONE + fee)), ZERO)


def course(points: Sequence[Point], unit: Decimal, holdings: Sequence[Holdings], hold: Held) -> list[Worth]:
    """The account at the end of each point. `holdings` begins with the first row's."""
    rows = [change.row for change in holdings]
    worth: list[Worth] = []
    peak = ZERO
    before = 0
    for point in points:
        price, high, low = (price_of(unit, count) for count in (point.close, point.high, point.low))
        now = bisect_right(rows, point.row) - 1
        inside = [Held(change.base, change.quote) for change in holdings[before : now + 1]]
        peak = max(peak, *(held.at(high) for held in inside))
        lowest = min(held.at(low) for held in inside)
        drawdown = EXACT.divide(peak - lowest, peak) if peak else ZERO
        held = inside[-1]
        worth.append(Worth(point.time, price, high, low, held.base, held.at(price), hold.at(price), drawdown))
        before = now
    return worth


def deepest_fall(points: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """The largest drawdown of something worth (highest, lowest) in neighbouring stretches of time."""
    peak = deepest = ZERO
    for high, low in points:
        peak = max(peak, high)
        if peak:
            deepest = max(deepest, EXACT.divide(peak - low, peak))
    return deepest


def annualised(begin: Decimal, end: Decimal, nanoseconds: int) -> Decimal | None:
    """The yearly rate that would have made `end` of `begin`; None for less than a day or nothing to begin with."""
    if nanoseconds < _DAY or begin <= 0 or end < 0:
        return None
    years = EXACT.divide(Decimal(nanoseconds), _YEAR)
    return (end / begin) ** (ONE / years) - ONE if end else -ONE


_DAY = 86_400 * 10**9
_YEAR = Decimal(31_557_600 * 10**9)
"""365.25 days."""
