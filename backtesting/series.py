"""The course of the price, thinned out for pictures and for figures over time; one pass, constant memory."""

import numpy as np
from msgspec import Struct

from backtesting.tape import Chunk

POINTS = 1500
"""Points that a picture can show."""


class Point(Struct, frozen=True):
    """Some neighbouring rows; prices in units of the tape."""

    row: int
    """Number of the last row of the point."""
    time: int
    """Time of the last row of the point, in nanoseconds UTC."""
    open: int
    high: int
    low: int
    close: int


class Series:
    """Open, high, low and close of each `every` rows."""

    def __init__(self, rows: int, points: int = POINTS) -> None:
        """`rows` will be added."""
        self.every = max(1, -(-rows // points))
        self.rows = 0
        self.start = 0
        """Number of the first row."""
        self.begin = 0
        """Its time."""
        self.points: list[Point] = []

    def add(self, chunk: Chunk) -> None:
        """The next rows. Only the last chunk may hold a part of `every`."""
        prices = chunk.prices
        if not len(prices):
            return
        if not self.rows:
            self.start, self.begin = chunk.start, int(chunk.times[0])
        self.rows += len(prices)
        starts = np.arange(0, len(prices), self.every)
        ends = np.append(starts[1:], len(prices)) - 1
        columns = (
            chunk.start + ends,
            chunk.times[ends],
            prices[starts],
            np.maximum.reduceat(prices, starts),
            np.minimum.reduceat(prices, starts),
            prices[ends],
        )
        self.points += [Point(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
