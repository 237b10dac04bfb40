"""C. Rate limits, nonce, time, and an exchange that changes."""

import logging
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock

from messages.notices import FundsMissing
from simulators.kraken import Behaviour, FrameFault
from tests.faults.world import account, opened
from tests.oracle.foretold import Grid
from tests.pains.worlds import sent, shown, survives

HOUR = 3600 * 10**9


async def test_pain_16_a_budget_above_the_funds_waits_for_money_in_silence(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path, accounts=(account(ZUSD="250"),)) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0")[:2])
        before = len(sent(world))
        await trio.sleep(120)
        assert len(sent(world)) == before
        assert len(world.control.requests("BalanceEx")) == 1
        assert len(world.user.of(FundsMissing)) == 1
        assert any("funds" in reason for reason in world.report.waiting)
        world.control.deposit("USD", Decimal(1000))
        await shown(world, grid.ladder(), 15)


@pytest.mark.parametrize(
    "name",
    [
        "REST at start: rate limit, 5 times @ start",
        "error: EOrder:Rate limit exceeded, 3 times @ fill",
        "starter tier @ shift",
        "key locked out, 15 min @ start",
    ],
)
async def test_pain_17_rate_limits_are_waited_out_inside_the_process(
    name: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    outcome = await survives(name, "GridHODL", tmp_path)
    assert outcome.wrong == ""


async def test_pain_17_a_lockout_is_not_prolonged_by_asking(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with opened(tmp_path) as world:
        world.control.lock_out(Decimal(900))
        async with world.program("GridHODL"):
            await trio.sleep(890)
            assert len([entry for entry in world.control.requests() if entry.who]) == 1


async def test_pain_18_another_program_on_the_key_costs_a_retry(tmp_path: Path, autojump_clock: MockClock) -> None:
    outcome = await survives("another program's nonce @ fill", "GridSell", tmp_path)
    assert outcome.troubles == ()


async def test_pain_18_nonces_rise_over_a_restart_although_the_clock_stepped_back(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        for error in (0, -HOUR):
            world.wall_error = error
            async with world.trading("GridHODL"):
                await trio.sleep(5)
        used = [int(entry.params["nonce"]) for entry in world.control.requests() if "nonce" in entry.params]
        assert used == sorted(set(used))
        assert all(entry.outcome == "ok" for entry in world.control.requests() if "nonce" in entry.params)


@pytest.mark.parametrize("error", [-HOUR, HOUR])
async def test_pain_19_a_wrong_clock_of_the_machine_changes_no_order(
    error: int, tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world:
        world.wall_error = error
        with caplog.at_level(logging.WARNING):
            async with world.trading("GridHODL") as trading:
                await shown(world, grid.trade("50000.0"))
                world.move("49500.0")
                await shown(world, grid.trade("49500.0"))
                shown_offset = trading.status().clock_offset_seconds
        assert set(sent(world)) == {"ok"}
        assert sum("clock is" in record.getMessage() for record in caplog.records) == 1
        assert shown_offset is not None
        assert abs(shown_offset - Decimal(error) / 10**9) < 1
        assert trading.status().clock_offset_seconds is None


async def test_pain_19_a_clock_that_goes_wrong_is_told_within_the_hour(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as world, world.trading("GridHODL"):
        await trio.sleep(600)
        with caplog.at_level(logging.WARNING):
            world.wall_error = HOUR
            await trio.sleep(3600)
        assert [record.getMessage() for record in caplog.records if "clock is" in record.getMessage()] == [
            "this machine's clock is 3600.0 s off the exchange's; is NTP on?"
        ]


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(fee_names="schema", key_info_names="snake"), Behaviour(minimum_text="documented", ack_order="last")],
)
async def test_pain_20_other_spellings_and_new_fields_stop_nothing(
    behaviour: Behaviour, tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path, behaviour=behaviour) as world:
        for channel in ("executions", "balances", "trade"):
            world.control.fault(FrameFault("huge", f"frame:{channel}", times=None, size=2000))
        async with world.trading("GridSell"):
            await shown(world, grid.trade("50000.0"))
            world.move("49500.0")
            await shown(world, grid.trade("49500.0"))


async def test_pain_20_the_fee_comes_from_the_account_and_not_from_the_list_of_pairs(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        world.control.fees(volume_30d=Decimal(0))
        config = world.config("GridHODL")
        without = msgspec.structs.replace(config.strategy[0], fee=None)
        world.configured = msgspec.structs.replace(config, strategy=(without,))
        async with world.trading("GridHODL"):
            await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
            world.move("49500.0")
            # 0.40 % of tier 1: 100 / (49999.9 x (1 - 2 x 0.004))
            wanted = ("sell", Decimal("49999.9"), Decimal("0.00201613"))
            await world.until(lambda: wanted in world.ladder(), 10, world.ladder)
