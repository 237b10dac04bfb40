"""From row to row: the ones at which something happens, or, to check that, all of them.

Nothing happens while the price stays inside what the cores and the resting orders span; so the next row
that leaves it is looked up, and the account never sees the rows between.
"""

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from backtesting.data.ahead import chunks
from backtesting.data.blocks import BlockIndex
from backtesting.record import RunRecord
from backtesting.series import Series
from backtesting.tape import Chunk, Tape, tick_of
from backtesting.trading_account import TradingAccount

Progress = Callable[[int], None]
"""Called with the number of rows done."""


class Course(Struct, frozen=True):
    """How a tape is gone through."""

    hole: int = 0
    """Nanoseconds without a row that are a hole in the data; 0: none is."""
    jump: bool = True
    """False: every row is looked at. Slow; it exists to show that jumping changes nothing."""
    begin: int = 0
    end: int | None = None
    """Rows `begin` to `end - 1` of the tape; None: all that follow."""


class Engine:
    """One pass of one account over one tape."""

    def __init__(self, tape: Tape, account: TradingAccount, record: RunRecord, course: Course) -> None:
        self._tape = tape
        self._account = account
        self._record = record
        self._course = course
        self._end = tape.rows if course.end is None else course.end
        self._last: tuple[int, int] | None = None
        """Time and price of the last row of the chunk before."""
        self._done = -1
        """The newest row that the account was given."""
        self._starts = True
        """Whether the strategies start with the next row, at the beginning and behind a hole."""

    def run(self, series: Series | None = None, progress: Progress | None = None) -> None:
        """Trade all rows. Raises what the tape raises; blocks for as long as that takes."""
        for chunk in chunks(self._tape, self._course.begin, self._end, series.every if series else 1):
            if series:
                series.add(chunk)
            self._trade(chunk)
            if progress:
                progress(chunk.start + len(chunk.prices) - self._course.begin)

    def _trade(self, chunk: Chunk) -> None:
        index = BlockIndex(chunk.prices) if self._course.jump else None
        start = 0
        for stop in [*self._holes(chunk), len(chunk.prices)]:
            if index is None:
                for place in range(start, stop):
                    self._row(chunk, place)
            else:
                self._jump(chunk, index, start, stop)
            if stop < len(chunk.prices):
                self._cross(chunk, stop)
            start = stop
        self._last = int(chunk.times[-1]), int(chunk.prices[-1])

    def _jump(self, chunk: Chunk, index: BlockIndex, start: int, stop: int) -> None:
        """The rows from `start` to `stop - 1` that matter, and the very last one, whose price is known afterwards."""
        account, unit, times, row = self._account, self._tape.unit, chunk.times, self._row
        if self._starts and start < stop:
            row(chunk, start)
            start += 1
        while start < stop:
            reach = account.reach(unit)
            if reach.low >= reach.high - 1:
                place = start
            else:
                place = index.next_outside(start, reach.low, reach.high)
                if place > start and times[min(place, stop) - 1] >= reach.wake:
                    place = start + int(times[start:stop].searchsorted(reach.wake))
            if place >= stop:
                break
            if place > start:
                # Whether a price is a jump depends on the one before, which changes nothing itself.
                account.pass_by(tick_of(self._tape, int(times[place - 1]), int(chunk.prices[place - 1])))
            row(chunk, place)
            start = place + 1
        if chunk.start + stop == self._end and start < stop:
            row(chunk, stop - 1)

    def _row(self, chunk: Chunk, place: int) -> None:
        self._give(chunk.start + place, int(chunk.times[place]), int(chunk.prices[place]))

    def _give(self, row: int, time: int, price: int) -> None:
        tick = tick_of(self._tape, time, price)
        self._done = self._record.row = row
        self._starts = False
        self._account.row(tick)

    def _holes(self, chunk: Chunk) -> list[int]:
        """Places of the rows that come after a hole."""
        if not self._course.hole:
            return []
        places = [int(place) + 1 for place in np.flatnonzero(np.diff(chunk.times) > self._course.hole)]
        if self._last is not None and int(chunk.times[0]) - self._last[0] > self._course.hole:
            places.insert(0, 0)
        return places

    def _cross(self, chunk: Chunk, place: int) -> None:
        """Do not trade across a gap: orders are withdrawn before it, the strategies restart after it."""
        last = (int(chunk.times[place - 1]), int(chunk.prices[place - 1])) if place else self._last
        if last is None:
            return
        if self._done < chunk.start + place - 1:
            self._give(chunk.start + place - 1, *last)
        self._account.pause("cancel-all")
        self._record.pauses.append((last[0], int(chunk.times[place])))
        self._account.resume()
        self._starts = True
