"""B. Orders and fills lost."""

from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from simulators.kraken import Behaviour, Latency, RequestFault
from tests.faults.world import KINDS, now, opened
from tests.oracle.foretold import Grid
from tests.pains.worlds import sent, shown, survives


async def test_pain_07_the_stream_is_believed_while_rest_is_a_minute_behind(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path, behaviour=Behaviour(rest_lag=Decimal(60))) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        before = len(world.control.requests())
        world.move("49500.0")
        assert await shown(world, grid.trade("49500.0")) <= 2
        asked = {entry.name for entry in world.control.requests()[before:]}
        assert asked <= {"add_order", "batch_add", "ping"}


@pytest.mark.parametrize(("low", "high"), list(product(["49500.0", "48500.0", "47000.0"], ["", "49020.0"])))
@pytest.mark.parametrize("kind", ["GridHODL", "GridSell"])
async def test_pain_08_whatever_was_filled_while_down_the_start_answers_it(
    kind: str, low: str, high: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    """What was filled is sold from where the market is at the start, and never below one interval's gain."""
    grid = Grid(kind)
    async with opened(tmp_path) as world:
        async with world.trading(kind):
            await shown(world, grid.trade("50000.0"))
        world.move(low)
        filled = [buy for buy in grid.buys if buy.price >= Decimal(low)]
        if high:
            world.move(high)
        async with world.trading(kind):
            for buy in filled:
                grid.fill(buy, high or low)
            await shown(world, grid.upkeep(high or low), 20)
            assert world.report.buys_filled == len(filled)


@pytest.mark.parametrize("moment", [0.1, 0.3, 0.5, 0.7, 0.9, 1.2])
async def test_pain_09_what_happens_during_the_start_is_not_dropped(
    moment: float, tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world:
        async with world.trading("GridSell"):
            await shown(world, grid.trade("50000.0"))
        world.control.latency(Latency(rest_in=0.05, rest_out=0.05, ws_in=0.05, ws_out=0.05))
        async with world.program("GridSell"):
            await trio.sleep(moment)
            world.move("49500.0")
            await shown(world, grid.trade("49500.0"), 15)


async def test_pain_10_no_order_leaves_while_the_journal_takes_no_writes(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world, world.trading("GridSell"):
        await shown(world, grid.trade("50000.0"))
        await trio.sleep(5)
        assert world.disk is not None
        world.disk.fails = lambda: True
        before = len(sent(world))
        world.move("49500.0")
        await trio.sleep(5)
        assert len(sent(world)) == before
        world.disk.fails = lambda: False
        await shown(world, grid.trade("49500.0"), 30)
        assert world.state == "RUNNING"


async def test_pain_11_an_order_that_is_not_found_yet_is_waited_for(tmp_path: Path, autojump_clock: MockClock) -> None:
    outcome = await survives("REST 60 s behind, reply lost with the connection @ fill", "GridSell", tmp_path)
    assert outcome.seconds < 100


@pytest.mark.parametrize("kind", KINDS)
async def test_pain_12_every_missing_level_has_a_named_reason(
    kind: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world, world.trading(kind, investment="305"):
        await world.until(lambda: sum(row[0] == "buy" for row in world.ladder()) >= 2, 10, world.ladder)
        await trio.sleep(5)
        assert sum(row[0] == "buy" for row in world.ladder()) < 5
        assert any("max_investment" in reason for reason in world.report.waiting)


async def test_pain_12_a_grid_does_not_form_by_half(tmp_path: Path, autojump_clock: MockClock) -> None:
    outcome = await survives("add: lost request @ start", "GridHODL", tmp_path)
    assert outcome.seconds <= 10


async def test_pain_13_links_between_orders_survive_a_restart(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("GridSell", investment=650)
    async with opened(tmp_path) as world:
        async with world.trading("GridSell", investment="650"):
            await shown(world, grid.trade("50000.0"))
            world.move("48500.0")
            await shown(world, grid.trade("48500.0"))
        async with world.trading("GridSell", investment="650"):
            world.move("49020.0")
            await shown(world, grid.trade("49020.0"))
            assert (world.report.buys_filled, world.report.sells_filled) == (3, 1)


async def test_pain_14_a_cancel_without_an_answer_is_asked_for_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    outcome = await survives("cancel: lost request, 3 times @ shift", "GridHODL", tmp_path)
    assert outcome.wrong == ""


async def test_pain_15_parts_of_cancelled_buys_are_sold_once_they_are_worth_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world, world.trading("GridSell"):
        await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
        for _ in range(2):
            order = max(world.control.open_orders(), key=lambda order: order.price)
            world.move(order.price + 100)
            world.control.fill(order.txid, Decimal("0.0011"))
            world.control.cancel(order.txid)
            await trio.sleep(5)
        # 100 / (49999.9 x (1 - 2 x 0.0025)), one interval above the higher of the two
        sells = [row for row in world.ladder() if row[0] == "sell"]
        assert sells == [("sell", Decimal("49999.9"), Decimal("0.00201005"))]
        assert world.report.surplus == Decimal("0.0022") - Decimal("0.00201005")


async def test_pain_15_a_part_filled_in_the_cancel_window_is_not_forgotten(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world, world.trading("GridSell"):
        await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
        order = max(world.control.open_orders(), key=lambda order: order.price)
        world.control.fault(RequestFault("delay", "ws:*cancel*", seconds=1.0))
        world.move("52000.0")
        await trio.sleep(0.5)
        world.control.fill(order.txid, Decimal("0.0005"))
        await world.until(lambda: world.report.surplus == Decimal("0.0005"), 10, lambda: world.report)
        assert world.control.venue.clock.now() == now()
