"""The whole program, embedded, against the local Kraken over real sockets."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import trio

import supervisor
from assembly import registry
from config import parse
from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, Sandbox, Settings, open_sandbox
from simulators.kraken.model.orders import Order
from tests.existing_base import existing_base

PATIENCE = 20

TEXT = """
[bot]
dry_run = false
on_stop = "{on_stop}"

[exchange]
adapter = "kraken"
api_public_key = "{key}"
api_secret_key = "{private}"
rest_url = "{rest}"
ws_url = "{ws}"
ws_auth_url = "{auth}"

[persistence]
database = "{database}"

[metrics]
enabled = false

[supervisor]
backoff_seconds = 0.1

[[strategy]]
name = "{name}"
kind = "{kind}"
{existing_base}base_currency = "{base}"
quote_currency = "USD"
userref = {userref}
amount_per_grid = {amount}
interval = {interval}
n_open_buy_orders = {buys}
max_investment = {investment}
fee = 0.0025
"""

Ladder = list[tuple[str, Decimal, Decimal]]


class Desk:
    """The venue and the program's folder; the program may be started again and again."""

    def __init__(self, kraken: Sandbox, folder: Path, symbol: str) -> None:
        self.kraken = kraken
        self.symbol = symbol
        self._database = folder / "trial.duckdb"

    @asynccontextmanager
    async def trading(self, kind: str, *, on_stop: str = "keep", **changes: str) -> AsyncIterator[supervisor.Handle]:
        """The program until the end of the block, once it is RUNNING."""
        values = {"name": "trial", "userref": "1001", "amount": "100", "interval": "0.01", "buys": "5"}
        values |= {"investment": "10000"} | changes
        text = TEXT.format(
            kind=kind,
            existing_base=existing_base(kind),
            base=self.symbol.partition("/")[0],
            on_stop=on_stop,
            key=DEMO_KEY,
            private=DEMO_PRIVATE,
            rest=self.kraken.rest_url,
            ws=self.kraken.ws_url,
            auth=self.kraken.ws_auth_url,
            database=self._database,
            **values,
        )
        config = parse(text, "trial.toml", {}, registry.known())
        async with trio.open_nursery() as nursery:
            handle: supervisor.Handle = await nursery.start(supervisor.run, config)
            await until(lambda: handle.status().state == "RUNNING", handle.status)
            yield handle
            nursery.cancel_scope.cancel()

    def ladder(self) -> Ladder:
        """What the program has open at the venue: side, price, volume; highest price first."""
        return sorted(((o.side, o.price, o.volume) for o in self.own()), key=lambda row: row[1], reverse=True)

    def own(self) -> list[Order]:
        """Open orders of the program."""
        return [order for order in self.kraken.control.open_orders() if (order.request.cl_ord_id or "").startswith("g")]

    def others(self) -> list[Order]:
        """Open orders of somebody else with the same account."""
        return [order for order in self.kraken.control.open_orders() if order not in self.own()]

    def hand(self, price: Decimal, cost: Decimal) -> str:
        """A buy worth `cost` of quote placed by hand near `price`; its id at the venue."""
        rules = self.kraken.control.venue.markets
        pair = next(market.pair for market in rules.values() if market.pair.symbol == self.symbol)
        price -= price % pair.tick_size
        volume = (cost / price).quantize(Decimal(1).scaleb(-pair.lot_decimals))
        return self.kraken.control.place(self.symbol, "buy", price, volume)

    async def shows(self, *wanted: tuple[str, str, str], at: str = "") -> None:
        """Wait until exactly these orders are open. With `at`, trades go on at that price meanwhile.

        Prices and executions come over two connections: only a market that goes on trading lets the
        program react to both.
        """
        await self.reaches([(side, Decimal(price), Decimal(volume)) for side, price, volume in wanted], at)

    async def reaches(self, expected: Ladder, at: str = "") -> None:
        """As `shows`, from the highest price down."""

        def reached() -> bool:
            if at:
                self.move(at)
            return self.ladder() == expected

        await until(reached, lambda: f"open: {self.ladder()}\nexpected: {expected}")

    def move(self, price: str) -> None:
        """A trade at this price."""
        self.kraken.control.price(self.symbol, Decimal(price))


@asynccontextmanager
async def opened(
    folder: Path, price: str = "50000.0", *, symbol: str = "BTC/USD", **settings: object
) -> AsyncIterator[Desk]:
    """A fresh venue with one account."""
    async with open_sandbox(settings=Settings(prices={symbol: Decimal(price)}, **settings)) as kraken:  # type: ignore[arg-type]
        kraken.control.fees(Decimal("0.25"), Decimal("0.40"))  # as the configuration states
        yield Desk(kraken, folder, symbol)


async def until(wanted: Callable[[], bool], show: Callable[[], object], patience: float = PATIENCE) -> None:
    """Look until it is so; the failure shows what was there instead."""
    with trio.move_on_after(patience):
        while not wanted():  # noqa: ASYNC110 - the venue and the program are looked at from outside
            await trio.sleep(0.02)
        return
    raise AssertionError(show())
