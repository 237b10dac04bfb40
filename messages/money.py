"""Exact money: the only place that knows tick size, lot decimals, minimum volume and minimum cost.

Prices are in quote currency per unit of base, volumes in base, costs and fees in quote. Prices and
volumes are truncated down on both sides of the book. Rounded up are holds and estimated fees, so that the
program never believes it has more than it has, and a sell that truncation would put at a loss.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import cached_property, lru_cache
from typing import Literal

from msgspec import Struct

from messages.counted import counted

Side = Literal["buy", "sell"]

ZERO = Decimal(0)
ONE = Decimal(1)

EXACT = Context(prec=60, rounding=ROUND_FLOOR, traps=[InvalidOperation, DivisionByZero, Overflow])
"""60 digits hold any product of a price, a volume and two rates; quotients are cut, never rounded up."""


def plain(value: Decimal) -> str:
    """All its digits; zero has no sign (a difference of equals has one where quotients are cut)."""
    return f"{value or value.copy_abs():f}"


@lru_cache(maxsize=64)
def _step(decimals: int) -> Decimal:
    """The smallest positive number with this many decimals."""
    return ONE.scaleb(-decimals)


class Pair(Struct, frozen=True, dict=True):
    """The trading rules of one pair as the exchange states them."""

    symbol: str
    """`BASE/QUOTE` in common spelling, for instance `BTC/USD`."""
    tick_size: Decimal
    """Smallest step of a price, in quote currency."""
    lot_decimals: int
    """Decimals of a volume, in base currency."""
    cost_decimals: int
    """Decimals of fees and holds, in quote currency."""
    min_volume: Decimal
    """Smallest volume of an order, in base currency."""
    min_cost: Decimal
    """Smallest price x volume of an order, in quote currency."""

    @cached_property
    def base(self) -> str:
        """What is bought and sold."""
        return self.symbol.partition("/")[0]

    @cached_property
    def quote(self) -> str:
        """What it is paid with."""
        return self.symbol.partition("/")[2]

    @cached_property
    def lot(self) -> Decimal:
        """Smallest step of a volume, in base currency."""
        return _step(self.lot_decimals)

    @cached_property
    def tick_is_a_decimal_place(self) -> bool:
        """Whether truncating to the tick size is truncating to a decimal place, as for 0.01, not for 0.05 or 0.10."""
        return self.tick_size.as_tuple().digits == (1,)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    steps = EXACT.divide(value, step).to_integral_value(ROUND_FLOOR)
    return EXACT.multiply(steps, step)


def floor_price(pair: Pair, price: Decimal) -> Decimal:
    """`price` truncated to the tick size."""
    if pair.tick_is_a_decimal_place:
        return price.quantize(pair.tick_size, ROUND_FLOOR, EXACT)
    return floor_to(price, pair.tick_size)


def ceil_price(pair: Pair, price: Decimal) -> Decimal:
    """The lowest price on the tick grid that is not below `price`."""
    floored = floor_price(pair, price)
    return floored if floored == price else EXACT.add(floored, pair.tick_size)


def price_above(pair: Pair, price: Decimal) -> Decimal:
    """The lowest price on the tick grid that is above `price`."""
    return EXACT.add(floor_price(pair, price), pair.tick_size)


def floor_volume(pair: Pair, volume: Decimal) -> Decimal:
    """`volume` truncated to the lot."""
    return volume.quantize(pair.lot, ROUND_FLOOR, EXACT)


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    """An exact-enough quotient for a later truncation: 60 digits, cut."""
    return EXACT.divide(dividend, divisor)


def cost(price: Decimal, volume: Decimal) -> Decimal:
    """Price x volume, exact, in quote currency."""
    return EXACT.multiply(price, volume)


def fee_of(pair: Pair, order_cost: Decimal, rate: Decimal) -> Decimal:
    """The fee on `order_cost` at `rate` (0.0026 is 0.26 %), rounded up to the pair's cost decimals."""
    return ceil_cost(pair, EXACT.multiply(order_cost, rate))


def hold_of(pair: Pair, side: Side, price: Decimal, volume: Decimal, fee: Decimal) -> Decimal:
    """What an open order keeps from other orders: quote with the fee for a buy, base for a sell."""
    if side == "sell":
        return volume
    return ceil_cost(pair, EXACT.multiply(cost(price, volume), ONE + fee))


def ceil_cost(pair: Pair, amount: Decimal) -> Decimal:
    """`amount` of quote currency rounded up to the pair's cost decimals."""
    return amount.quantize(_step(pair.cost_decimals), ROUND_CEILING, EXACT)


def below_minimum(pair: Pair, price: Decimal, volume: Decimal) -> str | None:
    """Why the exchange would refuse this size, or None when it would not."""
    if volume < pair.min_volume:
        return f"volume {volume:f} {pair.base} is below the minimum of {pair.min_volume:f} {pair.base}"
    if cost(price, volume) < pair.min_cost:
        return f"cost {cost(price, volume):f} {pair.quote} is below the minimum of {pair.min_cost:f} {pair.quote}"
    return None


def owned_after(side: Side, volume: Decimal, owned: Decimal, promised_besides: Decimal, own: Decimal = ZERO) -> Decimal:
    """What a strategy owns after an execution, never less than nothing.

    `own` of a sell's volume is taken from it in any case, the rest only as far as its other sells do not offer it:
    beyond that a sell of SWING, or one that was amended by hand, sells its owner's base.
    """
    if side == "buy":
        return owned + volume
    left = max(owned - own, ZERO)
    return max(left - (volume - own), min(left, promised_besides))


def own_part(volume: Decimal, before: Decimal, placed: Decimal | None) -> Decimal:
    """How much of a sell's execution was asked for as the strategy's own base, by one that sells no other.

    `before`: what was executed until then. `placed`: how much of the order is the strategy's; None: all.
    """
    return volume if placed is None else max(min(before + volume, placed) - before, ZERO)


def against_rules(pair: Pair, price: Decimal, volume: Decimal) -> str | None:
    """Why the exchange would refuse this price or size by the pair's rules, or None when it would not."""
    if price != floor_price(pair, price):
        return f"price {price:f} {pair.quote} is no multiple of the tick size {pair.tick_size:f}"
    if volume != floor_volume(pair, volume):
        return f"volume {volume:f} {pair.base} has more than {counted(pair.lot_decimals, 'decimal')}"
    return below_minimum(pair, price, volume)
