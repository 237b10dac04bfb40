"""Many strategies of one pair at its limit of open orders: counter-sells have their places, new buys wait, named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

import supervisor
from assembly import registry
from config import parse
from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, Sandbox, Settings, open_sandbox
from simulators.kraken.model.rates import TIERS
from tests.behaviour.desk import TEXT, until

pytestmark = pytest.mark.process

HEAD, STRATEGY = TEXT[: TEXT.index("[[strategy]]")], TEXT[TEXT.index("[[strategy]]") :]
PRICE = Decimal("50000.0")


class Trial:
    """So many strategies of one pair, which takes so many open orders."""

    def __init__(self, kraken: Sandbox, folder: Path, strategies: int) -> None:
        self.control = kraken.control
        urls = {"rest": kraken.rest_url, "ws": kraken.ws_url, "auth": kraken.ws_auth_url}
        keys = {"key": DEMO_KEY, "private": DEMO_PRIVATE, "database": folder / "trial.duckdb"}
        self._text = HEAD.format(on_stop="keep", **urls, **keys)
        for number in range(1, strategies + 1):
            interval = Decimal("0.02") + Decimal(number) / 1000
            self._text += STRATEGY.format(
                name=f"s-{number}",
                kind="GridSell",
                existing_base="",
                base="BTC",
                userref=number,
                amount=20,
                interval=interval,
                buys=2,
                investment=10_000,
            )

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[supervisor.Handle]:
        """The program, once it is RUNNING."""
        async with trio.open_nursery() as nursery:
            config = parse(self._text, "trial.toml", {}, registry.known())
            handle: supervisor.Handle = await nursery.start(supervisor.run, config)
            await until(lambda: handle.status().state == "RUNNING", handle.status)
            yield handle
            nursery.cancel_scope.cancel()

    def sides(self) -> tuple[int, int]:
        """Buys and sells that are open."""
        orders = self.control.open_orders()
        sells = sum(order.side == "sell" for order in orders)
        return len(orders) - sells, sells

    def fall(self, fills: int) -> None:
        """The market falls until so many buys are filled."""
        prices = sorted((o.price for o in self.control.open_orders() if o.side == "buy"), reverse=True)
        assert prices[fills - 1] > prices[fills]
        self.control.price("BTC/USD", prices[fills - 1])

    def refusals(self) -> int:
        """How many requests for orders the venue has answered with its limit."""
        return sum("Orders limit" in request.outcome for request in self.control.requests())


def settled(handle: supervisor.Handle) -> bool:
    """Whether no request waits for its answer."""
    return all(order.phase == "open" for row in handle.status().strategies for order in row.orders)


@asynccontextmanager
async def at_limit(folder: Path, limit: int, strategies: int) -> AsyncIterator[Trial]:
    """The venue; nothing but the number of open orders is short."""
    async with open_sandbox(settings=Settings(prices={"BTC/USD": PRICE})) as kraken:
        tier = replace(TIERS["pro"], open_orders=limit, engine_decay=Decimal(1000))
        for account in kraken.control.venue.accounts.values():
            account.take_tier(tier)
        yield Trial(kraken, folder, strategies)


@pytest.mark.parametrize(("limit", "strategies", "fills"), [(10, 6, 4), (80, 45, 50)])
@pytest.mark.parametrize("when", ["while it runs", "while it is down"])
async def test_all_counter_sells_have_room_and_the_buys_that_have_none_are_named(
    limit: int, strategies: int, fills: int, when: str, tmp_path: Path
) -> None:
    async with at_limit(tmp_path, limit, strategies) as trial:
        async with trial.trading() as handle:
            await until(lambda: trial.sides() == (limit, 0), trial.sides)
            await until(lambda: settled(handle), handle.status)
            if when == "while it runs":
                trial.fall(fills)
                await until(lambda: trial.sides() == (limit - fills, fills), trial.sides)
        if when == "while it is down":
            trial.fall(fills)
        async with trial.trading() as handle:
            await until(lambda: trial.sides() == (limit - fills, fills), trial.sides)

            def named() -> list[str]:
                return [row.detail for row in handle.status().conditions if row.code == "order limit" and row.since]

            await until(lambda: bool(named()), named)
            assert all("buys rest: order limit" in detail for detail in named())
            await trio.sleep(2)
            refused = trial.refusals()
            await trio.sleep(3)
            assert trial.sides() == (limit - fills, fills)
            assert trial.refusals() == refused <= 3 * strategies
            assert not [row for row in handle.status().conditions if row.code == "sell waits"]
