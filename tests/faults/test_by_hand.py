"""What the account's owner, or somebody else with it, does behind the back of the program; orders as design 4 says."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from messages.ids import NO_CLIENT_ID, NO_VENUE_ID, client_order_id
from messages.notices import FundsMissing, OrderAmended, OrderReleased, StrategyHalted
from simulators.kraken import RequestFault
from supervision.restart import root_cause
from supervision.stop_request import ProgramFailed
from tests.faults.world import World, account, now, opened
from tests.oracle.foretold import Grid, Row


def rows(*wanted: tuple[str, str | Decimal, str | Decimal]) -> list[Row]:
    """Side, price, volume of open orders."""
    return [(side, Decimal(price), Decimal(volume)) for side, price, volume in wanted]


async def shown(world: World, wanted: list[Row], within: float = 10.0) -> None:
    """Wait until exactly these orders are open, and see that they stay."""
    await world.until(lambda: world.ladder() == wanted, within, lambda: (world.ladder(), world.report))
    await trio.sleep(11)
    assert world.ladder() == wanted


def txid(world: World, side: str, *, highest: bool = True) -> str:
    """The highest or lowest open order of a side."""
    orders = [order for order in world.control.open_orders() if order.side == side]
    return (max if highest else min)(orders, key=lambda order: order.price).txid


async def test_an_amended_buy_is_what_it_is_now_and_its_sell_follows_from_that(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world, world.trading("GridSell"):
        await shown(world, grid.trade("50000.0"))
        world.control.amend(txid(world, "buy"), price=Decimal("49400.0"), volume=Decimal("0.003"))
        amended = rows(("buy", "49400.0", "0.003"), *(row for row in grid.ladder()[1:]))
        await shown(world, amended)
        (told,) = world.user.of(OrderAmended)
        assert isinstance(told, OrderAmended)
        assert told.order_id
        assert told.exchange_id
        assert replace(told, order_id=NO_CLIENT_ID, exchange_id=NO_VENUE_ID) == OrderAmended(
            "trial", "BTC/USD", "buy", Decimal("49400.0"), Decimal("0.003"), Decimal("49504.9"), Decimal("0.00202")
        )
        world.move("49390.0")
        await shown(world, rows(("sell", "49894.0", "0.003"), *grid.ladder()[1:], ("buy", "47102.0", "0.00212305")))


async def test_an_order_that_was_amended_while_the_program_was_down(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world:
        async with world.trading("GridSell"):
            await shown(world, grid.trade("50000.0"))
        world.control.amend(txid(world, "buy"), volume=Decimal("0.001"))
        world.control.amend(txid(world, "buy", highest=False), price=Decimal("47500.0"))
        world.move("49500.0")
        async with world.trading("GridSell"):
            await shown(
                world,
                rows(
                    ("sell", "49999.9", "0.001"),
                    *grid.ladder()[1:4],
                    ("buy", "47500.0", "0.00210202"),
                    ("buy", "47029.7", "0.00212631"),
                ),
            )
            assert len(world.user.of(OrderAmended)) == 2


async def test_an_order_that_is_amended_to_less_is_complete_when_that_is_filled(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world, world.trading("GridSell"):
        await shown(world, grid.trade("50000.0"))
        order = txid(world, "buy")
        world.control.fill(order, Decimal("0.001"))
        world.control.amend(order, volume=Decimal("0.00101"))
        world.move("49600.0")
        world.control.fill(order)
        await shown(world, rows(("sell", "49999.9", "0.00101"), *grid.ladder()[1:], ("buy", "47102.0", "0.00212305")))


@pytest.mark.parametrize("kind", ["GridHODL", "GridSell", "SWING", "cDCA"])
async def test_fills_in_the_cancel_window_are_answered_like_any_other(
    kind: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Where the market is at that moment decides the price of the sells, not their number."""
    async with opened(tmp_path) as world, world.trading(kind):
        await world.until(lambda: len(world.ladder()) >= 5, 10, world.ladder)
        world.control.fault(RequestFault("fill_first", "ws:*cancel*"))
        world.move("52000.0")
        await trio.sleep(15)
        orders = list(world.control.venue.orders.of_account("demo", now()))
        counts = Counter((order.side, order.status) for order in orders)
        assert (counts["buy", "closed"], counts["buy", "open"]) == (5, 5)
        assert world.disk is not None
        answers = [row for row in world.disk.orders.values() if (row.side, row.kind) == ("sell", "counter")]
        assert len(answers) == (0 if kind == "cDCA" else 5)
        known = {order.request.cl_ord_id for order in orders}
        assert {row.order_id for row in answers} <= known
        assert world.report.buys_filled == 5


