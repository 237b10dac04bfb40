"""The trades that back-testers were compared on: one a second, geometric Brownian motion, seed 7, tick 0.1.

The recipe was measured with other engines; a change of it would make their figures worthless.
"""

from decimal import Decimal

import numpy as np

from backtesting.tape import ArrayTape

START = 1_704_067_200_000_000_000
SECOND = 1_000_000_000


def trades(rows: int = 5_000_000) -> ArrayTape:
    """BTC/USD in tenths of a dollar."""
    random = np.random.default_rng(7)
    steps = random.standard_normal(rows) * 2e-4 - 2e-8
    prices = np.round(50_000 * np.exp(np.cumsum(steps)), 1)
    times = START + np.arange(rows, dtype=np.int64) * SECOND
    return ArrayTape("BTC/USD", Decimal("0.1"), times, np.rint(prices * 10).astype(np.int64))
