"""Flow control: nobody waits in a circle, and load fails whoever does not keep up, never whoever sends."""

from graphlib import TopologicalSorter

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mailbox import Mailbox, MailboxOverflow
from actors.market_data import run_market_data
from actors.notifier.actor import NotifierContext, run_notifier
from actors.notifier.outbox import Outbox
from actors.order_manager import run_order_manager
from assembly.wiring import NOTICE_LIMIT, Mailboxes
from messages.account import AccountSnapshot, Attach
from messages.ids import ClientOrderId, Nanos
from messages.letters import Letter
from messages.mailboxes import MetricsMail, NotifierMail, OrderManagerMail, PersistenceMail, StrategyMail
from messages.market import RowEnd, Tick
from messages.notices import Notice, ProgramEnded
from messages.orders import Rejected
from supervision.policy import RestartIntensity
from supervision.restart import Watch, supervise
from supervision.stop_request import StopControl
from tests import wait_graph
from tests.actors.fake_exchange import FakeExchange
from tests.config.texts import VALID, read
from tests.trading.strategies.harness import BTC_USD, USERREF, D

WAITS = {
    "strategy": {"persistence"},
    "stand_in": {"persistence"},
    "account_client": {"persistence"},
    "exchange": {"account_client"},
    "order_manager": {"exchange"},
    "market_data": {"exchange"},
    "notifier": {"channel"},
    "survey": {"exchange"},
}
"""Who waits for whose answer; `program` is the survey before the start.

Behind `exchange` and `channel` is the outside world, which knows none of us.
"""

READERS = {
    "StrategyMail": {"actors/strategy.py", "actors/stand_in.py"},
    "OrderManagerMail": {"actors/order_manager.py"},
    "PersistenceMail": {"actors/persistence.py"},
    "PaperMail": {"actors/account_client.py"},
    "NotifierMail": {"actors/notifier/actor.py"},
    "MetricsMail": {"actors/metrics/status_page.py"},
    "Tick": {"actors/market_data.py"},
    "VenueMail": {"actors/venue_watch.py"},
    "SupervisorMail": {"supervision/state_keeper.py"},
}
MANY = 100_000


def test_the_graph_of_who_waits_for_whom_is_the_one_above() -> None:
    assert wait_graph.waits() == WAITS


def test_nobody_waits_in_a_circle() -> None:
    order = list(TopologicalSorter(wait_graph.waits()).static_order())
    assert order.index("persistence") < order.index("strategy")
    assert order.index("persistence") < order.index("order_manager")


def test_persistence_waits_for_nobody_but_its_thread() -> None:
    persistence = wait_graph.modules("actors")["actors/persistence.py"]
    assert wait_graph.awaited_outside_itself(persistence) == {"mailbox.receive", "in_thread", "self._in_thread"}
    assert "persistence" not in wait_graph.waits()
    assert wait_graph.answers_in("PersistenceMail") == frozenset()


def test_only_persistence_answers() -> None:
    sources = wait_graph.modules("actors", "adapters", "supervision")
    assert {"Committed", "CoreLoaded", "AccountSaved", "AccountLoaded"} == wait_graph.ANSWERS
    found = {path for path, tree in sources.items() if wait_graph.handed_on(tree) & wait_graph.ANSWERS}
    assert found == {"actors/persistence.py"}


def test_every_mailbox_is_read_by_one_actor_only() -> None:
    readers: dict[str | None, set[str]] = {}
    for path, tree in wait_graph.modules("actors", "supervision").items():
        if path != "actors/mailbox.py":
            for mail in wait_graph.received(tree):
                readers.setdefault(mail, set()).add(path)
    assert readers == READERS


def test_sending_cannot_block() -> None:
    assert wait_graph.coroutine_methods_of_a_mailbox() == ["receive"]


async def test_as_many_facts_as_the_limit_wait_for_a_slow_receiver_and_none_is_lost() -> None:
    mailbox = Mailbox[RowEnd]("slow")
    for number in range(MANY):
        mailbox.post(RowEnd(number))
    assert (len(mailbox), mailbox.dropped) == (MANY, 0)
    assert [message.row for message in await mailbox.receive()] == list(range(MANY))


async def test_an_overflow_fails_the_receiver_once_and_never_the_sender() -> None:
    mailbox = Mailbox[RowEnd]("too slow")
    for number in range(MANY + 3):
        mailbox.post(RowEnd(number))
    assert (len(mailbox), mailbox.dropped) == (MANY, 3)
    with pytest.raises(MailboxOverflow, match="too slow: more than 100,000 messages waited"):
        await mailbox.receive()
    mailbox.post(RowEnd(0))
    assert await mailbox.receive() == [RowEnd(0)]


