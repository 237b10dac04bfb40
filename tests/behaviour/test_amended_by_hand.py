"""A sell that its owner made larger by hand: what he added is his, and the grid goes on beside it."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.behaviour.accounts import account
from tests.behaviour.desk import opened, until

pytestmark = pytest.mark.process

D = Decimal


async def test_fills_are_answered_while_a_sell_that_was_amended_beyond_our_own_rests(tmp_path: Path) -> None:
    async with opened(tmp_path, accounts=account(ZUSD="10000", XXBT="1")) as desk:
        control = desk.kraken.control
        async with desk.trading("GridSell", buys="3") as handle:
            await until(lambda: len(desk.own()) == 3, desk.ladder)
            control.price("BTC/USD", D("49504.9"))
            await until(lambda: len([o for o in desk.own() if o.side == "sell"]) == 1, desk.ladder)
            (sell,) = (o for o in desk.own() if o.side == "sell")
            control.amend(sell.txid, volume=D("0.05"))
            control.price("BTC/USD", D("49014.7"))
            await until(lambda: len([o for o in desk.own() if o.side == "sell"]) == 2, desk.ladder)
            (report,) = handle.status().strategies
            assert report.base_free >= 0
            assert report.investment < 600
        async with desk.trading("GridSell", buys="3") as handle:
            control.price("BTC/USD", D("48529.4"))
            await until(lambda: len([o for o in desk.own() if o.side == "sell"]) == 3, desk.ladder)
            (report,) = handle.status().strategies
            assert report.base_free >= 0
