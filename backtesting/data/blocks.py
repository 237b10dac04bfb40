"""The next row whose price leaves a band, found by the minima and maxima of blocks of rows."""

import numpy as np

from backtesting.tape import Integers

BLOCK = 496
"""Rows per block. Above 500 numpy would let go of the interpreter for each look, and the thread that reads ahead
would keep it for milliseconds."""
_FIRST_WINDOW = 64
"""Blocks that are looked at together; the window doubles, since most searches end soon."""


class BlockIndex:
    """The prices of one chunk and what each block of them spans."""

    def __init__(self, prices: Integers) -> None:
        self._prices = prices
        whole = len(prices) // BLOCK * BLOCK
        blocks, rest = prices[:whole].reshape(-1, BLOCK), prices[whole:]
        lows, highs = blocks.min(axis=1), blocks.max(axis=1)
        if len(rest):
            lows, highs = np.append(lows, rest.min()), np.append(highs, rest.max())
        self._lows, self._highs = lows, highs

    def next_outside(self, start: int, low: int, high: int) -> int:
        """The first row from `start` on with `price <= low` or `price >= high`; the number of rows if none."""
        rows = len(self._prices)
        if start >= rows:
            return rows
        block = start // BLOCK
        found = _first(self._prices[start : (block + 1) * BLOCK], low, high)
        if found >= 0:
            return start + found
        block = self._next_block(block + 1, low, high)
        if block < 0:
            return rows
        first = block * BLOCK
        return first + _first(self._prices[first : first + BLOCK], low, high)

    def _next_block(self, start: int, low: int, high: int) -> int:
        """The first block from `start` on that reaches the bounds; -1 if none."""
        window = _FIRST_WINDOW
        while start < len(self._lows):
            stop = start + window
            reached = (self._lows[start:stop] <= low) | (self._highs[start:stop] >= high)
            found = int(reached.argmax())
            if reached[found]:
                return start + found
            start, window = stop, 2 * window
        return -1


def _first(prices: Integers, low: int, high: int) -> int:
    """The first place outside; -1 if none."""
    reached = (prices <= low) | (prices >= high)
    found = int(reached.argmax())
    return found if reached[found] else -1
