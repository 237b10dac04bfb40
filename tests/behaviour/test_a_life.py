"""One long life of each strategy on an ordinary and on a tokenized pair, turn by turn as the rules say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import trio

import supervisor
from tests.behaviour.accounts import account
from tests.behaviour.desk import Desk, opened, until
from tests.behaviour.grid import Expected, Row, highest, lowest
from tests.process import running

pytestmark = pytest.mark.process

PAIRS = {"BTC/USD": ("50000.0", "0.1"), "AAPLx/USD": ("250.00", "0.01")}
RICH = (msgspec.structs.replace(account(ZUSD="100000")[0], tier="pro"),)


@dataclass
class Life:
    """A strategy, the price, and what the rules say of both."""

    desk: Desk
    expected: Expected
    price: Decimal
    options: dict[str, str] = field(default_factory=lambda: {"buys": "3"})

    @asynccontextmanager
    async def trading(self, on_stop: str = "keep", **changes: str) -> AsyncIterator[supervisor.Handle]:
        """The program, with options that it keeps in its later runs too."""
        self.options |= changes
        async with self.desk.trading(self.expected.kind, on_stop=on_stop, **self.options) as handle:
            yield handle

    async def holds(self) -> None:
        """The venue shows what the rules say."""
        await self.desk.reaches(self.expected.rows(), at=f"{self.price:f}")

    async def move(self, price: Decimal) -> None:
        """Trades at this price, and what follows from them."""
        self.price = price
        self.expected.move(price)
        await self.holds()

    def order(self, row: Row) -> str:
        """The venue's id of an open order."""
        (found,) = (o for o in self.desk.own() if (o.side, o.price, o.volume) == row)
        return found.txid


@pytest.mark.parametrize("symbol", PAIRS)
@pytest.mark.parametrize("kind", ["GridHODL", "GridSell", "SWING", "cDCA"])
async def test_the_rules_hold_through_a_whole_life(kind: str, symbol: str, tmp_path: Path) -> None:
    price, tick = PAIRS[symbol]
    async with opened(tmp_path, price, symbol=symbol, accounts=RICH) as desk:
        life = Life(desk, Expected(kind, Decimal(tick)), Decimal(price))
        life.expected.build(life.price)
        async with life.trading() as handle:
            await life.holds()
            await fills_and_back(life)
            await interference(life, handle)
        await fills_while_away(life)
        await changed_configuration(life)
        hand = desk.hand(lowest(life.expected.rows(), "buy")[1] / 2, Decimal(50))
        async with life.trading("cancel-all"):
            await life.holds()
        assert desk.ladder() == []
        assert [order.txid for order in desk.others()] == [hand]
    assert running.placed_twice(tmp_path / "trial.duckdb") == []


async def fills_and_back(life: Life) -> None:
    """One fill, a fall through all buys, a rise that fills a sell and leaves the ladder behind."""
    rows = life.expected.rows
    await life.move(highest(rows(), "buy")[1])
    # So deep that the next buys follow from the price alone, whichever of the fills is heard before its tick.
    await life.move(_on_tick(life, lowest(rows(), "buy")[1] * Decimal("0.95")))
    up = lowest(rows(), "sell")[1] if life.expected.sells else _on_tick(life, life.price * Decimal("1.05"))
    await life.move(up)


async def interference(life: Life, handle: supervisor.Handle) -> None:
    """A partial fill, a cancel by hand, an order of somebody else."""
    control = life.desk.kraken.control
    buy = highest(life.expected.rows(), "buy")
    part = (buy[2] / 2).quantize(Decimal("0.00000001"))
    control.fill(life.order(buy), part)
    await life.holds()
    control.cancel(life.order(buy))
    life.expected.canceled_by_hand(buy, part)
    life.expected.upkeep(life.price)
    await life.holds()
    await until(lambda: handle.status().strategies[0].surplus == life.expected.surplus, handle.status)
    if life.expected.sells:
        sell = highest(life.expected.rows(), "sell")
        control.cancel(life.order(sell))
        life.expected.canceled_by_hand(sell)
        await life.holds()
    free = handle.status().strategies[0].quote_free
    hand = life.desk.hand(life.price / 2, Decimal(500))
    await until(lambda: handle.status().strategies[0].quote_free < free - 499, handle.status)
    control.cancel(hand)
    await until(lambda: handle.status().strategies[0].quote_free == free, handle.status)


async def fills_while_away(life: Life) -> None:
    """The program is down while its highest buy is executed."""
    buy = highest(life.expected.rows(), "buy")
    life.price = buy[1]
    life.desk.move(f"{life.price:f}")
    life.expected.buy_filled(buy, life.price)
    life.expected.upkeep(life.price)
    async with life.trading():
        await life.holds()


async def changed_configuration(life: Life) -> None:
    """Another amount, another interval, fewer buys, and no more money for further ones."""
    expected = life.expected
    expected.amount = Decimal(150)
    expected.build(life.price)
    async with life.trading(amount="150"):
        await life.holds()
    expected.interval = Decimal("0.02")
    expected.build(life.price)
    async with life.trading(interval="0.02"):
        await life.holds()
    expected.buys_wanted = 2
    expected.upkeep(life.price)
    async with life.trading(buys="2"):
        await life.holds()
    async with life.trading(investment="151"):
        buy = highest(expected.rows(), "buy")
        life.price = buy[1]
        expected.buy_filled(buy, life.price)
        await life.holds()
        # Time for a mistake: the hole must stay a hole.
        await trio.testing.wait_all_tasks_blocked(0.02)
        await life.holds()


def _on_tick(life: Life, price: Decimal) -> Decimal:
    return price // life.expected.tick * life.expected.tick
