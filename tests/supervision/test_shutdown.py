"""Everything stops in order, within its time, and whoever is not there is not waited for."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mailbox import Mailbox
from assembly.wiring import Mailboxes
from config import Config
from messages.account import StopTrading
from messages.journal import Close
from messages.mailboxes import OrderManagerMail, PersistenceMail, StrategyMail
from messages.status import Stop
from supervision.shutdown import SHARES, stop_in_order
from supervision.stop_request import StopControl
from tests.config.texts import VALID, changed, read

EXPECTED = [
    (0, "strategy/btc-hodl", Stop("keep")),
    (0, "strategy/eth-sell", Stop("keep")),
    (1, "strategy/btc-hodl", "gone"),
    (1, "strategy/eth-sell", "gone"),
    (1, "order-manager", StopTrading()),
    (2, "order-manager", "gone"),
    (2, "trading", "ended"),
    (2, "persistence", Close()),
    (3, "persistence", "gone"),
]


@dataclass
class Program:
    """Fake actors that read one message each, work for a while and leave; `events` is what happened when."""

    config: Config = field(default_factory=lambda: read(VALID))
    control: StopControl = field(default_factory=StopControl)
    events: list[tuple[float, str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mail = Mailboxes(self.config)

    def note(self, who: str, what: object) -> None:
        self.events.append((round(trio.current_time(), 6), who, what))

    async def stop(self) -> bool:
        return await stop_in_order(self.config, self.control, self.mail, lambda: self.note("trading", "ended"))

    async def actor(
        self,
        name: str,
        mailbox: Mailbox[StrategyMail] | Mailbox[OrderManagerMail] | Mailbox[PersistenceMail],
        seconds: float,
    ) -> None:
        with self.control.running(name):
            for message in await mailbox.receive():
                self.note(name, message)
            await trio.sleep(seconds)
            self.note(name, "gone")
            self.control.finished(name)

    def start(self, nursery: trio.Nursery, seconds: Callable[[str], float]) -> None:
        strategies = {f"strategy/{s.name}": self.mail.strategies[s.userref] for s in self.config.strategy}
        for name, strategy in strategies.items():
            nursery.start_soon(self.actor, name, strategy, seconds(name))
        nursery.start_soon(self.actor, "order-manager", self.mail.orders, seconds("order-manager"))
        nursery.start_soon(self.actor, "persistence", self.mail.persistence, seconds("persistence"))


async def test_strategies_then_orders_then_the_exchange_then_persistence(autojump_clock: MockClock) -> None:
    program = Program()
    async with trio.open_nursery() as nursery:
        program.start(nursery, lambda _: 1)
        await wait_all_tasks_blocked()
        assert await program.stop()
    assert sorted(program.events[:4], key=str) == sorted(EXPECTED[:4], key=str)
    assert program.events[4:] == EXPECTED[4:]


async def test_nobody_who_is_not_running_is_waited_for(autojump_clock: MockClock) -> None:
    program = Program()
    assert not await program.stop(), "nobody was there to cancel anything"
    assert trio.current_time() == 0
    assert program.events == [(0, "trading", "ended")]
    assert program.mail.persistence.receive_nowait() == [Close()]


async def test_the_journal_is_asked_to_close_when_nobody_writes_any_more(autojump_clock: MockClock) -> None:
    program, waiting = Program(), list[int]()
    await stop_in_order(
        program.config, program.control, program.mail, lambda: waiting.append(len(program.mail.persistence))
    )
    assert waiting == [0]
    assert len(program.mail.persistence) == 1


@pytest.mark.parametrize("on_stop", ["keep", "cancel-buys", "cancel-all"])
async def test_strategies_are_told_what_to_do_with_their_orders(on_stop: str, autojump_clock: MockClock) -> None:
    program = Program(read(changed("dry_run = true", f'dry_run = true\non_stop = "{on_stop}"')))
    await program.stop()
    for mailbox in program.mail.strategies.values():
        (stop,) = mailbox.receive_nowait()
        assert isinstance(stop, Stop)
        assert stop.on_stop == on_stop


async def test_who_does_not_answer_gets_its_share_of_the_time_and_no_more(autojump_clock: MockClock) -> None:
    program = Program()
    async with trio.open_nursery() as nursery:
        program.start(nursery, lambda _: 3600)
        await wait_all_tasks_blocked()
        await program.stop()
        nursery.cancel_scope.cancel()
    times = [(time, who) for time, who, _ in program.events if who not in ("strategy/btc-hodl", "strategy/eth-sell")]
    assert times == [
        (2.4, "order-manager"),
        (4.8, "trading"),
        (4.8, "persistence"),
    ]
    assert trio.current_time() == pytest.approx(6)


async def test_a_stuck_strategy_does_not_take_the_time_of_persistence(autojump_clock: MockClock) -> None:
    program = Program()
    async with trio.open_nursery() as nursery:
        program.start(nursery, lambda name: 3600 if name == "strategy/btc-hodl" else 0.5)
        await wait_all_tasks_blocked()
        assert not await program.stop()
        assert (2.9, "persistence", Close()) in program.events
        assert (3.4, "persistence", "gone") in program.events
        nursery.cancel_scope.cancel()


async def test_the_configured_limit_holds(autojump_clock: MockClock) -> None:
    program = Program(read(VALID + "\n[supervisor]\nshutdown_seconds = 2\n"))
    async with trio.open_nursery() as nursery:
        program.start(nursery, lambda _: 3600)
        await wait_all_tasks_blocked()
        await program.stop()
        nursery.cancel_scope.cancel()
    assert trio.current_time() == pytest.approx(1.5)


async def test_an_impatient_caller_does_not_tear_it_apart(autojump_clock: MockClock) -> None:
    program = Program()
    async with trio.open_nursery() as nursery:
        program.start(nursery, lambda _: 1)
        await wait_all_tasks_blocked()
        with trio.move_on_after(0.5):
            await program.stop()
    assert program.events[-1] == EXPECTED[-1]


def test_two_seconds_of_eight_are_left_for_the_last_notices() -> None:
    assert 8 * (1 - sum(SHARES.values())) == pytest.approx(2)


async def test_cancels_may_use_the_time_that_the_strategies_left(autojump_clock: MockClock) -> None:
    program = Program()
    async with trio.open_nursery() as nursery:
        program.start(nursery, lambda name: 3600 if name == "order-manager" else 0)
        await wait_all_tasks_blocked()
        await program.stop()
        nursery.cancel_scope.cancel()
    seconds = float(program.config.supervisor.shutdown_seconds)
    assert [time for time, who, _ in program.events if who == "trading"] == [
        seconds * (SHARES["strategies"] + SHARES["orders"])
    ]
