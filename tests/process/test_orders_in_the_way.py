"""Orders that may be somebody else's, on a strategy's own pair: that strategy rests, the others trade."""

from decimal import Decimal
from pathlib import Path

import pytest

from messages.ids import client_order_id
from tests.process.at_kraken import BTC, ETH, Desk, desk, strategy

pytestmark = pytest.mark.process

BOTH = (strategy(), strategy("second", base="ETH", userref=1002))


def look_alike(kraken: Desk, userref: int, name: str = "") -> None:
    """Somebody else's order with an id like ours, of this strategy's userref and pair."""
    pair, price = {1001: (BTC, "60000.0"), 1002: (ETH, "3000.00")}[userref]
    name = name or client_order_id(userref, "somebody else")
    kraken.kraken.control.place(pair, "sell", Decimal(price), Decimal("0.01"), account="demo", cl_ord_id=name)


async def lived(kraken: Desk, *strategies: str) -> None:
    kraken.configure(*strategies)
    with kraken.program() as life:
        await life.trades(3 * len(strategies))
        assert await life.stop() == 0


@pytest.mark.parametrize("name", ["", "g0000rtsomebodyel5", "g0000rt00000000000"])
async def test_at_a_later_start_one_strategy_rests_and_the_other_trades(tmp_path: Path, name: str) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken, *BOTH)
        look_alike(kraken, 1001, name)
        before = kraken.orders()
        with kraken.program() as life:
            await life.until(lambda: "state: RUNNING" in life.said())
            status = await life.status()
            assert {row["name"]: row["phase"] for row in status["strategies"]} == {
                "trial": "halted",
                "second": "trading",
            }
            assert [row["code"] for row in status["conditions"] if row["blocks"]] == ["unknown orders"]
            assert "is a second instance running? If not, start once with --adopt" in life.said()
            kraken.kraken.control.price(ETH, next(price for pair, _, price in reversed(before) if pair == "XETHZUSD"))
            await life.until(lambda: kraken.sides()[1] == 2)
            assert await life.stop() == 0
            assert "open orders of userref 1001, which trial has not taken over" in life.said()
        assert [order for order in before if order[0] == "XXBTZUSD"] == [
            order for order in kraken.orders() if order[0] == "XXBTZUSD"
        ]
        with kraken.program("--adopt") as life:
            await life.until(lambda: "state: RUNNING" in life.said())
            assert {row["phase"] for row in (await life.status())["strategies"]} == {"trading"}


async def test_a_strategy_that_is_new_beside_one_that_trades_rests_alone(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken, BOTH[0])
        kraken.kraken.control.place(ETH, "buy", Decimal("2400.00"), Decimal("0.02"), userref=1002, account="demo")
        kraken.configure(*BOTH)
        with kraken.program() as life:
            await life.until(lambda: "state: RUNNING" in life.said())
            phases = {row["name"]: row["phase"] for row in (await life.status())["strategies"]}
            assert phases == {"trial": "trading", "second": "halted"}
            assert "another program has 1 open order of" in life.said()


async def test_with_nobody_left_who_could_trade_the_start_ends_and_touches_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken, *BOTH)
        look_alike(kraken, 1001)
        look_alike(kraken, 1002)
        before = kraken.orders()
        assert "is a second instance running?" in await kraken.refused()
        assert kraken.orders() == before
