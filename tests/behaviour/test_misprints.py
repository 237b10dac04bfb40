"""A price that is a jump away: bid and ask decide, whatever trades are told."""

from decimal import Decimal
from pathlib import Path

import pytest
import trio

from tests.behaviour.desk import opened, until

pytestmark = pytest.mark.process


async def test_equal_misprints_move_no_ladder(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading("GridSell") as handle:
        await until(lambda: len(desk.ladder()) == 5, desk.ladder)
        before = desk.ladder()
        for _ in range(4):
            desk.kraken.control.misprint("BTC/USD", Decimal("500000.0"))
            await trio.sleep(0.3)
        assert desk.ladder() == before
        await until(lambda: all(row.code != "price jump" for row in handle.status().conditions), handle.status)
        asked = len(desk.kraken.control.requests("Ticker"))
        assert asked <= 4
        desk.move("50100.0")
        await until(lambda: handle.status().strategies[0].price == Decimal("50100.0"), handle.status)
        assert desk.ladder() == before


async def test_a_market_that_jumps_and_then_is_quiet_is_followed(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk, desk.trading("GridSell"):
        await until(lambda: len(desk.ladder()) == 5, desk.ladder)
        desk.move("60000.0")
        await until(lambda: len(desk.ladder()) == 5 and desk.ladder()[-1][1] > 50000, desk.ladder)


@pytest.mark.parametrize("stops", [True, False])
async def test_a_fill_beside_a_misprint_moves_no_ladder(tmp_path: Path, stops: bool) -> None:
    """The sell was filled and the misprint is the last trade when the program hears of either."""
    async with opened(tmp_path) as desk:

        def buys() -> set[str]:
            return {order.txid for order in desk.own() if order.side == "buy"}

        def is_whole() -> bool:
            desk.move("49500.0")
            return [side for side, *_ in desk.ladder()] == ["sell", *["buy"] * 5]

        def strikes() -> None:
            desk.move("50000.0")
            desk.kraken.control.misprint("BTC/USD", Decimal("500000.0"))

        async def stays() -> None:
            for _ in range(10):
                await trio.sleep(0.1)
                assert buys() == before
            desk.move("50010.0")
            await trio.sleep(0.3)
            assert buys() == before

        async with desk.trading("GridSell"):
            await until(lambda: len(desk.ladder()) == 5, desk.ladder)
            await until(is_whole, desk.ladder)
            before = buys()
            if not stops:
                strikes()
                await stays()
        if stops:
            strikes()
            async with desk.trading("GridSell"):
                await stays()
