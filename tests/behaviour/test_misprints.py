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