async def test_a_cancelled_buy_leaves_a_hole_that_is_filled_from_below(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        world.control.cancel(txid(world, "buy"))
        await shown(world, rows(*grid.ladder()[1:], ("buy", "47102.0", "0.00212305")))
        assert len(world.user.of(OrderReleased)) == 1


async def test_a_cancelled_sell_is_released_by_name(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world, world.trading("GridSell"):
        await shown(world, grid.trade("50000.0"))
        await shown_after(world, grid, "49500.0")
        world.control.cancel(txid(world, "sell"))
        await shown(world, grid.ladder()[1:])
        assert any("released" in reason for reason in world.report.waiting)
        assert len(world.user.of(OrderReleased)) == 1


async def shown_after(world: World, grid: Grid, price: str) -> None:
    """A trade, and what it leads to."""
    world.move(price)
    await shown(world, grid.trade(price))


async def test_a_withdrawal_makes_one_sell_wait_and_a_deposit_brings_it_back(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path, accounts=(account(ZUSD="100000"),)) as world:
        async with world.trading("GridSell"):
            await shown(world, grid.trade("50000.0"))
        world.move("49500.0")
        world.control.withdraw("BTC", Decimal("0.001"))
        async with world.trading("GridSell"):
            # Places for sells of fills are kept for ten seconds, and this one cannot leave.
            await shown(world, grid.trade("49500.0")[1:], within=15)
            await trio.sleep(120)
            assert len(world.user.of(FundsMissing)) == 1
            assert len(world.control.requests("add_order")) < 4
            world.control.deposit("BTC", Decimal("0.001"))
            await shown(world, grid.ladder())


async def test_a_withdrawal_below_the_orders_of_the_ladder_stops_new_buys_only(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path, accounts=(account(ZUSD="600"),)) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        world.control.withdraw("USD", Decimal(95))
        world.move("49500.0")
        wanted = [row for row in grid.trade("49500.0") if row[1] != Decimal(47102)]
        await shown(world, wanted)
        assert len(world.user.of(FundsMissing)) == 1
        world.control.deposit("USD", Decimal(200))
        await shown(world, grid.ladder(), within=15)


async def test_a_refusal_for_funds_waits_for_the_next_change_of_balances(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("cDCA")
    async with opened(tmp_path) as world, world.trading("cDCA"):
        await shown(world, grid.trade("50000.0"))
        world.control.fault(RequestFault("error", "ws:*add*", text="EOrder:Insufficient funds"))
        world.move("49500.0")
        await shown(world, grid.trade("49500.0")[:-1])
        world.control.deposit("USD", Decimal(1))
        await shown(world, grid.ladder(), within=15)
        assert len(world.user.of(FundsMissing)) == 1


async def test_a_foreign_order_is_never_touched(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        foreign = world.control.place("BTC/USD", "buy", Decimal("30000.0"), Decimal("0.01"), userref=77)
        await shown(world, rows(*grid.ladder(), ("buy", "30000.0", "0.01")))
        await world.control.drop("private")
        world.move("60000.0")
        await shown(world, rows(*grid.trade("60000.0"), ("buy", "30000.0", "0.01")), within=20)
        assert world.control.order(foreign).is_open


async def test_an_order_of_ours_that_nobody_here_placed_stops_the_start_with_a_sentence(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world:
        async with world.trading("GridHODL"):
            await shown(world, grid.trade("50000.0"))
        world.control.place(
            "BTC/USD", "buy", Decimal("40000.0"), Decimal("0.01"), cl_ord_id=client_order_id(1001, "a second instance")
        )
        with pytest.raises(BaseException) as raised:  # noqa: PT011 - a group around it
            async with world.program("GridHODL"):
                await trio.sleep(60)
        failure = root_cause(raised.value)
        assert isinstance(failure, ProgramFailed)
        assert (failure.exit_code, "second instance" in failure.reason) == (2, True)
        assert len(world.ladder()) == 6


async def test_another_program_on_the_key_is_told_of_and_survived(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world, world.trading("GridHODL"):
        await shown(world, grid.trade("50000.0"))
        for _ in range(3):
            world.control.use_nonce(now() + 10**9)
            await world.control.drop("private")
            await trio.sleep(30)
        world.move("49500.0")
        await shown(world, grid.trade("49500.0"))
        assert world.user.of(StrategyHalted) == []
