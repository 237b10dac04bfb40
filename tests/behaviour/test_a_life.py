"""One long life of each strategy on an ordinary and on a tokenized pair, turn by turn as the rules say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
import trio

import supervisor
from tests.behaviour.accounts import account
from tests.behaviour.desk import Desk, opened, until
from tests.oracle.foretold import Grid, Order
from tests.process import running

pytestmark = pytest.mark.process

PAIRS = {"BTC/USD": ("50000.0", "0.1", "XXBT"), "AAPLx/USD": ("250.00", "0.01", "AAPLx.T")}
"""First price, tick size, and the venue's name of the base."""


@dataclass
class Life:
    """A strategy, the price, and what the rules say of both."""

    desk: Desk
    grid: Grid
    price: Decimal
    options: dict[str, str] = field(default_factory=lambda: {"buys": "3"})

    @asynccontextmanager
    async def trading(self, on_stop: str = "keep", **changes: str) -> AsyncIterator[supervisor.Handle]:
        """The program, with options that it keeps in its later runs too."""
        self.options |= changes
        async with self.desk.trading(self.grid.kind, on_stop=on_stop, **self.options) as handle:
            yield handle

    async def holds(self) -> None:
        """The venue shows what the rules say."""
        await self.desk.reaches(self.grid.ladder(), at=f"{self.price:f}")

    async def move(self, price: Decimal) -> None:
        """Trades at this price, and what follows from them."""
        self.price = price
        self.grid.trade(f"{price:f}")
        await self.holds()

    def order(self, order: Order) -> str:
        """The venue's id of an open order."""
        (found,) = (o for o in self.desk.own() if (o.side, o.price, o.volume) == order.row())
        return found.txid

    def on_tick(self, price: Decimal) -> Decimal:
        """The next price below."""
        tick = Decimal(PAIRS[self.desk.symbol][1])
        return price // tick * tick


@pytest.mark.parametrize("symbol", PAIRS)
@pytest.mark.parametrize("kind", ["GridHODL", "GridSell", "SWING", "cDCA"])
async def test_the_rules_hold_through_a_whole_life(kind: str, symbol: str, tmp_path: Path) -> None:
    price, tick, base = PAIRS[symbol]
    rich = (msgspec.structs.replace(account(ZUSD="100000", **{base: "400"})[0], tier="pro"),)
    async with opened(tmp_path, price, symbol=symbol, accounts=rich) as desk:
        life = Life(desk, Grid(kind, buys=3, tick=tick), Decimal(price))
        life.grid.trade(price)
        async with life.trading() as handle:
            await life.holds()
            await fills_and_back(life)
            await interference(life, handle)
        await fills_while_away(life)
        await changed_configuration(life)
        hand = desk.hand(life.price / 2, Decimal(50))
        async with life.trading("cancel-all"):
            await life.holds()
        assert desk.ladder() == []
        assert [order.txid for order in desk.others()] == [hand]
    assert running.placed_twice(tmp_path / "trial.duckdb") == []


async def fills_and_back(life: Life) -> None:
    """One fill, a fall through all buys, a rise that fills a sell and leaves the ladder behind."""
    await life.move(highest(life.grid.buys).row()[1])
    # So deep that the next buys follow from the price alone, whichever of the fills is heard before its tick.
    await life.move(life.on_tick(lowest(life.grid.buys).row()[1] * Decimal("0.95")))
    sells = life.grid.sells
    await life.move(lowest(sells).row()[1] if sells else life.on_tick(life.price * Decimal("1.05")))


async def interference(life: Life, handle: supervisor.Handle) -> None:
    """A partial fill, a cancel by hand, an order of somebody else."""
    control, grid = life.desk.kraken.control, life.grid
    buy = highest(grid.buys)
    part = (buy.row()[2] / 2).quantize(Decimal("0.00000001"))
    control.fill(life.order(buy), part)
    await life.holds()
    control.cancel(life.order(buy))
    grid.buys.remove(buy)
    grid.upkeep(f"{life.price:f}")
    await life.holds()
    surplus = part if grid.kind != "cDCA" else Decimal(0)
    await until(lambda: handle.status().strategies[0].surplus == surplus, handle.status)
    if grid.sells:
        sell = highest(grid.sells)
        control.cancel(life.order(sell))
        grid.sells.remove(sell)
        await life.holds()
    free = handle.status().strategies[0].quote_free
    hand = life.desk.hand(life.price / 2, Decimal(500))
    await until(lambda: handle.status().strategies[0].quote_free < free - 499, handle.status)
    control.cancel(hand)
    await until(lambda: handle.status().strategies[0].quote_free == free, handle.status)


async def fills_while_away(life: Life) -> None:
    """The program is down while its highest buy is executed."""
    life.price = highest(life.grid.buys).row()[1]
    life.desk.move(f"{life.price:f}")
    life.grid.trade(f"{life.price:f}")
    async with life.trading():
        await life.holds()


async def changed_configuration(life: Life) -> None:
    """Another amount, another interval, fewer buys, and no more money for further ones."""
    grid, price = life.grid, f"{life.price:f}"
    grid.amount, grid.buys = Fraction(150), []
    grid.upkeep(price)
    async with life.trading(amount="150"):
        await life.holds()
    grid.step, grid.buys = 1 + Fraction("0.02"), []
    grid.upkeep(price)
    async with life.trading(interval="0.02"):
        await life.holds()
    grid.n = 2
    grid.upkeep(price)
    async with life.trading(buys="2"):
        await life.holds()
    grid.limit = Fraction(151)
    async with life.trading(investment="151"):
        await life.move(highest(grid.buys).row()[1])
        # Time for a mistake: the hole must stay a hole.
        await trio.testing.wait_all_tasks_blocked(0.02)
        await life.holds()


def highest(orders: list[Order]) -> Order:
    """The one nearest to the top."""
    return max(orders, key=lambda order: order.price)


def lowest(orders: list[Order]) -> Order:
    """The one nearest to the bottom."""
    return min(orders, key=lambda order: order.price)
