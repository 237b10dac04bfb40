"""A. Money moved that should not have."""

from decimal import Decimal
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from assembly import registry
from config import ConfigError, parse
from messages.notices import FundsMissing, OrderReleased
from simulators.kraken import RequestFault
from tests.faults.world import KINDS, TEXT, account, now, opened
from tests.oracle.foretold import Grid
from tests.pains.worlds import sent, shown, survives


async def test_pain_01_a_dry_run_never_speaks_to_the_account(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with opened(tmp_path) as world, world.trading("GridHODL", dry_run="true"):
        world.move("49500.0")
        await trio.sleep(30)
        assert world.report.buys_filled == 1
        assert world.ladder() == []
        asked = {entry.name for entry in world.control.requests()}
        assert asked <= {"Time", "AssetPairs", "Ticker", "Trades", "subscribe", "ping"}


def test_pain_01_a_setting_that_nobody_reads_is_refused() -> None:
    values = {"kind": "GridHODL", "on_stop": "keep", "dry_run": "true", "amount": "100", "interval": "0.01"}
    urls = dict.fromkeys(("rest", "ws", "auth", "key", "private"), "")
    text = TEXT.format(**values, **urls, existing_base="", buys="5", investment="1000", database="x.duckdb")
    with pytest.raises(ConfigError, match="INFINITY_GRID_DRY_RUN"):
        parse(text, "c.toml", {"INFINITY_GRID_DRY_RUN": "true"}, registry.known())
    with pytest.raises(ConfigError, match=r"bot\.dry_run"):
        parse(text.replace("dry_run = true\n", ""), "c.toml", {}, registry.known())


@pytest.mark.parametrize("kind", KINDS)
async def test_pain_02_a_lost_reply_is_not_ordered_again(kind: str, tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid(kind)
    async with opened(tmp_path) as world, world.trading(kind):
        await shown(world, grid.trade("50000.0"))
        world.control.fault(RequestFault("lose_reply", "ws:*add*"))
        world.move("49500.0")
        await shown(world, grid.trade("49500.0"))
        await trio.sleep(30)
        assert world.ladder() == grid.ladder()
        ids = [order.request.cl_ord_id for order in world.control.venue.orders.of_account("demo", now())]
        assert len(ids) == len(set(ids))


async def test_pain_03_restarts_and_reconnects_duplicate_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world:
        async with world.trading("GridSell"):
            await shown(world, grid.trade("50000.0"))
        for _ in range(3):
            async with world.trading("GridSell"):
                world.move("49500.0")
                await shown(world, grid.trade("49500.0"))
                await world.control.drop("all")
                await trio.sleep(20)
            assert world.ladder() == grid.ladder()
        assert len(list(world.control.venue.orders.of_account("demo", now()))) == 7


async def test_pain_03_a_late_status_update_trades_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    outcome = await survives("frame: every execution doubled @ fill", "GridSell", tmp_path)
    assert outcome.wrong == ""


async def test_pain_04_an_order_that_was_said_to_be_refused_had_filled(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world, world.trading("GridSell"):
        await shown(world, grid.trade("50000.0"))
        world.control.fault(RequestFault("error", "ws:*add*", text="EService:Unavailable", executed=True))
        world.move("49500.0")
        await trio.testing.wait_all_tasks_blocked()
        world.move("50000.0")
        grid.trade("49500.0")
        await shown(world, grid.trade("50000.0"), 15)
        await trio.sleep(30)
        assert (world.report.buys_filled, world.report.sells_filled) == (1, 1)
        orders = list(world.control.venue.orders.of_account("demo", now()))
        assert sum(1 for order in orders if order.side == "sell") == 1


async def test_pain_05_no_extra_sell_takes_the_coins_of_a_fill_in_flight(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("SWING")
    async with opened(tmp_path, accounts=(account(ZUSD="100000"),)) as world, world.trading("SWING"):
        await shown(world, [row for row in grid.trade("50000.0") if row[0] == "buy"])
        world.move("49500.0")
        await shown(world, [row for row in grid.trade("49500.0") if row[1] != Decimal(51005)])
        await trio.sleep(30)
        assert set(sent(world)) == {"ok"}


async def test_pain_06_coins_sold_by_hand_stop_one_sell_and_nothing_else(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path, accounts=(account(ZUSD="100000"),)) as world, world.trading("GridSell"):
        await shown(world, grid.trade("50000.0"))
        world.move("49500.0")
        await shown(world, grid.trade("49500.0"))
        (sell,) = [order for order in world.control.open_orders() if order.side == "sell"]
        world.control.cancel(sell.txid)
        world.control.place("BTC/USD", "sell", Decimal("49000.0"), sell.volume)
        before = len(sent(world))
        await trio.sleep(120)
        assert len(sent(world)) == before
        assert len(world.user.of(OrderReleased, FundsMissing)) == 1
        world.move("49000.0")
        await world.until(lambda: world.report.buys_filled == 2, 10, lambda: world.report)
        await world.until(lambda: any(row[0] == "sell" for row in world.ladder()), 10, world.ladder)
        assert world.state == "RUNNING"
