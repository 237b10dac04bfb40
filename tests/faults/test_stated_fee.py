"""A fee that is stated below what the account pays: whatever is stated, no round loses."""

from decimal import Decimal
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from messages.notices import PairChanged
from simulators.kraken import RequestFault
from supervision.restart import root_cause
from supervision.stop_request import ProgramFailed
from tests.faults.world import World, opened

D = Decimal
HELD_UP = {"fees", "fewer buys", "stated fee"}


def states(world: World, stated: str, pays: str) -> None:
    """The configuration states this rate, and the account pays that percentage as a maker."""
    world.text = world.text.replace("fee = 0.0025", f"fee = {stated}")
    world.control.fees(D(pays), D(pays) * 2)


def codes(world: World) -> list[tuple[str, bool]]:
    """The open conditions, and whether they hold up trading."""
    assert world.handle is not None
    return [(row.code, row.blocks) for row in world.handle.status().conditions]


def held_up(world: World) -> set[str]:
    """The codes of the open conditions."""
    return {code for code, _ in codes(world)}


async def sells_at_a_fee_of_0_4_percent(world: World) -> None:
    """Let a GridHODL buy fill: the sell it places gives the 100 USD back after twice this fee."""
    world.move("49500.0")
    wanted = ("sell", D("49999.9"), D("0.00201613"))  # 100 / (49999.9 x (1 - 2 x 0.004))
    await world.until(lambda: wanted in world.ladder(), 10, world.ladder)


@pytest.mark.parametrize(
    ("kind", "stated", "pays", "interval"),
    [("GridSell", "0.0001", "0.40", "0.004"), ("GridHODL", "0", "0.40", "0.008"), ("SWING", "0.002", "0.25", "0.005")],
)
async def test_a_new_grid_that_the_accounts_fee_eats_is_refused_before_it_orders(
    kind: str, stated: str, pays: str, interval: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        states(world, stated, pays)
        with pytest.raises(BaseExceptionGroup) as caught:
            async with world.program(kind, interval=interval):
                await trio.sleep(60)
        error = root_cause(caught.value)
        assert isinstance(error, ProgramFailed)
        assert error.exit_code == 2
        paid = f"{D(pays).scaleb(-2):f}"
        assert f"interval: found {interval} with a fee of {paid}, a loss at each sell" in error.reason
        assert f"fee states {stated}, the account pays {paid}" in error.reason
        assert world.ladder() == []


async def test_a_grid_that_the_accounts_fee_leaves_room_for_trades_by_it_and_says_so(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        states(world, "0.0001", "0.40")
        async with world.trading("GridHODL"):
            await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
            assert codes(world) == [("stated fee", False)]
            (told,) = world.user.of(PairChanged)
            assert isinstance(told, PairChanged)
            assert told.consequence == "fee states 0.01 %, the account pays 0.4 %: 0.4 % counts"
            await sells_at_a_fee_of_0_4_percent(world)


async def test_a_fee_stated_above_the_accounts_own_is_a_careful_users_and_stays(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        states(world, "0.004", "0.10")
        async with world.trading("GridHODL"):
            await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
            assert codes(world) == []
            await sells_at_a_fee_of_0_4_percent(world)


async def test_a_tier_that_is_lost_while_it_runs_counts_from_the_first_dear_fill_on(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """The buys that are open stay; new ones wait, since none could be sold with a gain."""
    async with opened(tmp_path) as world:
        states(world, "0.0010", "0.10")
        async with world.trading("GridSell", interval="0.004"):
            await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
            world.control.fees(D("0.40"), D("0.80"))
            world.move("49800.0")
            await world.until(lambda: held_up(world) == HELD_UP, 30, lambda: codes(world))
            world.move("49600.0")
            await trio.sleep(30)
            sells = [price for side, price, _ in world.ladder() if side == "sell"]
            # The first fill was answered before anything of the tier was known, the second one by the new fee.
            assert len(sells) == 2
            assert max(sells) > D("49602.2") / (1 - 2 * D("0.004"))


async def test_no_order_leaves_while_the_account_does_not_say_what_it_pays(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        states(world, "0.0001", "0.40")
        world.control.fault(RequestFault("http_error", target="rest:TradeVolume", times=None))
        async with world.program("GridSell"):
            await trio.sleep(300)
            assert world.ladder() == []
            assert world.state != "RUNNING"
            world.control.clear_faults()
            await world.until(lambda: len(world.ladder()) == 5, 120, world.ladder)
            assert codes(world) == [("stated fee", False)]


async def test_a_restart_knows_no_other_fee_and_halts_nobody(tmp_path: Path, autojump_clock: MockClock) -> None:
    """A grid with a past that the account's fee eats places no buys; its sells lie above break-even."""
    async with opened(tmp_path) as world:
        states(world, "0.0010", "0.10")
        async with world.trading("GridSell", interval="0.004"):
            await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
        world.control.fees(D("0.40"), D("0.80"))
        world.move("49800.0")
        async with world.trading("GridSell", interval="0.004"):
            await world.until(lambda: world.ladder()[0][0] == "sell", 30, world.ladder)
            assert held_up(world) == HELD_UP
            assert world.ladder()[0][1] > D("49800") / (1 - 2 * D("0.004"))
