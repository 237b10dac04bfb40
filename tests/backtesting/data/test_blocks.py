"""The next row outside a band: the index finds what looking at each row finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from backtesting.data import blocks
from backtesting.data.blocks import BLOCK, BlockIndex
from tests.depth import examples


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(st.integers(-20, 20), min_size=1, max_size=30),
    st.integers(1, 3 * BLOCK),
    st.integers(0, 4 * BLOCK),
    st.integers(-200, 200),
    st.integers(-200, 200),
)
def test_it_finds_what_a_look_at_each_row_finds(steps: list[int], rows: int, start: int, low: int, high: int) -> None:
    prices = np.cumsum(np.resize(np.array(steps, dtype=np.int64), rows))
    expected = next((row for row in range(start, rows) if prices[row] <= low or prices[row] >= high), rows)
    assert BlockIndex(prices).next_outside(start, low, high) == expected


def test_far_away_in_a_long_quiet_stretch() -> None:
    prices = np.full(1_000 * BLOCK + 7, 100, dtype=np.int64)
    for row in (0, BLOCK - 1, BLOCK, 700 * BLOCK + 3, len(prices) - 1):
        prices[row] = 200
        index = BlockIndex(prices)
        assert index.next_outside(0, 50, 200) == row
        assert index.next_outside(row + 1, 50, 200) == len(prices)
        prices[row] = 100


def test_bounds_that_no_price_reaches() -> None:
    prices = np.arange(1, 5_000, dtype=np.int64)
    assert BlockIndex(prices).next_outside(0, -(2**62), 2**62) == len(prices)
    assert BlockIndex(prices).next_outside(len(prices) + 5, 0, 1) == len(prices)


def test_blocks_are_small_enough_to_be_searched_without_letting_go_of_the_interpreter() -> None:
    """numpy releases it for arrays of more than 500 elements, and then another thread may keep it for long."""
    assert blocks.BLOCK <= 500
