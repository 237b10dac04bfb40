"""One life of the program: started in the simulated world, and killed without a chance to do anything."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import cast

import trio
from msgspec import Struct

import supervisor
from actors.persistence import InThread
from adapters.exchanges.kraken.exchange import KrakenExchange, Surroundings, connect
from adapters.exchanges.kraken.live_prices import connect_dry_run
from assembly.exit_codes import EXIT_USAGE
from assembly.world import World
from config import Config, ConfigError
from messages.account import AccountSnapshot, History, OrderFacts
from messages.ids import ClientOrderId
from messages.mailboxes import ExchangeEvent
from messages.market import Tick
from messages.orders import Place
from simulators.paper.exchange import AccountStore
from supervision.restart import root_cause
from tests.simulation.disk import Disk
from tests.simulation.network import Gate, Network, wall
from trading.ports import Exchange, TradingSession


class Crashed(Exception):
    """A dead process tried to write; nobody hears of it."""


class Accident(Exception):
    """A bug, simulated: an exception that no policy knows."""


class Accidents(Struct):
    """Calls of the adapter that fail next."""

    events: bool = False
    place: bool = False
    prices: bool = False
    tick: bool = False
    """The strategies get a message that nobody knows."""

    def take(self, name: str) -> bool:
        """Whether it is due; once."""
        due = bool(getattr(self, name))
        setattr(self, name, False)
        return due


class Life:
    """One process from its start to its end."""

    def __init__(self, number: int, gate: Gate) -> None:
        self.number = number
        self.gate = gate
        self.handle: supervisor.Handle | None = None
        self.failure: BaseException | None = None
        """How the program ended by itself."""
        self.ended = trio.Event()
        self.scope = trio.CancelScope()
        self.accidents = Accidents()

    @property
    def exit_code(self) -> int | None:
        """How it ended by itself; None when it did not."""
        cause = None if self.failure is None else root_cause(self.failure)
        if isinstance(cause, ConfigError):
            return EXIT_USAGE
        return cause.exit_code if isinstance(cause, supervisor.ProgramFailed) else None


async def live(config: Config, life: Life, network: Network, disk: Disk, chance: random.Random) -> None:
    """Run the program until it is killed, cancelled or ends by itself; what it leaves is on the disk."""

    def started(handle: supervisor.Handle) -> None:
        life.handle = handle

    async def program() -> None:
        try:
            with life.scope:
                async with trio.open_nursery() as nursery:
                    world = _world(life, network, disk, chance)
                    started(await nursery.start(partial(supervisor.run, config, "simulation.toml", world=world)))
        except BaseException as error:
            life.failure = error
            if not isinstance(error, Exception):
                raise
        finally:
            life.ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(program)
        nursery.start_soon(_bury, life)
        await life.ended.wait()
        nursery.cancel_scope.cancel()


async def _bury(life: Life) -> None:
    """Nothing that a dead process does has any effect; it is cancelled so that it does not do it for ever."""
    await life.gate.dead.wait()
    life.scope.cancel()


def _world(life: Life, network: Network, disk: Disk, chance: random.Random) -> World:
    gate = life.gate
    surroundings = Surroundings(wall, partial(network.dial, gate), network.transport(gate), disk.nonces)

    async def in_place(sync_fn: Callable[..., object], /, *args: object) -> object:
        """Instead of a worker thread, whose return no virtual clock could await."""
        await trio.lowlevel.checkpoint()
        if not gate.passes(getattr(sync_fn, "__name__", "call")):
            raise Crashed
        result = sync_fn(*args)
        await trio.lowlevel.checkpoint()
        if not gate.passes("done"):
            raise Crashed
        return result

    @asynccontextmanager
    async def kraken(config: Config, store: AccountStore, *, now: int, source: str) -> AsyncIterator[Exchange]:
        if config.simulated:
            async with connect_dry_run(config, store, now=now, source=source, world=surroundings) as paper:
                yield paper
            return
        async with connect(config, source, surroundings) as exchange:
            yield _Frail(exchange, life.accidents)

    return World(
        wall, chance.random, cast("InThread", in_place), disk.open_journal, lambda name: kraken, watches_company=False
    )


class _Frail(KrakenExchange):
    """The real adapter with all that it can, whose callers meet accidents."""

    def __init__(self, exchange: KrakenExchange, accidents: Accidents) -> None:
        vars(self).update(vars(exchange))
        self._accidents = accidents

    @asynccontextmanager
    async def prices(self, symbols: Sequence[str]) -> AsyncIterator[AsyncIterator[Tick]]:
        async with super().prices(symbols) as ticks:
            yield self._ticks(ticks)

    async def _ticks(self, ticks: AsyncIterator[Tick]) -> AsyncIterator[Tick]:
        async for tick in ticks:
            if self._accidents.take("prices"):
                raise Accident("market-data")
            if self._accidents.take("tick"):
                yield cast("Tick", _Unknown(tick.symbol, tick.price, tick.time))
            yield tick

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[TradingSession]:
        async with super().trading() as session:
            yield _FrailSession(session, self._accidents)

    def trading(self) -> AbstractAsyncContextManager[TradingSession]:  # type: ignore[override]
        return self._session()


class _Unknown(Struct, frozen=True):
    """Looks like a tick to market-data and like nothing to a strategy."""

    symbol: str
    price: Decimal
    time: int


class _FrailSession:
    def __init__(self, session: TradingSession, accidents: Accidents) -> None:
        self._session = session
        self._accidents = accidents

    async def snapshot(self) -> AccountSnapshot:
        return await self._session.snapshot()

    async def lookup(self, order_ids: Sequence[ClientOrderId]) -> dict[ClientOrderId, OrderFacts]:
        return await self._session.lookup(order_ids)

    async def closed(self, since: int) -> History:
        return await self._session.closed(since)

    async def events(self) -> AsyncIterator[ExchangeEvent]:
        async for event in self._session.events():
            if self._accidents.take("events"):
                raise Accident("order-manager")
            yield event

    async def place(self, orders: Sequence[Place]) -> None:
        if self._accidents.take("place"):
            raise Accident("order-manager")
        await self._session.place(orders)

    async def cancel(self, order_ids: Sequence[ClientOrderId]) -> None:
        await self._session.cancel(order_ids)
