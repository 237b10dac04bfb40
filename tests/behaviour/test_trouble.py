"""Missing funds, foreign orders, cancels, walks: the expected orders are those that the grid's rules ask for."""

import random
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from messages.status import Status
from tests.behaviour.accounts import account
from tests.behaviour.desk import opened, until
from tests.behaviour.test_start_and_fills import AT_50000, SELLS_OF_SELL
from tests.process import running

pytestmark = pytest.mark.process


def waits_for(status: Status, words: str) -> bool:
    return any(words in reason for strategy in status.strategies for reason in strategy.waiting)


async def test_missing_funds_for_a_buy_wait_for_a_deposit(tmp_path: Path) -> None:
    async with opened(tmp_path, accounts=account(ZUSD="250")) as desk, desk.trading("GridHODL") as handle:
        await desk.shows(*AT_50000[:2], at="50000.0")
        await until(lambda: waits_for(handle.status(), "funds"), handle.status)
        desk.kraken.control.deposit("USD", Decimal(10000))
        # Ten seconds at the least lie between two attempts.
        await desk.shows(*AT_50000, at="50000.0")


async def test_missing_funds_for_a_sell_are_remembered_and_sold_once_they_are_back(tmp_path: Path) -> None:
    async with opened(tmp_path, accounts=account(ZUSD="100000")) as desk:
        async with desk.trading("GridSell"):
            await desk.shows(*AT_50000, at="50000.0")
        desk.move("49504.9")
        desk.kraken.control.withdraw("BTC", Decimal("0.001"))
        async with desk.trading("GridSell") as handle:
            await until(lambda: waits_for(handle.status(), "waits: funds"), handle.status)
            assert all(order[0] == "buy" for order in desk.ladder())
            desk.kraken.control.deposit("BTC", Decimal("0.001"))
            await desk.shows(SELLS_OF_SELL[0], *AT_50000[1:], ("buy", "47102.0", "0.00212305"), at="49505.0")


async def test_a_buy_that_is_partly_filled_and_cancelled_adds_to_the_surplus(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading("GridSell") as handle:
        await desk.shows(*AT_50000, at="50000.0")
        order = max(desk.kraken.control.open_orders(), key=lambda order: order.price)
        desk.kraken.control.fill(order.txid, Decimal("0.001"))
        desk.kraken.control.cancel(order.txid)
        await desk.shows(*AT_50000[1:], ("buy", "47102.0", "0.00212305"), at="49300.0")
        await until(lambda: handle.status().strategies[0].surplus == Decimal("0.001"), handle.status)


async def test_a_sell_cancelled_by_hand_is_released_by_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading("GridSell") as handle:
        await desk.shows(*AT_50000, at="50000.0")
        desk.move("49504.9")
        await desk.shows(SELLS_OF_SELL[0], *AT_50000[1:], ("buy", "47102.0", "0.00212305"), at="49505.0")
        sell = next(order for order in desk.kraken.control.open_orders() if order.side == "sell")
        desk.kraken.control.cancel(sell.txid)
        await desk.shows(*AT_50000[1:], ("buy", "47102.0", "0.00212305"), at="49505.0")
        await until(lambda: waits_for(handle.status(), "released"), handle.status)


async def test_a_lost_socket_is_reopened_and_fills_meanwhile_are_answered(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading("GridSell"):
        await desk.shows(*AT_50000, at="50000.0")
        await desk.kraken.control.drop("all")
        desk.move("49504.9")
        await desk.shows(SELLS_OF_SELL[0], *AT_50000[1:], ("buy", "47102.0", "0.00212305"), at="49505.0")


@pytest.mark.parametrize(
    ("symbol", "start", "tick", "owned"),
    [("BTC/USD", "50000.0", "0.1", {"XXBT": "2"}), ("AAPLx/USD", "250.00", "0.01", {"AAPLx.T": "400"})],
    ids=["BTC", "AAPLx"],
)
@pytest.mark.parametrize("kind", ["GridHODL", "GridSell", "SWING", "cDCA"])
async def test_after_a_random_walk_every_fill_is_answered_exactly_once(
    kind: str, symbol: str, start: str, tick: str, owned: dict[str, str], tmp_path: Path
) -> None:
    steps = random.Random(11)
    rich = (msgspec.structs.replace(account(ZUSD="100000", **owned)[0], tier="pro"),)
    async with (
        opened(tmp_path, start, symbol=symbol, accounts=rich) as desk,
        desk.trading(kind, interval="0.006", buys="3") as handle,
    ):
        price = Decimal(start)
        for _ in range(300):
            price = (price * (1 + Decimal(steps.randint(-30, 30)) / 10000)).quantize(Decimal(tick))
            desk.move(str(price))
            await trio.testing.wait_all_tasks_blocked(0.001)
        last = str(price)

        def settled() -> bool:
            """The program and the venue show the same orders, and the ladder is full."""
            desk.move(last)
            (strategy,) = handle.status().strategies
            shown = sorted((order.side, order.price, order.volume) for order in strategy.orders)
            return shown == sorted(desk.ladder()) and [row[0] for row in shown].count("buy") == 3

        # So many orders in so few seconds use up the venue's budget per pair; the rest waits for it.
        await until(settled, handle.status, patience=90)
        (strategy,) = handle.status().strategies
    assert strategy.buys_filled > 3
    database = tmp_path / "trial.duckdb"
    assert running.placed_twice(database) == []
    answers = [order for order in running.open_orders(database) if order[1] == "sell" and order[4] == "counter"]
    sold = [fill for fill in running.fills(database) if fill[1] == "sell"]
    if kind in ("GridHODL", "GridSell"):
        assert len(answers) + len(sold) == strategy.buys_filled
    if kind == "cDCA":
        assert answers == sold == []
