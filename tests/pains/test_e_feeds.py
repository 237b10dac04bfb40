"""E. Feeds."""

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from messages.notices import StrategyHalted, StrategyResumed
from simulators.kraken import Behaviour, FrameFault, RequestFault
from tests.faults.world import opened
from tests.oracle.foretold import Grid
from tests.pains.worlds import sent, shown


@pytest.mark.parametrize("which", ["public", "private", "ws"])
@pytest.mark.parametrize("direction", ["both", "out"])
async def test_pain_25_a_socket_that_is_open_and_silent_is_replaced(
    which: str, direction: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        world.control.silence(which, direction)  # type: ignore[arg-type]
        world.move("49500.0")
        assert await shown(world, grid.trade("49500.0"), 15) <= 15


async def test_pain_25_a_subscription_that_died_on_a_living_socket_is_found(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        world.quiet = True
        world.control.fault(FrameFault("lose_frame", "frame:trade"))
        world.move("52000.0")
        # A minute of silence, the question, the trade's time to have arrived.
        assert await shown(world, grid.trade("52000.0"), 120) > 60


async def test_pain_26_after_reconnects_a_fill_is_answered_in_one_round_trip(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        for _ in range(5):
            await world.control.drop("all")
            await trio.sleep(8)
        await trio.sleep(30)
        before = len(world.control.requests())
        world.move("49500.0")
        assert await shown(world, grid.trade("49500.0")) <= 2
        assert {entry.name for entry in world.control.requests()[before:]} <= {"add_order", "batch_add", "ping"}
        assert set(sent(world)) == {"ok"}


async def test_pain_27_a_market_without_trades_is_no_reason_for_an_alarm(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path, behaviour=Behaviour(heartbeat_seconds=4)) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        world.quiet = True
        await trio.sleep(900)
        assert world.state == "RUNNING"
        assert world.user.of(StrategyHalted) == []
        asked = sorted(entry.params["channel"] for entry in world.control.requests("subscribe"))
        assert asked == ["balances", "executions", "instrument", "trade"]
        world.quiet = False
        world.move("49500.0")
        await shown(world, grid.trade("49500.0"))


async def test_pain_27_a_market_that_closes_is_no_reason_either_in_a_dry_run(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    slow = Behaviour(heartbeat_seconds=4)
    async with opened(tmp_path, behaviour=slow) as world, world.trading("GridHODL", dry_run="true"):
        await trio.sleep(5)
        world.quiet = True
        world.control.system_status("maintenance")
        world.control.faults.request_hook = lambda moment: (
            RequestFault("lose_request") if moment == "rest:Trades" else None
        )
        await trio.sleep(700)
        assert (world.state, world.user.of(StrategyHalted)) == ("RUNNING", [])


async def test_pain_27_prices_that_stay_away_while_others_trade_halt_and_resume(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """REST is away as well, so that nobody can say whether the market is only quiet."""
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        world.control.refuse("public")
        world.control.refuse("rest")
        await world.control.drop("public")
        await world.control.drop("rest")
        await trio.sleep(700)
        assert world.state == "ERROR"
        assert len(world.user.of(StrategyHalted)) == 1
        world.control.admit()
        await world.until(lambda: world.state == "RUNNING", 100, lambda: world.report)
        world.move("49500.0")
        await shown(world, grid.trade("49500.0"))
        assert len(world.user.of(StrategyResumed)) == 1
