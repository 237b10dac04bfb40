"""Nonces rise for ever: over restarts, steps of the clock and crashes."""

from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchanges.kraken.transport.nonce import STEP, FileNonceStore, NonceSource
from tests.adapters.exchanges.kraken.support import MemoryNonces
from trading.ports import DatabaseUnusable


@given(st.lists(st.lists(st.integers(-10 * STEP, 10 * STEP), max_size=8), max_size=6))
def test_nonces_rise_over_restarts_and_whatever_the_clock_does(runs: list[list[int]]) -> None:
    store = MemoryNonces()
    seen: list[int] = []
    clock = [10**18]

    async def run(steps: list[int]) -> None:
        source = NonceSource(store, lambda: clock[0])
        for step in steps:
            clock[0] += step
            seen.append(await source.next())

    for steps in runs:
        trio.run(run, steps)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("pause", [0, 1, 1_000])
async def test_a_crash_leaves_no_start_ahead_of_the_clock_for_longer_than_a_start_takes(pause: int) -> None:
    """Milliseconds; a new folder with the same key knows nothing of what others have reserved."""
    store, clock = MemoryNonces(), [10**18]
    for _ in range(20):
        last = await NonceSource(store, lambda: clock[0]).next()
        clock[0] += pause * 10**6
    clock[0] += 20 * 10**9
    assert last < await NonceSource(MemoryNonces(), lambda: clock[0]).next()


async def test_many_calls_write_once() -> None:
    store, clock = MemoryNonces(), [10**18]
    source = NonceSource(store, lambda: clock[0])
    for _ in range(1000):
        clock[0] += STEP // 2000
        await source.next()
    assert store.writes == 1


async def test_a_nonce_is_handed_out_only_below_what_is_durable() -> None:
    store = MemoryNonces()
    assert await NonceSource(store, lambda: 5).next() < store.until


async def test_the_file_keeps_every_key_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "grid.duckdb.nonce"
    one, two = FileNonceStore(path, "one"), FileNonceStore(path, "two")
    assert await one.load() == 0
    await one.reserve(7)
    await two.reserve(9)
    await one.reserve(8)
    assert (await FileNonceStore(path, "one").load(), await two.load()) == (8, 9)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


async def test_a_file_that_makes_no_sense_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nonce"
    path.write_text("garbage")
    with pytest.raises(DatabaseUnusable, match="new API key"):
        await FileNonceStore(path, "one").load()
    with pytest.raises(DatabaseUnusable, match="cannot be written"):
        await FileNonceStore(tmp_path / "missing" / "nonce", "one").reserve(1)
