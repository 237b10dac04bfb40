"""Prices, volumes and limits of the rules in fractions, one function each: no test states one of them again."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Protocol, TypeVar

from msgspec import Struct

Number = TypeVar("Number", Decimal, Fraction)

SHIFT_MARGIN = Fraction(1001, 1000)
JUMP = 5
"""A price more intervals away than this moves no ladder before a second trade confirms it."""


class Sized(Protocol):
    """An order, at the venue or foretold; a figure is exact in either form."""

    @property
    def price(self) -> Decimal | Fraction: ...

    @property
    def volume(self) -> Decimal | Fraction: ...


class Terms(Struct, frozen=True):
    """What is configured for one strategy, and the pair's rules. Rates are fractions of 1."""

    kind: str
    amount: Fraction
    interval: Fraction
    buys: int
    max_investment: Fraction
    fee: Fraction
    tick: Fraction
    lot: Fraction
    min_volume: Fraction = Fraction(0)
    min_cost: Fraction = Fraction(0)
    existing_base: bool = False
    """Whether it may sell base that the program did not buy."""

    @property
    def step(self) -> Fraction:
        """From one order to the next."""
        return 1 + self.interval

    @property
    def jump(self) -> Fraction:
        """From one trade to the first that has to be confirmed before it moves a ladder."""
        return self.step**JUMP

    @property
    def kept(self) -> Fraction:
        """Of a price, after the fees of a buy and its sell."""
        return 1 - 2 * self.fee

    @property
    def need(self) -> Fraction:
        """Of one more buy, with its fee."""
        return self.amount * (1 + self.fee)

    @property
    def sells(self) -> bool:
        """Whether bought base is sold at all."""
        return self.kind != "cDCA"

    @property
    def fees_eat(self) -> bool:
        """Whether the fees of a buy and its sell are as much as the interval brings."""
        return self.sells and self.step * self.kept <= 1


def down(value: Fraction, unit: Fraction) -> Fraction:
    """To the multiple at or below."""
    return floor(value / unit) * unit


def up(value: Fraction, unit: Fraction) -> Fraction:
    """To the multiple at or above."""
    return ceil(value / unit) * unit


def above(value: Fraction, unit: Fraction) -> Fraction:
    """To the next multiple above."""
    return down(value, unit) + unit


def buy_price(terms: Terms, last: Fraction | None, ticker: Fraction) -> Fraction:
    """One interval below `last`, or below the ticker where there is none or it lies above the ticker."""
    price = (ticker if last is None else last) / terms.step
    return down(ticker / terms.step if price > ticker else price, terms.tick)


def buy_volume(terms: Terms, price: Fraction) -> Fraction:
    """What the amount buys."""
    return down(terms.amount / price, terms.lot) if price else Fraction(0)


def lowest_sell(terms: Terms, bought: Fraction) -> Fraction:
    """The lowest tick that brings back the buy and both fees."""
    return above(bought / terms.kept, terms.tick) if bought and terms.kept > 0 else bought


def sell_price(terms: Terms, bought: Fraction, ticker: Fraction | None) -> Fraction:
    """One interval above the buy, or above a ticker that has passed that; never at a loss."""
    price = bought * terms.step
    if ticker is None or price >= ticker:
        return max(down(price, terms.tick), lowest_sell(terms, bought))
    return max(lifted(terms, ticker), lowest_sell(terms, bought))


def lifted(terms: Terms, ticker: Fraction) -> Fraction:
    """Where a sell belongs whose price the market has passed."""
    return max(down(ticker * terms.step, terms.tick), above(ticker, terms.tick))


def for_amount(terms: Terms, price: Fraction) -> Fraction:
    """Base whose sale brings back the amount and both fees; not yet rounded."""
    return terms.amount / (price * terms.kept)


def sell_volume(terms: Terms, price: Fraction, executed: Fraction) -> Fraction:
    """Of a counter-sell; not yet rounded."""
    return executed if terms.kind == "GridSell" else for_amount(terms, price)


def volume_for_amount(terms: Terms, price: Fraction, most: Fraction | None = None) -> Fraction:
    """Of a sell that no single buy asks for: worth the amount, or `most` where that is less; on the pair's lots."""
    volume = for_amount(terms, price)
    return down(volume if most is None else min(volume, most), terms.lot)


def invested(orders: Iterable[Sized]) -> Fraction:
    """Price times full volume of both sides, whatever part is filled."""
    return sum((Fraction(order.price) * Fraction(order.volume) for order in orders), Fraction(0))


def may_invest(terms: Terms, already: Fraction) -> bool:
    """Whether one more buy stays below what may be invested; `already`: what all open orders are worth."""
    return already + terms.need < terms.max_investment


def left_of(owned: Number, sold: Number, promised: Number) -> Number:
    """Own base after a sale; what was sold beyond it was the owner's, and is not taken from what others `promised`."""
    nothing = sold - sold
    return max(owned - sold, min(max(owned, nothing), promised))


def shift_above(terms: Terms, highest: Fraction) -> Fraction:
    """The ticker beyond which the ladder is built anew."""
    return highest * terms.step**2 * SHIFT_MARGIN


def extra_price(terms: Terms, ticker: Fraction, highest_ever: Fraction) -> Fraction:
    """Two intervals above the ticker, or above the highest buy ever where that would be below it."""
    price = ticker * terms.step**2
    price = highest_ever * terms.step**2 if price < highest_ever else price
    return max(down(price, terms.tick), above(ticker, terms.tick))


def too_near(terms: Terms, higher: Fraction, lower: Fraction) -> bool:
    """Whether the higher one of two buys has to go."""
    return higher / lower - 1 < terms.interval / 2


def too_small(terms: Terms, price: Fraction, volume: Fraction) -> bool:
    """Whether the venue refuses this size."""
    return volume < terms.min_volume or price * volume < terms.min_cost


def no_gain(terms: Terms, price: Fraction) -> bool:
    """Whether what is bought at this price cannot be sold with a gain within two intervals."""
    if not terms.sells:
        return False
    return terms.fees_eat or lowest_sell(terms, price) > price * terms.step**2


def shown(value: Fraction) -> Decimal:
    """As the venue writes it."""
    return Decimal(value.numerator) / Decimal(value.denominator)
