"""Synthetic prices: a seeded random walk that is drawn back to where it began.

Everything is an integer: prices are counted in ticks, steps in millionths of the price. The step of one
simulated second depends only on seed, symbol and the number of that second, so the walk goes on from its
last price alone, without a replay, and each symbol walks independently of the others.
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import ROUND_FLOOR, Decimal

from config.schema import SYNTHETIC
from messages.ids import Nanos
from messages.market import Tick
from messages.money import EXACT, Pair
from simulators.paper.pairs import reference_price
from simulators.paper.saved_account import LastPrice
from simulators.prices.source import Position

SECOND = 1_000_000_000
_MILLION = 1_000_000
_AMPLITUDE = 700
"""A step is the sum of four even draws of -700 to 700 millionths: about 0.08 % a second, so that a grid of
0.5 % sees its first fill within a minute of simulated time."""
_PULL = 1500
"""The drift back is this part of the distance, so that the walk stays within some 5 % of its beginning and
crosses the same prices in both directions."""


class SyntheticPrices:
    """Endless prices of any pairs; each simulated second is one row per symbol."""

    name = SYNTHETIC
    live = False

    def __init__(self, seed: int, start_price: Decimal | None) -> None:
        self._seed = seed
        self._start_price = start_price

    async def check(self) -> None:
        """There is nothing that could be wrong."""

    def market_open(self, symbol: str) -> bool:
        """Always."""
        del symbol
        return True

    def clock_offset(self) -> int | None:
        """There is no other clock."""
        return None

    def first_price(self, pair: Pair) -> Decimal:
        """Where the walk begins."""
        return EXACT.multiply(Decimal(self._anchor(pair)), pair.tick_size)

    @asynccontextmanager
    async def rows(self, pairs: Sequence[Pair], position: Position) -> AsyncIterator[AsyncIterator[Tick]]:
        """The walks of these pairs from `position` on."""
        walk = self._walk(pairs, position)
        try:
            yield walk
        finally:
            await walk.aclose()

    async def _walk(self, pairs: Sequence[Pair], position: Position) -> AsyncGenerator[Tick, None]:
        walks = {pair.symbol: _Walk(self._seed, pair, self._anchor(pair)) for pair in pairs}
        reached = max((last.time for last in position.prices.values()), default=position.epoch)
        for symbol, walk in walks.items():
            walk.resume(position.prices.get(symbol), position.epoch, reached)
        while True:
            walk = min(walks.values(), key=lambda walk: walk.second)
            yield walk.next_tick(position.epoch)

    def _anchor(self, pair: Pair) -> int:
        price = self._start_price or reference_price(pair)
        return max(1, in_ticks(pair, price))


class _Walk:
    """One symbol's price, in ticks."""

    def __init__(self, seed: int, pair: Pair, anchor: int) -> None:
        self._seed = seed
        self._pair = pair
        self._anchor = anchor
        self._ticks = anchor
        self.second = 0
        """Number of the next row."""

    def resume(self, last: LastPrice | None, epoch: int, reached: int) -> None:
        """Go on after `last`; a symbol without one joins where the others are."""
        if last is None:
            self.second = (reached - epoch) // SECOND
            return
        self._ticks = max(1, in_ticks(self._pair, last.price))
        self.second = (last.time - epoch) // SECOND + 1

    def next_tick(self, epoch: int) -> Tick:
        """The row `second`, which moves on by one."""
        if self.second:
            self._ticks = step(self._seed, self._pair.symbol, self.second, self._ticks, self._anchor)
        price = EXACT.multiply(Decimal(self._ticks), self._pair.tick_size)
        tick = Tick(self._pair.symbol, price, Nanos(epoch + self.second * SECOND))
        self.second += 1
        return tick


def step(seed: int, symbol: str, second: int, ticks: int, anchor: int) -> int:
    """The price, in ticks, one second after it was `ticks`; never below one tick."""
    digest = hashlib.blake2b(f"{seed}:{symbol}:{second}".encode(), digest_size=8).digest()
    draws = (int.from_bytes(digest[place : place + 2], "big") for place in range(0, 8, 2))
    noise = sum(draw % (2 * _AMPLITUDE + 1) - _AMPLITUDE for draw in draws)
    drift = (anchor - ticks) * _MILLION // (anchor * _PULL)
    moved = (ticks * (noise + drift) + _MILLION // 2) // _MILLION
    return max(1, ticks + moved)


def in_ticks(pair: Pair, price: Decimal) -> int:
    """A price as a whole number of ticks, cut."""
    return int(EXACT.divide(price, pair.tick_size).to_integral_value(ROUND_FLOOR))
