"""G. Precision and funds."""

from decimal import Decimal
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from config import ConfigError
from supervision.restart import root_cause
from supervision.stop_request import ProgramFailed
from tests.faults.world import KINDS, account, now, opened
from tests.oracle.foretold import Grid
from tests.pains.worlds import sent, shown


async def test_pain_31_what_was_bought_in_odd_parts_is_sold_to_the_last_unit(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, accounts=(account(ZUSD="100000"),)) as world, world.trading("GridSell"):
        await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
        order = max(world.control.open_orders(), key=lambda order: order.price)
        world.move("49550.0")
        for part in ("0.00000001", "0.00120535", "0.00000007"):
            world.control.fill(order.txid, Decimal(part))
        world.control.fill(order.txid)
        wanted = ("sell", Decimal("49999.9"), order.volume)
        await world.until(lambda: wanted in world.ladder(), 10, world.ladder)
        assert set(sent(world)) == {"ok"}
        world.move("50000.0")
        await trio.sleep(5)
        assert world.control.venue.accounts["demo"].rows["XXBT"] == 0


async def test_pain_32_coins_that_earn_by_themselves_are_coins(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("SWING")
    rows = {"ZUSD": "100000", "XXBT": "0", "XBT.F": "0.5"}
    async with opened(tmp_path, accounts=(account("pro", **rows),)) as world, world.trading("SWING"):
        await shown(world, grid.trade("50000.0"))
        world.move("49500.0")
        await shown(world, grid.trade("49500.0"))
        assert set(sent(world)) == {"ok"}


@pytest.mark.parametrize("kind", KINDS)
async def test_pain_33_an_amount_below_the_minimum_is_refused_before_anything_is_sent(
    kind: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        with pytest.raises(BaseException, match=r".") as raised:
            async with world.program(kind, amount="1"):
                await trio.sleep(60)
        failure = root_cause(raised.value)
        assert isinstance(failure, ProgramFailed)
        assert failure.exit_code == 2
        assert "minimum" in failure.reason
        assert sent(world) == []


async def test_pain_33_no_request_is_ever_refused_for_its_digits(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with opened(tmp_path) as world, world.trading("GridHODL", amount="33.333333", interval="0.0071"):
        for step in range(12):
            world.move(Decimal("50000.0") - Decimal("137.3") * step)
            await trio.sleep(2)
        assert set(sent(world)) == {"ok"}
        assert world.report.buys_filled > 2


@pytest.mark.parametrize(("fee", "interval"), [("0.26", "0.01"), ("0.0026", "0.004")])
async def test_pain_34_a_fee_in_percent_and_an_interval_that_fees_eat_are_refused(
    fee: str, interval: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        world.text = world.text.replace("fee = 0.0025", f"fee = {fee}")
        with pytest.raises(ConfigError, match="fee"):
            world.config("GridHODL", interval=interval)


async def test_pain_35_orders_after_a_cancel_wait_for_its_money_and_are_never_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path, accounts=(account(ZUSD="503"),)) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        await trio.sleep(5)
        world.move("60000.0")
        await shown(world, grid.trade("60000.0"))
        assert set(sent(world)) == {"ok"}
        ids = [order.request.cl_ord_id for order in world.control.venue.orders.of_account("demo", now())]
        assert len(ids) == len(set(ids)) == 10
