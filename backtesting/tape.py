"""Recorded trades as integers: times in nanoseconds UTC, prices in whole units of a power of ten.

Integers are for searching; an exact `Decimal` is made only of the rows that matter.
"""

from decimal import Decimal
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from messages.ids import Nanos
from messages.market import Tick
from messages.money import EXACT

Integers = NDArray[np.int64]


class Chunk(Struct, frozen=True):
    """Neighbouring rows of a tape."""

    start: int
    """Number of the first one, counted from 0."""
    times: Integers
    prices: Integers


class Tape(Protocol):
    """The trades of one pair, oldest first."""

    symbol: str
    unit: Decimal
    """What a price of 1 means, in quote currency."""
    rows: int

    def read(self, start: int, stop: int) -> Chunk:
        """Rows `start` to `stop - 1`. Blocks; raises `ConfigError` for rows that make no sense."""


class ArrayTape:
    """Trades in memory."""

    def __init__(self, symbol: str, unit: Decimal, times: Integers, prices: Integers) -> None:
        """Times must not fall, prices must be above 0; whoever reads a file checks that."""
        self.symbol = symbol
        self.unit = unit
        self.rows = len(prices)
        self._times = times
        self._prices = prices

    def read(self, start: int, stop: int) -> Chunk:
        """A view, no copy."""
        return Chunk(start, self._times[start:stop], self._prices[start:stop])


def price_of(unit: Decimal, count: int) -> Decimal:
    """The exact price of this many units."""
    return EXACT.multiply(Decimal(count), unit)


def tick_of(tape: Tape, time: int, count: int) -> Tick:
    """The row as the strategies see it."""
    return Tick(tape.symbol, price_of(tape.unit, count), Nanos(time))
