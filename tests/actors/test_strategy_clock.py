"""A strategy whose core acts by the clock, and what it tells of orders that wait."""

from decimal import Decimal

import msgspec
import trio
from trio.testing import MockClock

from actors.condition_book import ConditionBook
from actors.strategy import Identity, Outlets, StrategyActor
from messages.account import Attach
from messages.conditions import Condition, ConditionChanged, Conditions
from messages.ids import ClientOrderId, Nanos
from messages.journal import Commit, Committed, CoreLoaded, LoadCore
from messages.notices import OrdersPutOff
from messages.orders import Deferred, Place, Resynced, Resyncing, Submit
from messages.status import Pause, Resume
from tests.actors.strategy_rig import Rig, funds
from tests.trading.strategies.harness import SECOND, SETTINGS, USERREF
from trading.strategies.core import NEVER, Band, Core, Output
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_hodl import GRID_HODL


class Sleeper(GridCore):
    """Wants to be asked at `due`, in nanoseconds UTC."""

    due = NEVER

    def __init__(self) -> None:
        super().__init__(SETTINGS, GRID_HODL)
        self.asked: list[tuple[float, int]] = []
        self.moves_on = True

    @property
    def band(self) -> Band:
        return Band(Decimal(0), Decimal(10**9), self.due)

    def wake(self, time: Nanos) -> list[Output]:
        self.asked.append((trio.current_time(), time))
        if self.moves_on:
            self.due = NEVER
        return []


class ClockRig(Rig):
    """A strategy in a live market."""

    def __init__(self, *, by_clock: bool = True) -> None:
        super().__init__()
        self.sleeper = Sleeper()
        self.by_clock = by_clock
        self.book = ConditionBook("strategy/grid", self.metrics, self.persistence)

    def new_actor(self) -> StrategyActor:
        return StrategyActor(
            Identity(USERREF, "grid", "GridHODL", "BTC/USD", self.config.fee),
            self._core,
            self.mail,
            Outlets(self.orders, self.persistence, self.notifier, self.metrics, self.supervisor),
            self.numbers,
            book=self.book,
            by_clock=self.by_clock,
        )

    def _core(self, loaded: CoreLoaded) -> Core:
        del loaded
        return self.sleeper

    async def synced(self) -> Attach:
        """Load, attach, first tick; all commits are acknowledged."""
        (ask,) = [message for message in self.persistence.receive_nowait() if isinstance(message, LoadCore)]
        await self.hears(CoreLoaded(self.config.lineage, None, ask.number))
        (attach,) = [message for message in self.orders.receive_nowait() if isinstance(message, Attach)]
        await self.hears(Resyncing(USERREF, attach.number), funds(), Resynced(USERREF, attach.number))
        await self.tick("50000")
        await self.acknowledge()
        return attach

    async def acknowledge(self) -> list[Commit]:
        found = [message for message in self.persistence.receive_nowait() if isinstance(message, Commit)]
        for commit in found:
            await self.hears(Committed(commit.number))
        return found


async def test_a_core_is_asked_when_its_time_has_come_without_a_tick(autojump_clock: MockClock) -> None:
    rig = ClockRig()
    async with rig.running():
        await rig.synced()
        rig.sleeper.due = rig.now + 10 * SECOND
        await rig.tick("50001", 0)
        began = trio.current_time()
        await trio.sleep(9.9)
        assert rig.sleeper.asked == []
        await trio.sleep(100)
        assert rig.sleeper.asked == [(began + 10, rig.now + 10 * SECOND)]


async def test_a_core_that_stays_due_is_not_asked_in_a_loop(autojump_clock: MockClock) -> None:
    rig = ClockRig()
    rig.sleeper.moves_on = False
    async with rig.running():
        await rig.synced()
        rig.sleeper.due = rig.now
        await rig.tick("50001", 0)
        await trio.sleep(10.5)
        assert 5 < len(rig.sleeper.asked) <= 11


async def test_in_a_simulation_time_passes_with_rows_only(autojump_clock: MockClock) -> None:
    rig = ClockRig(by_clock=False)
    async with rig.running():
        await rig.synced()
        rig.sleeper.due = rig.now + SECOND
        await rig.tick("50001", 0)
        await trio.sleep(100)
        assert rig.sleeper.asked == []


async def test_while_it_is_paused_nothing_is_decided_by_the_clock(autojump_clock: MockClock) -> None:
    rig = ClockRig()
    async with rig.running():
        await rig.synced()
        await rig.hears(Pause("no price"))
        rig.sleeper.due = rig.now + SECOND
        await trio.sleep(100)
        assert rig.sleeper.asked == []
        await rig.hears(Resume())
        await trio.sleep(2)
        assert len(rig.sleeper.asked) == 1


async def test_orders_that_wait_are_a_condition_until_they_are_answered(autojump_clock: MockClock) -> None:
    rig = ClockRig()
    async with rig.running():
        await rig.synced()
        (submit,) = [message for message in rig.orders.receive_nowait() if isinstance(message, Submit)]
        places = [command for command in submit.commands if isinstance(command, Place)]
        rig.metrics.receive_nowait()
        rig.persistence.receive_nowait()
        await rig.hears(
            *(
                Deferred(order_id=place.order_id, reason="user locked", text="ETrade:User Locked", time=rig.now)
                for place in places
            )
        )
        assert [row.code for row in _open(rig)] == ["orders put off"]
        (opened,) = [m for m in rig.persistence.receive_nowait() if isinstance(m, ConditionChanged)]
        assert "ETrade:User Locked" in opened.condition.detail
        assert [n.count for n in rig.notifier.receive_nowait() if isinstance(n, OrdersPutOff)] == [1]
        await rig.hears(*(rig.accepted(place) for place in places))
        assert _open(rig) == ()


async def test_a_long_wait_for_an_answer_is_told_without_any_mail(autojump_clock: MockClock) -> None:
    rig = ClockRig()
    async with rig.running():
        await rig.synced()
        rig.notifier.receive_nowait()
        await rig.hears(Deferred(order_id=ClientOrderId("o1"), reason="no answer", text="no answer", time=rig.now))
        await trio.sleep(30)
        assert rig.notifier.receive_nowait() == []
        await trio.sleep(31)
        assert len(rig.notifier.receive_nowait()) == 1


def _open(rig: Rig) -> tuple[Condition, ...]:
    rows = [report.open for report in rig.metrics.receive_nowait() if isinstance(report, Conditions)]
    return rows[-1]


def test_the_sleeper_is_a_core_like_any_other() -> None:
    assert msgspec.json.decode(Sleeper().save())
