"""A strategy actor between mailboxes that a test reads and fills."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TypeVar

import msgspec
import trio
from trio.testing import wait_all_tasks_blocked

from actors.mailbox import Mailbox
from actors.strategy import Identity, Outlets, StrategyActor
from messages.account import Attach
from messages.ids import Nanos, VenueOrderId
from messages.journal import Commit, Committed, CoreLoaded, LoadCore
from messages.mailboxes import (
    CoreEvent,
    MetricsMail,
    NotifierMail,
    OrderManagerMail,
    PersistenceMail,
    StrategyMail,
    SupervisorMail,
    VenueMail,
)
from messages.market import Tick
from messages.orders import Accepted, Balances, Cancel, Filled, Place, Resynced, Submit
from messages.status import PauseCause, Phase, PhaseChanged
from tests.trading.strategies.harness import SECOND, SETTINGS, USERREF
from trading.strategies.core import Core, Output
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.settings import GridSettings

START = Nanos(1_700_000_000 * SECOND)
Kind = TypeVar("Kind")


class RecordedCore(GridCore):
    """The real core; remembers what it was given, and fails where a test says so."""

    def __init__(self, settings: GridSettings, saved: str | None) -> None:
        super().__init__(settings, GRID_HODL, saved)
        self.events: list[CoreEvent] = []
        self.fails_on: Callable[[CoreEvent], bool] = lambda _: False

    def handle(self, event: CoreEvent) -> list[Output]:
        """Note the event, then decide."""
        self.events.append(event)
        if self.fails_on(event):
            raise ZeroDivisionError("a bug in the core")
        return super().handle(event)


class Rig:
    """Mailboxes of one strategy and its neighbours; they outlive the actor."""

    def __init__(self, config: GridSettings = SETTINGS, limit: int = 100_000) -> None:
        self.config = config
        self.mail = Mailbox[StrategyMail]("strategy", limit)
        self.orders = Mailbox[OrderManagerMail]("orders")
        self.persistence = Mailbox[PersistenceMail]("persistence")
        self.notifier = Mailbox[NotifierMail]("notifier")
        self.metrics = Mailbox[MetricsMail]("metrics")
        self.supervisor = Mailbox[SupervisorMail]("supervisor")
        self.venue = Mailbox[VenueMail]("venue")
        self.paused: dict[PauseCause, str] = {}
        self.numbers: Iterator[int] = itertools.count(1)
        self.now = START
        self.core = RecordedCore(config, None)
        self.ended = False

    def new_actor(self) -> StrategyActor:
        return StrategyActor(
            Identity(USERREF, "grid", "GridHODL", "BTC/USD", self.config.fee),
            self._make_core,
            self.mail,
            self.outlets(),
            self.numbers,
            paused=self.paused,
        )

    def outlets(self) -> Outlets:
        """Where the actor's messages go."""
        return Outlets(self.orders, self.persistence, self.notifier, self.metrics, self.supervisor, self.venue)

    def _make_core(self, loaded: CoreLoaded) -> Core:
        config = msgspec.structs.replace(self.config, lineage=loaded.lineage)
        self.core = RecordedCore(config, loaded.state)
        return self.core

    @asynccontextmanager
    async def running(self) -> AsyncIterator[trio.Nursery]:
        """One start of the actor; what still runs at the end of the block is cancelled, as in a crash."""
        async with trio.open_nursery() as nursery:
            self.ended = False
            nursery.start_soon(self._run)
            await wait_all_tasks_blocked()
            yield nursery
            nursery.cancel_scope.cancel()

    async def _run(self) -> None:
        await self.new_actor().run()
        self.ended = True

    async def hears(self, *messages: StrategyMail) -> None:
        """Leave messages as one batch and let the actor handle them."""
        for message in messages:
            self.mail.post(message)
        await wait_all_tasks_blocked()

    async def load(self, state: str | None = None) -> Attach:
        """Answer the load; returns what the strategy tells the order-manager then."""
        (ask,) = self.asked(LoadCore)
        await self.hears(CoreLoaded(self.config.lineage, state, ask.number))
        (attach,) = self.said(Attach)
        return attach

    async def begin(self, price: str = "50000", state: str | None = None) -> Attach:
        """Load, be told of the funds, resync, first tick."""
        attach = await self.load(state)
        await self.hears(funds(), Resynced(USERREF, attach.number))
        await self.tick(price)
        return attach

    async def tick(self, price: str, seconds: int = 1) -> None:
        """A newer price, as market-data leaves it."""
        self.mail.post_newest("BTC/USD", self.a_tick(price, seconds))
        await wait_all_tasks_blocked()

    def a_tick(self, price: str, seconds: int = 1) -> Tick:
        self.now = Nanos(self.now + seconds * SECOND)
        return Tick("BTC/USD", Decimal(price), self.now)

    async def commit(self) -> Commit:
        """Acknowledge the one commit that waits."""
        (commit,) = self.commits()
        await self.hears(Committed(commit.number))
        return commit

    async def trade(self) -> list[Place]:
        """The whole start with an accepted ladder; nothing is waiting afterwards."""
        await self.begin()
        places = orders_of(await self.commit())
        await self.hears(*(self.accepted(place) for place in places))
        await self.commit()
        self.read_all()
        return places

    def accepted(self, place: Place) -> Accepted:
        return Accepted(order_id=place.order_id, exchange_id=VenueOrderId(f"O{place.order_id}"), time=self.now)

    def filled(self, place: Place) -> Filled:
        self.now = Nanos(self.now + SECOND)
        cost = place.price * place.volume
        fill_id = f"F{place.order_id}"
        return Filled(
            order_id=place.order_id,
            exchange_id=VenueOrderId(f"O{place.order_id}"),
            fill_id=fill_id,
            filled=place.volume,
            cost=cost,
            fee=cost / 400,
            time=self.now,
        )

    def commits(self) -> list[Commit]:
        return self.asked(Commit)

    def asked(self, kind: type[Kind]) -> list[Kind]:
        """What persistence was sent; nothing else may be among it."""
        return only(kind, self.persistence.receive_nowait())

    def said(self, kind: type[Kind]) -> list[Kind]:
        """What the order-manager was sent; nothing else may be among it."""
        return only(kind, self.orders.receive_nowait())

    def phases(self) -> list[Phase]:
        return [message.phase for message in only(PhaseChanged, self.supervisor.receive_nowait())]

    def read_all(self) -> None:
        """Forget what was said so far."""
        for mailbox in (self.orders, self.persistence, self.notifier, self.metrics, self.supervisor):
            mailbox.receive_nowait()
        self.core.events.clear()


def only(kind: type[Kind], messages: Sequence[object]) -> list[Kind]:
    """The messages, all of which are of that kind."""
    found = [message for message in messages if isinstance(message, kind)]
    assert len(found) == len(messages)
    return found


def funds(quote: str = "100000", base: str = "0") -> Balances:
    return Balances(USERREF, Decimal(quote), Decimal(base), Decimal(0))


def orders_of(message: Commit | Submit) -> list[Place]:
    return [command for command in message.commands if isinstance(command, Place)]


def cancels_of(message: Commit | Submit) -> list[str]:
    return [command.order_id for command in message.commands if isinstance(command, Cancel)]
