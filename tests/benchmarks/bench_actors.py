"""A tick's way from the feed through mailbox and actors to the core: `python -m tests.benchmarks.bench_actors`.

Market-data and strategy are the real actors. The feed offers each idle tick only once the strategy has taken
the one before, so that conflation does not flatter the figure. Prints microseconds per tick.
"""

import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import trio

from actors.mailbox import Mailbox
from actors.market_data import run_market_data
from messages.ids import Nanos
from messages.market import Tick
from tests.actors.fake_exchange import FakeExchange
from tests.actors.strategy_rig import Rig

TICKS = 20_000
ROUNDS = 7


class Feed(FakeExchange):
    """Idle ticks, one after the other."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self._rig = rig
        self.figures: list[float] = []

    @asynccontextmanager
    async def prices(self, symbols: Sequence[str]) -> AsyncIterator[AsyncIterator[Tick]]:
        """The measurement itself."""
        self.subscribed = tuple(symbols)
        yield self._idle_ticks()

    async def _idle_ticks(self) -> AsyncIterator[Tick]:
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            for number in range(TICKS):
                yield Tick("BTC/USD", Decimal(50_000 + number % 7), Nanos(self._rig.now + number))
                while len(self._rig.mail):
                    await trio.lowlevel.checkpoint()
            self.figures.append((time.perf_counter() - begin) / TICKS * 1e6)
        self._rig.core.events.clear()


async def measure() -> list[float]:
    """Microseconds per tick, one figure a round."""
    rig = Rig()
    feed = Feed(rig)
    async with rig.running() as nursery:
        await rig.trade()
        watch = Mailbox[Tick]("watch")
        try:
            await run_market_data(feed, {"BTC/USD": [rig.mail]}, watch, rig.metrics, lock_step=False)
        except Exception as error:  # noqa: BLE001 - the feed's end is an error in real life
            print(f"({error})")
        nursery.cancel_scope.cancel()
    return feed.figures


def main() -> None:
    """Print the median of all rounds."""
    figures = trio.run(measure)
    print(f"tick from channel to core: {statistics.median(figures):.1f} us (min {min(figures):.1f})")


if __name__ == "__main__":
    main()
