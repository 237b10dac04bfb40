"""What the owner configured for one strategy, and what distinguishes the four kinds of grid."""

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property

from msgspec import Struct

from messages.money import EXACT, ONE, Pair

JUMP_INTERVALS = 5
"""A price that is more intervals away from the one before moves no ladder before a second trade confirms it."""


class GridSettings(Struct, frozen=True, dict=True):
    """One configured strategy. Amounts are in quote currency, rates are fractions (0.01 is 1 %)."""

    userref: int
    name: str
    pair: Pair
    amount: Decimal
    """`a`: quote currency spent per buy."""
    interval: Decimal
    """`i`: relative distance between neighbouring orders."""
    max_open_buys: int
    """`n`: open buys that the ladder keeps up."""
    max_investment: Decimal
    """Upper bound of the sum of price x volume over the strategy's open orders."""
    fee: Decimal
    """Maker fee rate that volumes and holds include."""
    lineage: str
    """Born with the database; part of the cause of orders that no fill asked for."""
    sell_existing_base: bool = False
    """Whether a kind that sells accumulated base may also sell base that no strategy bought."""
    reference: Decimal | None = None
    """The market as the exchange's ticker showed it before the first trade was heard; None when it is not known."""
    asks_for_quotes: bool = False
    """Whether bid and ask are asked for when a price is doubted."""
    restored: bool = False
    """Whether the saved state is that of a backup: what the program did since then may look like its owner's doing."""

    @property
    def believes_first_price(self) -> bool:
        """Whether there is nothing to hold a first price against."""
        return self.reference is None and not self.asks_for_quotes

    @cached_property
    def step(self) -> Decimal:
        """`1 + i`."""
        return EXACT.add(ONE, self.interval)

    @cached_property
    def two_steps(self) -> Decimal:
        """`(1 + i)^2`."""
        return EXACT.multiply(self.step, self.step)

    @cached_property
    def jump(self) -> Decimal:
        """`(1 + i)^5`: a price that is farther away than this factor is doubted until a second trade confirms it."""
        return EXACT.power(self.step, JUMP_INTERVALS)

    @cached_property
    def kept(self) -> Decimal:
        """`1 - 2 x fee`: what the fees of a buy and its sell leave of a price."""
        return EXACT.subtract(ONE, EXACT.multiply(self.fee, 2))

    @cached_property
    def fees_eat(self) -> bool:
        """Whether a sell one interval above its buy loses money."""
        return EXACT.multiply(self.step, self.kept) <= ONE

    @cached_property
    def half_step(self) -> Decimal:
        """`1 + i / 2`: two buys in a smaller ratio are too near to each other."""
        return EXACT.add(ONE, EXACT.divide(self.interval, 2))

    @cached_property
    def amount_with_fee(self) -> Decimal:
        """`a x (1 + fee)`: what must be free and allowed for one more buy."""
        return EXACT.multiply(self.amount, EXACT.add(ONE, self.fee))


SellVolume = Callable[[GridSettings, Decimal, Decimal], Decimal]
"""(settings, sell price, executed volume of the buy) -> volume of the counter-sell, not yet truncated."""


class Variant(Struct, frozen=True):
    """All that differs between the kinds of grid."""

    kind: str
    sell_volume: SellVolume | None
    """None: bought base is kept for ever."""
    sells_accumulated_base: bool
    """Whether base beyond the ladder is sold above it; whether also what no strategy bought, the settings say."""
    sells_all: bool = False
    """Whether a sell offers all that its buy brought, so that base which no order offers needs a reason."""
