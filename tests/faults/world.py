"""One world on virtual time: a venue, a network, the program, its user. Ends with the block that opens it."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import trio
from msgspec.structs import replace

import supervisor
from actors.persistence import JournalPort
from adapters.exchanges.kraken import exchange as kraken
from adapters.exchanges.kraken.live_prices import connect_dry_run
from adapters.exchanges.kraken.transport.server_clock import SECOND
from adapters.journal.journal import Journal
from assembly import registry
from assembly.world import World as Outside
from config import Config, parse
from config.schema import ChannelConfig
from messages.ids import Nanos
from messages.letters import Letter
from messages.notices import Notice
from messages.status import StrategyReport
from simulators.kraken import (
    DEMO_KEY,
    DEMO_PRIVATE,
    AccountSettings,
    Control,
    Doors,
    KeySettings,
    Settings,
)
from simulators.kraken.model.fees import Rates
from tests.existing_base import existing_base
from tests.faults.network import REST_URL, WS_AUTH_URL, WS_URL, MemoryNetwork
from tests.simulation.disk import Disk
from trading.ports import Exchange

START = Nanos(1_790_000_000 * SECOND)
SYMBOL = "BTC/USD"
KINDS = ("GridHODL", "GridSell", "SWING", "cDCA")

TEXT = """
[bot]
name = "trial"
dry_run = {dry_run}
on_stop = "{on_stop}"

[exchange]
adapter = "kraken"
api_public_key = "{key}"
api_secret_key = "{private}"
rest_url = "{rest}"
ws_url = "{ws}"
ws_auth_url = "{auth}"

[exchange.paper]
balances = {{ USD = 100000, BTC = 2 }}

[persistence]
database = "{database}"

[metrics]
enabled = false

[[strategy]]
name = "trial"
kind = "{kind}"
{existing_base}base_currency = "BTC"
quote_currency = "USD"
userref = 1001
amount_per_grid = {amount}
interval = {interval}
n_open_buy_orders = {buys}
max_investment = {investment}
fee = 0.0025
"""

STATED = Rates(Decimal("0.25"), Decimal("0.40"))
"""The account pays what the configuration states."""
Ladder = list[tuple[str, Decimal, Decimal]]
T = TypeVar("T")


def account(tier: str = "pro", **balances: str) -> AccountSettings:
    """The account of the demo key; dollars and bitcoins unless told otherwise."""
    rows = {asset: Decimal(amount) for asset, amount in (balances or {"ZUSD": "100000", "XXBT": "2"}).items()}
    demo = AccountSettings("demo", (KeySettings(DEMO_KEY, DEMO_PRIVATE),), rows, rates=STATED)
    return replace(demo, tier=tier)


def now() -> int:
    """Nanoseconds UTC: trio's clock, from `START` on."""
    return START + int(trio.current_time() * SECOND)


class Recorder:
    """The user: a channel that remembers what it was told, and when."""

    name = "recorder"

    def __init__(self) -> None:
        self.told: list[tuple[float, Notice]] = []
        self.broken = False

    async def check(self) -> None:
        """It takes everything."""

    async def send(self, letter: Letter) -> None:
        self.told.append((trio.current_time(), letter.notice))
        if self.broken:
            await trio.sleep_forever()

    def of(self, *kinds: type[Notice]) -> list[Notice]:
        """The notices of these kinds, in their order."""
        return [notice for _, notice in self.told if isinstance(notice, kinds)]


