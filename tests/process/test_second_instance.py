"""Two real processes on one account: each tells of the other, and neither places what the other one has placed."""

from pathlib import Path

import pytest

from simulators.kraken import DEMO_KEY
from tests.process.at_kraken import SECOND_KEY, Desk, desk, strategy

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


@pytest.mark.parametrize("key", [DEMO_KEY, SECOND_KEY])
async def test_an_empty_journal_takes_nothing_over_by_itself_however_often_it_is_started(
    tmp_path: Path, key: str
) -> None:
    """With another key of the account nobody shows; a container may be started again and again."""
    (tmp_path / "first").mkdir()
    async with desk(tmp_path / "first") as first:
        first.configure()
        with first.program(world=WORLD) as life:
            await life.trades()
            before = first.orders()
            second = beside(first, tmp_path / "second", key)
            for _ in range(2):
                with second.program(world=WORLD) as other:
                    assert await other.ended() == 2
                    assert "is a second instance running?" in other.said()
                    assert "--adopt" in other.said()
            assert first.orders() == before
            assert (await life.status())["state"] == "RUNNING"


async def test_with_another_key_and_adopt_an_order_of_the_other_one_stops_its_strategy(tmp_path: Path) -> None:
    """Nothing but an order shows an instance with another key; the first one shows at once what the other placed."""
    (tmp_path / "first").mkdir()
    async with desk(tmp_path / "first") as first:
        first.configure()
        with first.program(world=WORLD) as life:
            await life.trades()
            second = beside(first, tmp_path / "second", SECOND_KEY)
            second.configure(strategy().replace("n_open_buy_orders = 3", "n_open_buy_orders = 4"))
            with second.program("--adopt", world=WORLD) as other:
                await other.until(lambda: second.sides()[0] == 4)
                await life.until(lambda: "was not placed by this process" in life.said(), WITHIN)
            status = await life.status()
            assert [row["code"] for row in status["conditions"] if row["blocks"]] == ["second instance"]


async def test_with_another_key_a_fill_is_answered_once_and_one_of_both_stops(tmp_path: Path) -> None:
    """Both give the same answer under the same id: who comes second meets it and stops. The other one trades on."""
    (tmp_path / "first").mkdir()
    async with desk(tmp_path / "first") as first:
        first.configure()
        with first.program(world=WORLD) as life:
            await life.trades()
            before = first.orders()
            second = beside(first, tmp_path / "second", SECOND_KEY)
            with second.program("--adopt", world=WORLD) as other:
                await other.trades()
                assert first.orders() == before
                first.kraken.control.price("BTC/USD", before[-1][2])
                await life.until(lambda: "was not placed by this process" in life.said() + other.said(), WITHIN)
                stopped = [one for one in (life, other) if "was not placed by this process" in one.said()]
                assert len(stopped) == 1
                codes = [row["code"] for row in (await stopped[0].status())["conditions"] if row["blocks"]]
                assert codes == ["second instance"]
                assert first.sides()[1] == 1
                # The one that is left goes on by itself.
                first.kraken.control.price("BTC/USD", before[-1][2])
                await life.until(lambda: first.sides() == (3, 1))


async def test_with_adopt_orders_that_somebody_moves_meanwhile_are_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    async with desk(tmp_path / "first") as first:
        first.configure()
        with first.program() as life:
            await life.trades()
            second = beside(first, tmp_path / "second", SECOND_KEY)
            with second.program("--adopt", world={"beat": 4.0}) as other:
                await other.until(lambda: "waiting 5 s to see whether another process works on them" in other.said())
                await life.falls(str(first.orders()[-1][2]), sells=1)
                before = first.orders()
                assert await other.ended() == 2
                assert "has placed or changed orders of this userref just now" in other.said()
            assert first.orders() == before
            assert (await life.status())["state"] == "RUNNING"
