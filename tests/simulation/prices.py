"""Prices of one symbol: a walk with a home, jumps, and quiet spells."""

import random
from decimal import Decimal

import trio

from tests.simulation.network import Network

LEAST_PAUSE, MEAN_PAUSE, QUIET_PAUSE = 1.0, 25.0, 1500.0
STEP, JUMP = 0.0012, 0.03
WHOLE = 0.8
"""Share of the trades that fill whatever they reach."""
BRISK_PAUSE, BRISK_STEP, BRISK_PARTIAL = 15.0, 0.003, 0.5
"""A market in which much happens, and half of the trades are small."""
JUMP_SHARE, QUIET_SHARE, HOME_PULL = 0.002, 0.0006, 0.0004


class Walk:
    """One symbol's market."""

    def __init__(
        self,
        network: Network,
        symbol: str,
        home: Decimal,
        tick: Decimal,
        chance: random.Random,
        *,
        brisk: bool = False,
    ) -> None:
        self._pause_seconds, self._step = (BRISK_PAUSE, BRISK_STEP) if brisk else (MEAN_PAUSE, STEP)
        self._whole = 1 - BRISK_PARTIAL if brisk else WHOLE
        self._control = network.control
        self.symbol = symbol
        self._home = self.price = home
        self._tick = tick
        self._chance = chance
        self.calm = False
        """Whether it only repeats its last price."""

    @property
    def tick(self) -> Decimal:
        """As the pair's rules say now."""
        pair = self._control.venue.catalogue.by_symbol(self.symbol)
        return self._tick if pair is None else pair.tick_size

    async def run(self) -> None:
        """Trade for ever."""
        while True:
            await trio.sleep(self._pause())
            if not self.calm:
                self.price = self._next()
            self.trade()

    def trade(self) -> None:
        """At the price as it is, if the pair can be traded at all."""
        if self._control.venue.catalogue.by_symbol(self.symbol) is None:
            return
        volume = (
            None
            if self.calm or self._chance.random() < self._whole
            else Decimal(self._chance.randint(1, 400)) / 100_000
        )
        self._control.price(self.symbol, self.price, volume=volume)

    def _pause(self) -> float:
        if self.calm:
            return 5.0
        if self._chance.random() < QUIET_SHARE:
            return self._chance.uniform(60.0, QUIET_PAUSE)
        return LEAST_PAUSE + self._chance.expovariate(1 / self._pause_seconds)

    def _next(self) -> Decimal:
        width = JUMP if self._chance.random() < JUMP_SHARE else self._step
        drift = HOME_PULL * float(self._home / self.price - 1)
        factor = 1 + self._chance.gauss(drift, width)
        moved = self.price * Decimal(f"{max(factor, 0.5):.6f}")
        tick = self.tick
        return max((moved / tick).quantize(Decimal(1)) * tick, tick)