async def test_a_flood_of_ticks_takes_the_room_of_one() -> None:
    exchange, strategy, watch = FakeExchange(), Mailbox[StrategyMail]("strategy"), Mailbox[Tick]("watch")
    metrics = Mailbox[MetricsMail]("metrics")
    exchange.quote(*(Tick("BTC/USD", D(price), Nanos(price)) for price in range(10_000)))
    async with trio.open_nursery() as nursery:
        await nursery.start(_market_data, exchange, strategy, watch, metrics)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert [len(mailbox) for mailbox in (strategy, watch, metrics)] == [1, 1, 1]
    assert strategy.receive_nowait() == [Tick("BTC/USD", D(9_999), Nanos(9_999))]


async def _market_data(
    exchange: FakeExchange,
    strategy: Mailbox[StrategyMail],
    watch: Mailbox[Tick],
    metrics: Mailbox[MetricsMail],
    *,
    task_status: trio.TaskStatus[None],
) -> None:
    subscribers = {"BTC/USD": [strategy]}
    await run_market_data(exchange, subscribers, watch, metrics, lock_step=False, task_status=task_status)


async def test_a_strategy_that_does_not_read_does_not_hold_up_the_order_manager() -> None:
    exchange = FakeExchange(AccountSnapshot({"USD": D(1000)}, ()))
    mail, strategy = Mailbox[OrderManagerMail]("orders"), Mailbox[StrategyMail]("strategy", limit=1_000)
    persistence = Mailbox[PersistenceMail]("persistence")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_order_manager, exchange, mail, {USERREF: strategy}, persistence, {"BTC/USD": BTC_USD})
        await wait_all_tasks_blocked()
        mail.post(Attach(USERREF, 1, "BTC/USD", D(0), D(0), sells_unowned=False, orders=()))
        exchange.session.say(
            *(
                Rejected(order_id=ClientOrderId(f"g0000rt{number:011}"), reason="refused", text="no", time=Nanos(1))
                for number in range(2_000)
            )
        )
        await wait_all_tasks_blocked()
        assert len(mail) == 0
        assert len(persistence) == 2_000
        with pytest.raises(MailboxOverflow):
            strategy.receive_nowait()
        nursery.cancel_scope.cancel()


async def test_a_swamped_actor_is_restarted_while_its_sender_goes_on(autojump_clock: MockClock) -> None:
    mailbox, got, sent = Mailbox[RowEnd]("slow", limit=100), list[int](), list[int]()
    watch = Watch(
        StopControl(),
        RestartIntensity(),
        Mailbox[NotifierMail]("notifier"),
        Mailbox[MetricsMail]("metrics"),
        lambda: 0.0,
    )

    async def slow() -> None:
        while True:
            got.extend(message.row for message in await mailbox.receive())
            await trio.sleep(1)

    async def sender() -> None:
        for number in range(1_000):
            mailbox.post(RowEnd(number))
            sent.append(number)
            await trio.sleep(1 if number < 500 else 0.001)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "market-data", "slow", slow)
        await supervise(watch, "market-data", "sender", sender)
        await trio.sleep(10)
        mailbox.post(RowEnd(1_000))
        await trio.sleep(10)
        assert watch.control.is_running("slow")
        nursery.cancel_scope.cancel()
    assert sent == list(range(1_000))
    assert got[:500] == list(range(500))
    assert got[-1] == 1_000
    assert mailbox.dropped > 0
    assert len(watch.notifier.receive_nowait()) == 1


def test_notices_are_bounded_and_what_is_dropped_is_counted() -> None:
    mail = Mailboxes(read(VALID))
    for number in range(NOTICE_LIMIT + 4_000):
        mail.notifier.post(ProgramEnded("bot", str(number)))
    assert (len(mail.notifier), mail.notifier.dropped) == (NOTICE_LIMIT, 4_000)
    assert [mail.orders.dropped, mail.persistence.dropped, mail.supervisor.dropped] == [0, 0, 0]


class _Channel:
    name = "fake"

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    async def check(self) -> None:
        """Nothing to find out."""

    async def send(self, letter: Letter) -> None:
        """Keep it."""
        self.notices.append(letter.notice)


async def test_after_too_many_notices_the_notifier_goes_on_with_the_next(autojump_clock: MockClock) -> None:
    mailbox, channel = Mailbox[NotifierMail]("notifier", limit=10), _Channel()
    watch = Watch(
        StopControl(), RestartIntensity(), Mailbox[NotifierMail]("told"), Mailbox[MetricsMail]("metrics"), lambda: 0.0
    )
    outbox = Outbox(channel)
    for number in range(20):
        mailbox.post(ProgramEnded("bot", str(number)))

    async def notifier() -> None:
        await run_notifier(mailbox, NotifierContext([outbox], "bot", lambda: 0))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "notifier", "notifier", notifier)
        await trio.sleep(5)
        mailbox.post(ProgramEnded("bot", "the next"))
        await trio.sleep(5)
        nursery.cancel_scope.cancel()
    assert channel.notices == [ProgramEnded("bot", "the next")]
    assert mailbox.dropped == 10
    assert not watch.control.stopping
