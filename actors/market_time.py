"""The time by which a strategy decides: that of its newest tick, and what has passed since in a live market."""

import math

import trio

from messages.ids import Nanos
from messages.market import Tick
from trading.strategies.core import NEVER

_SECOND = 10**9
WAKE_PAUSE = 1.0
"""Seconds between two questions to a core that wants to be asked by the clock."""


class MarketTime:
    """The market's time as one strategy sees it since its start."""

    def __init__(self, *, by_clock: bool) -> None:
        """`by_clock`: time passes also without a trade, unlike in a simulation."""
        self._by_clock = by_clock
        self.tick: Tick | None = None
        """The newest one."""
        self._tick_at = 0.0
        """When it was received; this and the next are in seconds of trio's clock."""
        self._woken_at = -math.inf

    def heard(self, tick: Tick) -> None:
        """The market trades at this."""
        self.tick, self._tick_at = tick, trio.current_time()

    def woken(self) -> None:
        """The core is asked now: one that finds nothing to do is not asked in a loop."""
        self._woken_at = trio.current_time()

    def wake_at(self, due: int) -> float:
        """When a core that is due then has to be asked although no tick comes, in seconds of trio's clock.

        Infinite: never. `due` is nanoseconds UTC.
        """
        if not self._by_clock or self.tick is None or due == NEVER:
            return math.inf
        return max(self._tick_at + (due - self.tick.time) / _SECOND, self._woken_at + WAKE_PAUSE)

    def now(self) -> Nanos:
        """Nanoseconds UTC; 0 before the first tick."""
        if self.tick is None:
            return Nanos(0)
        passed = trio.current_time() - self._tick_at if self._by_clock else 0.0
        return Nanos(self.tick.time + int(passed * _SECOND))
