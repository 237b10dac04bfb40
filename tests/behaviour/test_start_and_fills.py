"""Start, fills, shifts: the expected orders are those that the grid's rules ask for."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.behaviour.desk import opened

pytestmark = pytest.mark.process

AT_50000 = (
    ("buy", "49504.9", "0.00202"),
    ("buy", "49014.7", "0.0020402"),
    ("buy", "48529.4", "0.0020606"),
    ("buy", "48048.9", "0.00208121"),
    ("buy", "47573.1", "0.00210202"),
)
AT_60000 = (
    ("buy", "59405.9", "0.00168333"),
    ("buy", "58817.7", "0.00170016"),
    ("buy", "58235.3", "0.00171717"),
    ("buy", "57658.7", "0.00173434"),
    ("buy", "57087.8", "0.00175168"),
)
SELLS_OF_HODL = (
    ("sell", "49999.9", "0.00201005"),
    ("sell", "49504.8", "0.00203015"),
    ("sell", "49014.6", "0.00205046"),
    ("sell", "48529.3", "0.00207096"),
    ("sell", "48048.8", "0.00209167"),
)
SELLS_OF_SELL = (
    ("sell", "49999.9", "0.00202"),
    ("sell", "49504.8", "0.0020402"),
    ("sell", "49014.6", "0.0020606"),
    ("sell", "48529.3", "0.00208121"),
    ("sell", "48048.8", "0.00210202"),
)
EXTRA = ("sell", "51005.0", "0.00197044")


@pytest.mark.parametrize("kind", ["GridHODL", "GridSell", "SWING", "cDCA"])
async def test_start_then_a_rise_then_the_ladder_follows(kind: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading(kind):
        extra = (EXTRA,) if kind == "SWING" else ()
        await desk.shows(*extra, *AT_50000, at="50000.0")
        if kind != "SWING":
            await desk.shows(*AT_60000, at="60000.0")


@pytest.mark.parametrize(("kind", "sells"), [("GridHODL", SELLS_OF_HODL), ("GridSell", SELLS_OF_SELL), ("cDCA", ())])
async def test_a_fall_through_all_buys(kind: str, sells: tuple[tuple[str, str, str], ...], tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading(kind):
        await desk.shows(*AT_50000)
        # One price for the fall and the trades after it: a fill and its tick come over two connections, in any order.
        await desk.shows(
            *sells,
            ("buy", "39604.0", "0.00252499"),
            ("buy", "39211.8", "0.00255025"),
            ("buy", "38823.5", "0.00257575"),
            ("buy", "38439.1", "0.00260151"),
            ("buy", "38058.5", "0.00262753"),
            at="40000.1",
        )


async def test_each_fill_is_answered_by_one_request(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading("GridHODL"):
        await desk.shows(*AT_50000)
        before = len(desk.kraken.control.requests())
        await desk.shows(SELLS_OF_HODL[0], *AT_50000[1:], ("buy", "47102.0", "0.00212305"), at="49504.9")
        asked = [request.name for request in desk.kraken.control.requests()[before:] if request.name != "ping"]
        # The counter-sell, and the buy that completes the ladder at its lower end; one batch where one decision
        # asked for both. Nothing was queried.
        assert asked in (["add_order", "add_order"], ["batch_add"])


async def test_stop_and_start_with_fills_in_between(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        async with desk.trading("GridSell"):
            await desk.shows(*AT_50000)
        desk.move("49000.0")
        await desk.shows(*AT_50000[2:])
        desk.move("49100.0")
        async with desk.trading("GridSell"):
            await desk.shows(
                *SELLS_OF_SELL[:2],
                *AT_50000[2:],
                ("buy", "47102.0", "0.00212305"),
                ("buy", "46635.6", "0.00214428"),
                at="49100.0",
            )


@pytest.mark.parametrize(("on_stop", "left"), [("keep", 5), ("cancel-buys", 0), ("cancel-all", 0)])
async def test_on_stop(on_stop: str, left: int, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        async with desk.trading("GridHODL", on_stop=on_stop):
            await desk.shows(*AT_50000)
        assert len(desk.ladder()) == left


async def test_a_changed_amount_builds_the_buys_anew(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        async with desk.trading("GridHODL"):
            await desk.shows(*AT_50000)
        async with desk.trading("GridHODL", amount="200"):
            await desk.shows(
                ("buy", "49504.9", "0.00404"),
                ("buy", "49014.7", "0.0040804"),
                ("buy", "48529.4", "0.00412121"),
                ("buy", "48048.9", "0.00416242"),
                ("buy", "47573.1", "0.00420405"),
            )


async def test_fewer_buys_cancel_the_lowest(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        async with desk.trading("GridHODL"):
            await desk.shows(*AT_50000)
        async with desk.trading("GridHODL", buys="3"):
            await desk.shows(*AT_50000[:3])


async def test_max_investment_bounds_the_ladder(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading("GridHODL", investment="305"):
        await desk.shows(*AT_50000[:3])


async def test_a_partial_fill_triggers_nothing_and_its_rest_completes(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading("GridSell"):
        await desk.shows(*AT_50000)
        order = max(desk.kraken.control.open_orders(), key=lambda order: order.price)
        desk.kraken.control.fill(order.txid, Decimal("0.001"))
        desk.move("49600.0")
        await desk.shows(*AT_50000)
        desk.kraken.control.fill(order.txid, Decimal("0.00102"))
        await desk.shows(SELLS_OF_SELL[0], *AT_50000[1:], ("buy", "47102.0", "0.00212305"), at="49600.0")


async def test_a_buy_cancelled_by_hand_leaves_a_hole_that_is_filled_from_below(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading("GridHODL"):
        await desk.shows(*AT_50000)
        order = max(desk.kraken.control.open_orders(), key=lambda order: order.price)
        desk.kraken.control.cancel(order.txid)
        await desk.shows(*AT_50000[1:])
        await desk.shows(*AT_50000[1:], ("buy", "47102.0", "0.00212305"), at="49300.0")
