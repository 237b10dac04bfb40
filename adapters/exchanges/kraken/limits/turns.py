"""Whose private request comes next: one at a time, the most urgent first, each once the budget has room for it."""

import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum

import trio

from adapters.exchanges.kraken.limits.budget import Counter

MORE_ROOM_SECONDS = 0.001
"""What rounding leaves of a wait may be too short to move any clock."""


class Urgency(IntEnum):
    """The smaller, the sooner."""

    ORDER = 0
    """Places or cancels; not counted by the budget."""
    FATE = 1
    """A fill or a strategy waits for the answer."""
    USUAL = 2
    BACKGROUND = 3
    """No trading waits for it: old history, periodic checks."""


BACKGROUND_SHARE = 0.6
"""How far background requests may fill the budget: the others find room at once."""


class Turns:
    """The queue in front of one key."""

    def __init__(self, budget: Counter) -> None:
        self._budget = budget
        self._numbers = itertools.count()
        self._queue: list[tuple[Urgency, int]] = []
        self._busy = False
        self._news = trio.Event()

    @asynccontextmanager
    async def turn(self, cost: float, urgency: Urgency) -> AsyncIterator[None]:
        """Wait for the turn and pay; the next one's comes after the block. Costs nothing where `cost` is 0."""
        ticket = (urgency, next(self._numbers))
        heapq.heappush(self._queue, ticket)
        try:
            await self._wait(ticket, cost)
        finally:
            self._queue.remove(ticket)
            heapq.heapify(self._queue)
            self._wake()
        self._busy = True
        self._budget.charge(cost, trio.current_time())
        try:
            yield
        finally:
            self._busy = False
            self._wake()

    async def _wait(self, ticket: tuple[Urgency, int], cost: float) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        while (wait := self._left(ticket, cost)) > 0:
            with trio.move_on_after(max(wait, MORE_ROOM_SECONDS)):
                await self._news.wait()

    def _left(self, ticket: tuple[Urgency, int], cost: float) -> float:
        """Seconds to wait at least, infinite while others come first."""
        if self._busy or self._queue[0] != ticket:
            return float("inf")
        if not cost:
            return 0.0
        share = BACKGROUND_SHARE if ticket[0] == Urgency.BACKGROUND else 1.0
        return self._budget.wait(cost, trio.current_time(), share)

    def _wake(self) -> None:
        self._news.set()
        self._news = trio.Event()
