"""Two real processes on one account: each tells of the other, and neither places what the other one has placed."""

from pathlib import Path

import pytest

from tests.process.at_kraken import SECOND_KEY, Desk, desk

pytestmark = pytest.mark.process

WORLD = {"beat": 2.0}
"""A tenth of the usual time between two looks."""
WITHIN = 25.0
SIGN = "Kraken was asked with this API key by another process"


def beside(first: Desk, folder: Path, key: str) -> Desk:
    """A second machine with a folder of its own."""
    folder.mkdir()
    second = Desk(first.kraken, folder)
    second.key = key
    second.configure()
    return second


async def test_with_one_key_an_empty_journal_takes_nothing_over_and_both_tell(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    async with desk(tmp_path / "first") as first:
        first.configure()
        with first.program(world=WORLD) as life:
            await life.trades()
            before = first.orders()
            second = beside(first, tmp_path / "second", first.key)
            with second.program(world=WORLD) as other:
                assert await other.ended() == 2
                assert "is a second instance running?" in other.said()
            await life.until(lambda: SIGN in life.said(), WITHIN)
            assert (await life.status())["state"] == "RUNNING"
            assert first.orders() == before
            assert await life.stop() == 0


async def test_with_one_key_two_that_share_a_copied_journal_both_tell(tmp_path: Path) -> None:
    """By the key alone trading goes on: another program may ask questions with it."""
    (tmp_path / "first").mkdir()
    async with desk(tmp_path / "first") as first:
        first.configure()
        with first.program() as life:
            await life.trades()
            assert await life.stop() == 0
        second = beside(first, tmp_path / "second", first.key)
        (second.folder / "trial.duckdb").write_bytes((first.folder / "trial.duckdb").read_bytes())
        before = first.orders()
        with first.program(world=WORLD) as life, second.program(world=WORLD) as other:
            await life.until(lambda: SIGN in life.said(), WITHIN)
            await other.until(lambda: SIGN in other.said(), WITHIN)
            assert first.orders() == before


@pytest.mark.xfail(
    reason="open: the second halts at the first's counter-sell before it places anything; the first is told nothing",
    strict=False,
)
async def test_with_another_key_an_order_of_the_other_one_stops_its_strategy(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    async with desk(tmp_path / "first") as first:
        first.configure()
        with first.program(world=WORLD) as life:
            await life.trades()
            before = first.orders()
            second = beside(first, tmp_path / "second", SECOND_KEY)
            with second.program("--adopt", world=WORLD) as other:
                # It takes the first one's orders for its own; what it places next shows it.
                await other.trades()

                def shows() -> bool:
                    first.kraken.control.price("BTC/USD", before[-1][2])  # upkeep follows a trade that is newer
                    return "placed by somebody else" in life.said()

                await life.until(shows, WITHIN)
            status = await life.status()
            assert [row["code"] for row in status["conditions"] if row["blocks"]] == ["second instance"]
