"""Stops at bad moments."""

from pathlib import Path
from unittest import mock

import pytest
import trio
from trio.testing import MockClock

from actors.strategy import StrategyActor
from messages.counted import counted
from messages.notices import ProgramEnded
from simulators.kraken import RequestFault
from tests.faults.world import World, opened
from tests.oracle.foretold import Grid


@pytest.mark.parametrize(("on_stop", "left"), [("cancel-buys", 1), ("cancel-all", 0)])
async def test_a_strategy_that_waits_for_its_restart_still_does_its_part(
    on_stop: str, left: int, tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world:
        async with world.trading("GridSell", on_stop=on_stop):
            grid.trade("50000.0")
            await world.until(lambda: world.ladder() == grid.ladder(), 10, world.ladder)
            world.move("49500.0")
            grid.trade("49500.0")
            await world.until(lambda: world.ladder() == grid.ladder(), 10, world.ladder)
            with mock.patch.object(StrategyActor, "_flush", side_effect=OSError("out of file descriptors")):
                await trio.sleep(10)
        assert len(world.ladder()) == left


@pytest.mark.parametrize("action", ["lose_request", "lose_reply", "late_reply", "error"])
async def test_a_cancel_without_an_answer_does_not_hold_up_the_stop_for_ever(
    action: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    """What the next start finds then is its business: it knows that these orders were to go."""
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world:
        async with world.trading("GridHODL", on_stop="cancel-all"):
            grid.trade("50000.0")
            await world.until(lambda: world.ladder() == grid.ladder(), 10, world.ladder)
            world.control.fault(RequestFault(action, "ws:*cancel*", times=None, seconds=60.0))  # type: ignore[arg-type]
            begin = trio.current_time()
        assert trio.current_time() - begin <= 8
        world.control.clear_faults()
        async with world.trading("GridHODL"):
            await world.until(lambda: world.ladder() == grid.ladder(), 20, world.ladder)
            await trio.sleep(15)
            assert world.ladder() == grid.ladder()


@pytest.mark.parametrize("reachable", [True, False])
async def test_who_wanted_orders_cancelled_is_told_when_that_was_not_possible(
    reachable: bool, tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world:
        async with world.trading("GridSell", on_stop="cancel-all"):
            grid.trade("50000.0")
            await world.until(lambda: world.ladder() == grid.ladder(), 10, world.ladder)
            if not reachable:
                world.network.unplugged = True
                await world.control.drop()
                await trio.sleep(5)
        (end,) = world.user.of(ProgramEnded)
        assert isinstance(end, ProgramEnded)
        assert ("NOT cancelled: " in end.orders) == (not reachable)
        assert (f"{counted(len(world.ladder()), 'open order')} of " in end.orders) == (not reachable)
        assert bool(end.advice) == (not reachable)
        assert bool(world.ladder()) == (not reachable)


async def _without_network(world: World, grid: Grid, seconds: float) -> None:
    """A ladder, then nothing reaches the exchange; after some seconds everything does again."""
    grid.trade("50000.0")
    await world.until(lambda: world.ladder() == grid.ladder(), 10, world.ladder)
    world.network.unplugged = True
    await world.control.drop()
    await trio.sleep(5)

    async def plug_in() -> None:
        await trio.sleep(seconds)
        world.network.unplugged = False

    assert world.nursery is not None
    world.nursery.start_soon(plug_in)


@pytest.mark.parametrize("on_stop", ["cancel-all", "cancel-buys"])
async def test_a_connection_that_is_back_during_the_stop_is_used_to_cancel(
    on_stop: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world:
        async with world.trading("GridSell", on_stop=on_stop):
            await _without_network(world, grid, 2)
            begin = trio.current_time()
        assert trio.current_time() - begin < 5
        (end,) = world.user.of(ProgramEnded)
        assert isinstance(end, ProgramEnded)
        assert world.ladder() == []
        assert "NOT" not in end.orders
        assert not world.orders_left


async def test_orders_that_stay_open_are_listed_once_time_is_up(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world:
        async with world.trading("GridSell", on_stop="cancel-all"):
            await _without_network(world, grid, 60)
            begin = trio.current_time()
        assert 4 < trio.current_time() - begin <= 8
        (end,) = world.user.of(ProgramEnded)
        assert isinstance(end, ProgramEnded)
        assert world.ladder()
        assert all(f"{side} {volume:f} at {price:f}" in end.orders for side, price, volume in world.ladder())
        assert world.orders_left


async def test_orders_that_are_kept_need_no_connection_to_stop(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with opened(tmp_path) as world:
        async with world.trading("GridSell"):
            await _without_network(world, Grid("GridSell"), 60)
            begin = trio.current_time()
        assert trio.current_time() - begin < 1
        assert not world.orders_left
