"""Two live instances on one account: both notice within a minute, also when one of them has lost its journal."""

from decimal import Decimal
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from messages.ids import client_order_id
from messages.notices import SecondInstance, StrategyHalted
from simulators.kraken.model import trading
from simulators.kraken.model.orders import OrderRequest
from supervision.restart import root_cause
from supervision.stop_request import ProgramFailed
from tests.faults.world import SYMBOL, Recorder, World, opened


def beside(world: World, folder: Path) -> World:
    """A second machine that trades on the same account, with a journal of its own."""
    machine = folder / "second"
    machine.mkdir()
    other = World(_Doors(world), world.network, machine)  # type: ignore[arg-type]
    other.company = world.company = True
    other.user = Recorder()
    return other


def place_as_somebody_else(world: World) -> None:
    """A sell under our userref that this program did not place."""
    venue = world.control.venue
    pair = venue.catalogue.by_symbol(SYMBOL)
    assert pair is not None
    name = client_order_id(1001, "somebody else")
    request = OrderRequest("sell", "limit", Decimal("0.002"), Decimal("60000.0"), cl_ord_id=name)
    trading.add(venue, next(iter(venue.accounts.values())), pair, request, deadline=None, nearest_deadline=0)


class _Doors:
    def __init__(self, world: World) -> None:
        self.control = world.control


async def test_an_instance_with_an_empty_journal_takes_nothing_over_from_one_that_lives(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        second = beside(world, tmp_path)
        async with world.trading("GridSell"):
            await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
            before = world.ladder()
            await trio.sleep(7)
            with pytest.raises(BaseExceptionGroup) as failed:
                async with second.program("GridSell"):
                    await trio.sleep(60)
            error = root_cause(failed.value)
            assert isinstance(error, ProgramFailed)
            assert error.exit_code == 2
            assert "is a second instance running?" in error.reason
            await trio.sleep(30)
            assert world.user.of(SecondInstance)
            assert world.ladder() == before
            assert world.state == "RUNNING"


async def test_a_lost_journal_goes_on_by_itself_when_nobody_else_lives(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        second = beside(world, tmp_path)
        async with world.trading("GridSell"):
            await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
        before = world.ladder()
        # Beside the database: it outlives it, and tells that orders were placed with this key from here.
        nonces = world.database.with_name(f"{world.database.name}.nonce")
        (second.folder / nonces.name).write_bytes(nonces.read_bytes())
        async with second.trading("GridSell"):
            await trio.sleep(30)
            assert second.ladder() == before
            assert not second.user.of(SecondInstance)


async def test_an_order_of_somebody_else_under_our_userref_halts_its_strategy(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world, world.trading("GridSell") as handle:
        await world.until(lambda: len(world.ladder()) == 5, 10, world.ladder)
        place_as_somebody_else(world)
        await world.until(lambda: bool(world.user.of(StrategyHalted)), 60, handle.status)
        assert handle.status().state == "ERROR"
        assert [row.code for row in handle.status().conditions] == ["second instance"]
