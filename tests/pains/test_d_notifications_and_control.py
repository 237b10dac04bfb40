"""D. Notifications and control."""

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.faults.world import KINDS, account, now, opened
from tests.oracle.foretold import Grid
from tests.pains.worlds import shown


@pytest.mark.parametrize("kind", KINDS)
async def test_pain_21_a_channel_that_hangs_stops_no_order(
    kind: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid(kind)
    async with opened(tmp_path) as world:
        world.user.broken = True
        async with world.trading(kind):
            for price in ("50000.0", "49500.0", "50000.0"):
                world.move(price)
                assert await shown(world, grid.trade(price)) <= 2
                await trio.sleep(1.5)
            await trio.sleep(30)
            assert world.ladder() == grid.ladder()


async def test_pain_22_the_program_answers_and_tells_how_old_its_prices_are(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world, world.trading("GridHODL") as handle:
        world.quiet = True
        await trio.sleep(300)
        (price,) = handle.board.prices()
        assert (price.symbol, price.price) == ("BTC/USD", world.price)
        assert (now() - price.time) // 10**9 == 300


@pytest.mark.parametrize(
    ("money", "changes", "reason"),
    [
        ("250", {}, "funds"),
        ("100000", {"investment": "305"}, "max_investment"),
    ],
)
async def test_pain_23_why_nothing_happens_is_told_at_any_time(
    money: str, changes: dict[str, str], reason: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, accounts=(account(ZUSD=money),)) as world, world.trading("GridHODL", **changes):
        await trio.sleep(10)
        assert any(reason in told for told in world.report.waiting), world.report.waiting


async def test_pain_23_a_connection_that_is_away_is_the_reason(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with opened(tmp_path) as world, world.trading("GridHODL"):
        await trio.sleep(5)
        world.control.refuse("private")
        await world.control.drop("private")
        await trio.sleep(5)
        assert (world.report.phase, world.report.reason) == (
            "syncing",
            "the connection for orders is being restored",
        )


@pytest.mark.parametrize(("on_stop", "left"), [("keep", 6), ("cancel-buys", 1), ("cancel-all", 0)])
async def test_pain_24_a_stop_from_outside_does_what_was_configured(
    on_stop: str, left: int, tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Looking and stopping are what exists; pausing and cancelling from afar are not built yet."""
    grid = Grid("GridSell")
    async with opened(tmp_path) as world:
        async with world.trading("GridSell", on_stop=on_stop):
            await shown(world, grid.trade("50000.0"))
            world.move("49500.0")
            await shown(world, grid.trade("49500.0"))
            await trio.sleep(5)
        assert len(world.ladder()) == left