class World:
    """A venue and a folder. The program may be started in it again and again."""

    def __init__(self, doors: Doors, network: MemoryNetwork, folder: Path) -> None:
        self.control: Control = doors.control
        self.network = network
        self.user = Recorder()
        self.folder = folder
        self.database = folder / "trial.duckdb"
        self.disk: Disk | None = Disk("11111111-2222-3333-4444-555555555555")
        """None: a file, as in real life."""
        self.price = Decimal(0)
        self.handle: supervisor.Handle | None = None
        self.nursery: trio.Nursery | None = None
        """For what goes on in the background of a case."""
        self.others: set[str] = set()
        """Exchange ids of orders that are somebody else's."""
        self.company = False
        """Whether the program looks for other processes on its account."""
        self.orders_left = False
        """Whether a stop could not cancel all that it should."""
        self.quiet = False
        """Nobody trades at all."""
        self.text = TEXT
        """What the configuration is made of."""
        self.configured: Config | None = None
        """Instead of what `program` is asked for."""
        self.wall_error = 0
        """Nanoseconds by which the program's machine is ahead of the venue."""

    @property
    def report(self) -> StrategyReport:
        """What the program says of its strategy."""
        assert self.handle is not None
        (report,) = self.handle.status().strategies
        return report

    @property
    def state(self) -> str:
        """Of the program."""
        assert self.handle is not None
        return self.handle.status().state

    def config(self, kind: str, **changes: str) -> Config:
        """The configuration, with changes."""
        values = {
            "on_stop": "keep",
            "dry_run": "false",
            "amount": "100",
            "interval": "0.01",
            "buys": "5",
            "investment": "10000",
        }
        urls = {"rest": REST_URL, "ws": WS_URL, "auth": WS_AUTH_URL}
        keys = {"key": DEMO_KEY, "private": DEMO_PRIVATE, "database": str(self.database)}
        return parse(
            self.text.format(kind=kind, existing_base=existing_base(kind), **(values | urls | keys | changes)),
            "trial.toml",
            {},
            registry.known(),
        )

    @asynccontextmanager
    async def program(self, kind: str, **changes: str) -> AsyncIterator[supervisor.Handle]:
        """The program, until the end of the block; its journal is open, it may not be RUNNING yet."""
        config = self.configured or self.config(kind, **changes)
        surroundings = kraken.Surroundings(
            lambda: now() + self.wall_error, self.network.dial(), self.network.transport()
        )
        outside = Outside(
            wall=now,
            chance=random.Random(1).random,
            in_thread=_at_once,
            open_journal=self._open_journal,
            exchange=partial(_exchange, surroundings),
            opens_socket=False,
            orders_left=lambda: setattr(self, "orders_left", True),
            watches_company=self.company,
            channels=lambda _: [(self.user, ChannelConfig("recorder", "recorder"))],
        )
        with mock.patch.object(trio.to_thread, "run_sync", _at_once):
            async with trio.open_nursery() as nursery:
                handle: supervisor.Handle = await nursery.start(partial(supervisor.run, config, world=outside))
                self.handle = handle
                yield handle
                nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def trading(self, kind: str, **changes: str) -> AsyncIterator[supervisor.Handle]:
        """The program, once it is RUNNING."""
        async with self.program(kind, **changes) as handle:
            await self.until(lambda: handle.status().state == "RUNNING", 60, handle.status)
            yield handle

    def _open_journal(self, path: Path, now_ns: int, *, lineage: str | None = None) -> JournalPort:
        if self.disk is None:
            return Journal.open(path, now_ns, lineage=lineage)
        return self.disk.open_journal(path, now_ns, lineage=lineage)

    def move(self, price: str | Decimal) -> None:
        """A trade at this price. `trades_go_on` repeats it."""
        self.price = Decimal(price)
        self._trade()

    def _trade(self) -> None:
        """A delisted pair has none."""
        if self.control.venue.catalogue.by_symbol(SYMBOL) is not None:
            self.control.price(SYMBOL, self.price)

    def foreign(self, txid: str) -> None:
        """This order is somebody else's."""
        self.others.add(txid)

    async def trades_go_on(self, every: float = 1.0) -> None:
        """The market trades at the newest price for ever, as a real one does; never in the instant of a move."""
        await trio.sleep(every / 77)
        while True:
            await trio.sleep(every)
            if self.quiet:
                continue
            self._trade()

    def ladder(self) -> Ladder:
        """What is open at the venue of the program: side, price, rest of the volume; highest price first."""
        orders = (order for order in self.control.open_orders() if order.txid not in self.others)
        return sorted(
            ((order.side, order.price, order.volume) for order in orders),
            key=lambda row: (row[1], row[0]),
            reverse=True,
        )

    async def until(self, wanted: Callable[[], bool], seconds: float, show: Callable[[], object]) -> float:
        """Virtual seconds until it was so; the failure shows what was there instead."""
        begin = trio.current_time()
        with trio.move_on_after(seconds):
            while not wanted():  # noqa: ASYNC110 - venue and program are looked at from outside
                await trio.sleep(0.05)
            return trio.current_time() - begin
        raise AssertionError(f"not within {seconds:g} s: {show()}")


def _exchange(surroundings: kraken.Surroundings, name: str) -> Callable[..., Any]:
    del name

    @asynccontextmanager
    async def open_it(config: Config, store: Any, *, now: int, source: str) -> AsyncIterator[Exchange]:  # noqa: ANN401 - as the registry hands it on
        if config.bot.dry_run is False:
            async with kraken.connect(config, source, surroundings) as exchange:
                yield exchange
        else:
            async with connect_dry_run(config, store, now=now, source=source, world=surroundings) as paper:
                yield paper

    return open_it


async def _at_once(function: Callable[..., T], *arguments: object, **_: object) -> T:
    """In place of a worker thread, whose real time the virtual clock does not know."""
    await trio.lowlevel.checkpoint()
    return function(*arguments)


@asynccontextmanager
async def opened(folder: Path, price: str = "50000.0", **settings: Any) -> AsyncIterator[World]:  # noqa: ANN401 - fields of a struct
    """A fresh venue that trades at `price`, and whose market goes on trading."""
    chosen = Settings(**({"accounts": (account(),), "prices": {SYMBOL: Decimal(price)}} | settings))
    async with trio.open_nursery() as nursery:
        doors = Doors(chosen, now)
        world = World(doors, MemoryNetwork(doors, nursery), folder)
        world.nursery = nursery
        world.price = Decimal(price)
        nursery.start_soon(doors.keep_time, 1.0)
        nursery.start_soon(world.trades_go_on)
        yield world
        nursery.cancel_scope.cancel()
