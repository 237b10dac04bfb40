"""One virtual hour of a strategy that fills every second, with a notifier beside it; for a test and a benchmark.

The strategy, its mailboxes, the notifier and the outboxes are the real ones. Price, exchange and journal are
played: the price climbs and falls by one interval a second, so that each second fills what it crosses.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import trio
from trio.testing import wait_all_tasks_blocked

from actors.mailbox import Mailbox
from actors.notifier.actor import NotifierContext, run_notifier
from actors.notifier.outbox import Outbox
from messages.ids import Nanos, VenueOrderId
from messages.journal import Commit, Committed
from messages.mailboxes import PersistenceMail
from messages.orders import Cancel, Canceled, Place
from tests.actors.channels import wall_clock
from tests.actors.strategy_rig import Rig

HOUR = 3_600
STEPS = 12
"""Seconds that the price falls before it climbs again."""
STEP = Decimal("1.0105")
TOP = Decimal(50_000)


@dataclass(frozen=True)
class Decision:
    """How long one decision took, from its cause in the mailbox to its commit at persistence."""

    cause: str
    virtual: float
    """Seconds of trio's clock."""
    wall: float
    """Seconds of the real clock, in which other processes run too."""
    cpu: float
    """Seconds that this thread computed meanwhile, whatever for."""


@dataclass
class Hour:
    """What was measured."""

    decisions: list[Decision] = field(default_factory=list)
    fills: int = 0
    longest_outbox: int = 0
    last_fill: str = ""


class _Journal(Mailbox[PersistenceMail]):
    """Notes when each commit arrives."""

    def __init__(self) -> None:
        super().__init__("persistence")
        self._arrived: tuple[float, float, float] | None = None

    def forget(self) -> None:
        """Wait for the next commit."""
        self._arrived = None

    def arrival(self) -> tuple[float, float, float] | None:
        """When the first commit since `forget` arrived."""
        return self._arrived

    def post(self, message: PersistenceMail) -> None:
        if isinstance(message, Commit) and self._arrived is None:
            self._arrived = _clocks()
        super().post(message)


class Trader:
    """The world around the strategy."""

    def __init__(self, outboxes: Sequence[Outbox]) -> None:
        self.rig = Rig()
        self._journal = _Journal()
        self.rig.persistence = self._journal
        self._outboxes = outboxes
        self._open: dict[str, Place] = {}
        self.hour = Hour()

    @asynccontextmanager
    async def running(self, *, with_notifier: bool = True) -> AsyncIterator[None]:
        """The strategy trades; the notifier runs beside it, or its mail is thrown away."""
        async with self.rig.running():
            for place in await self.rig.trade():
                self._open[place.order_id] = place
            async with trio.open_nursery() as nursery:
                if with_notifier:
                    await nursery.start(run_notifier, self.rig.notifier, self._desk())
                yield
                nursery.cancel_scope.cancel()

    async def trade(self, seconds: int, *, with_notifier: bool = True) -> None:
        """One price a second, and what it fills."""
        price = TOP
        for second in range(seconds):
            falling = second % (2 * STEPS) < STEPS
            price = (price / STEP if falling else price * STEP).quantize(Decimal("0.1"))
            for place in [place for place in self._open.values() if _crossed(place, price)]:
                await self._fill(place)
            await self._decides("tick", price)
            self.hour.longest_outbox = max([self.hour.longest_outbox, *(len(outbox) for outbox in self._outboxes)])
            if not with_notifier:
                self.rig.notifier.receive_nowait()
            await trio.sleep(1)

    def _desk(self) -> NotifierContext:
        return NotifierContext(self._outboxes, "bot", wall_clock(), jitter=lambda: 0.5)

    async def _fill(self, place: Place) -> None:
        del self._open[place.order_id]
        self.hour.fills += 1
        self.hour.last_fill = f"{place.side} executed, {place.volume:f} BTC at {place.price:f} USD"
        await self._decides("fill", place)

    async def _decides(self, cause: str, what: Decimal | Place) -> None:
        """Post the cause, note when its commit arrives, and let journal and exchange answer."""
        self._journal.forget()
        begun = _clocks()
        if isinstance(what, Place):
            self.rig.mail.post(self.rig.filled(what))
        else:
            self.rig.mail.post_newest("BTC/USD", self.rig.a_tick(str(what)))
        await wait_all_tasks_blocked()
        if (arrived := self._journal.arrival()) is not None:
            self.hour.decisions.append(
                Decision(cause, *(at - before for at, before in zip(arrived, begun, strict=True)))
            )
        while await self._answer():
            pass

    async def _answer(self) -> bool:
        """Acknowledge commits, accept and cancel what they ask for; whether there was anything."""
        commits = [message for message in self._journal.receive_nowait() if isinstance(message, Commit)]
        self.rig.orders.receive_nowait()
        self.rig.metrics.receive_nowait()
        self.rig.supervisor.receive_nowait()
        self.rig.core.events.clear()
        for commit in commits:
            self.rig.mail.post(Committed(commit.number))
            for command in commit.commands:
                if isinstance(command, Place):
                    self._open[command.order_id] = command
                    self.rig.mail.post(self.rig.accepted(command))
                elif self._open.pop(command.order_id, None) is not None:
                    self.rig.mail.post(_closed(command, self.rig.now))
        await wait_all_tasks_blocked()
        return bool(commits)


def _clocks() -> tuple[float, float, float]:
    return trio.current_time(), time.perf_counter(), time.thread_time()


def _crossed(place: Place, price: Decimal) -> bool:
    return price <= place.price if place.side == "buy" else price >= place.price


def _closed(command: Cancel, now: int) -> Canceled:
    return Canceled(
        order_id=command.order_id,
        exchange_id=VenueOrderId(f"O{command.order_id}"),
        filled=Decimal(0),
        cost=Decimal(0),
        fee=Decimal(0),
        reason="requested",
        time=Nanos(now),
    )
