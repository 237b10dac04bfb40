"""Nothing is acknowledged that is not durable, nothing is forgotten, and nobody is waited for."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors.mailbox import Mailbox
from actors.persistence import JournalPort, OpenedJournal, Write, run_persistence
from adapters.journal.journal import Journal
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.journal import (
    AccountLoaded,
    AccountSaved,
    Close,
    Commit,
    Committed,
    CoreLoaded,
    LoadAccount,
    LoadCore,
    Origin,
    Owner,
    Past,
    Record,
    SaveAccount,
)
from messages.mailboxes import PersistenceMail
from messages.orders import Accepted
from trading.ports import DatabaseUnusable

Answer = Committed | CoreLoaded | AccountSaved | AccountLoaded


def commit(number: int, strategy: int = 1) -> Commit:
    return Commit(strategy, number, "btc", "GridHODL", number, f"state {number}", (), ())


def record() -> Record:
    return Record(1, Accepted(order_id=ClientOrderId("order-1"), exchange_id=VenueOrderId("X-1"), time=Nanos(5)))


class MemoryJournal:
    """A journal that keeps everything in memory, fails on request and notes what is asked of it."""

    lineage = "lineage-1"
    repaired: str | None = None
    fresh = True

    def __init__(self, failures: int = 0) -> None:
        self.groups: list[list[Write]] = []
        self.failures = failures
        self.checks = 0
        self.unsettled = 0
        self.closed = False
        self.times_read = 0
        self.settled = threading.Event()
        self.may_write = threading.Event()
        self.may_write.set()

    def write(self, messages: Sequence[Write]) -> None:
        assert self.may_write.wait(5)
        if self.failures:
            self.failures -= 1
            raise DatabaseUnusable("the disk is full")
        self.groups.append(list(messages))
        self.unsettled += len(messages)

    def check(self) -> None:
        self.checks += 1

    def settle(self) -> None:
        self.unsettled = 0
        self.settled.set()

    def load_core(self, userref: int) -> str | None:
        states = [m.state for group in self.groups for m in group if isinstance(m, Commit) and m.strategy == userref]
        return states[-1] if states else None

    def load_cores(self, userrefs: Sequence[int]) -> list[tuple[str | None, Origin]]:
        return [(self.load_core(userref), Origin()) for userref in userrefs]

    owner: Owner | None = None

    def pasts(self) -> list[Past]:
        return []

    def checkpoint(self) -> None:
        """Nothing waits."""

    def newest(self) -> int:
        self.times_read += 1
        return max((m.time for group in self.groups for m in group if isinstance(m, Commit)), default=0)

    def load_account(self) -> tuple[str | None, dict[str, str]]:
        saves = [m for group in self.groups for m in group if isinstance(m, SaveAccount)]
        return (saves[-1].account, saves[-1].orders) if saves else (None, {})

    def close(self) -> None:
        assert not self.closed
        self.closed = True


class Office:
    """A mailbox and the answers to it."""

    def __init__(self) -> None:
        self.mailbox: Mailbox[PersistenceMail] = Mailbox("persistence")
        self.answers: list[tuple[str, Answer]] = []
        self._wanted = 0
        self._there = trio.Event()

    def post(self, *mail: PersistenceMail) -> None:
        for message in mail:
            self.mailbox.post(message)

    def reply(self, address: str, answer: Answer) -> None:
        self.answers.append((address, answer))
        if len(self.answers) >= self._wanted:
            self._there.set()

    async def answered(self, count: int) -> list[tuple[str, Answer]]:
        if len(self.answers) < count:
            self._wanted, self._there = count, trio.Event()
            with trio.fail_after(10):
                await self._there.wait()
        return self.answers

    async def serve(self, journal: JournalPort) -> None:
        await run_persistence(lambda: journal, self.mailbox, self.reply)


async def until_closed(journal: JournalPort, *mail: PersistenceMail) -> list[tuple[str, Answer]]:
    office = Office()
    office.post(*mail, Close())
    with trio.fail_after(10):
        await office.serve(journal)
    return office.answers


async def test_commits_are_acknowledged_to_their_strategies() -> None:
    journal = MemoryJournal()
    answers = await until_closed(journal, commit(1), record(), commit(5, strategy=2), SaveAccount(9, "a", {}))
    assert answers == [("strategy/1", Committed(1)), ("strategy/2", Committed(5)), ("paper", AccountSaved(9))]
    assert journal.closed


async def test_all_mail_that_waits_is_one_group_commit() -> None:
    journal = MemoryJournal()
    await until_closed(journal, commit(1), record(), commit(2), commit(3))
    assert journal.groups == [[commit(1), record(), commit(2), commit(3)]]


async def test_a_long_backlog_is_acknowledged_step_by_step() -> None:
    journal = MemoryJournal()
    await until_closed(journal, *(commit(n) for n in range(1, 1_202)))
    assert [len(group) for group in journal.groups] == [500, 500, 201]


async def test_strategies_that_start_together_are_read_in_one_go() -> None:
    journal = MemoryJournal()
    await until_closed(journal, commit(1), LoadCore(1), LoadCore(2), LoadCore(3), commit(4), LoadCore(1, 2))
    assert journal.times_read == 2


async def test_a_load_sees_what_was_sent_before_it_and_nothing_later() -> None:
    answers = await until_closed(
        MemoryJournal(),
        LoadCore(1),
        LoadAccount(),
        commit(1),
        commit(2),
        LoadCore(1),
        commit(3),
        SaveAccount(1, "a", {}),
    )
    assert answers == [
        ("strategy/1", CoreLoaded("lineage-1", None)),
        ("paper", AccountLoaded(None, {})),
        ("strategy/1", Committed(1)),
        ("strategy/1", Committed(2)),
        ("strategy/1", CoreLoaded("lineage-1", "state 2", newest=2)),
        ("strategy/1", Committed(3)),
        ("paper", AccountSaved(1)),
    ]


async def test_it_is_ready_once_the_file_is_open_and_tells_what_it_found(nursery: trio.Nursery) -> None:
    journal = MemoryJournal()
    journal.repaired = "cut"
    office = Office()
    opened: OpenedJournal = await nursery.start(run_persistence, lambda: journal, office.mailbox, office.reply)
    assert opened == OpenedJournal("lineage-1", "cut", fresh=True)
    office.post(Close())


async def test_a_file_that_cannot_be_opened_fails_the_start() -> None:
    def refuse() -> JournalPort:
        raise DatabaseUnusable("no directory")

    office = Office()
    with pytest.raises(DatabaseUnusable, match="no directory"):
        await run_persistence(refuse, office.mailbox, office.reply)


async def test_nothing_is_acknowledged_before_it_is_durable(nursery: trio.Nursery) -> None:
    office, journal = Office(), MemoryJournal()
    journal.may_write.clear()
    nursery.start_soon(office.serve, journal)
    office.post(commit(1))
    await wait_all_tasks_blocked(0.01)
    assert not office.answers
    journal.may_write.set()
    assert await office.answered(1) == [("strategy/1", Committed(1))]
    office.post(Close())


async def test_a_failed_write_is_carried_out_by_the_next_persistence_in_the_same_order() -> None:
    office, journal = Office(), MemoryJournal(failures=1)
    office.post(commit(1), LoadCore(1), commit(2), Close())
    with pytest.raises(DatabaseUnusable, match="the disk is full"):
        await office.serve(journal)
    assert journal.closed
    assert not office.answers
    office.post(record())
    successor = MemoryJournal()
    await office.serve(successor)
    assert successor.groups == [[commit(1)], [commit(2)], [record()]]
    assert [answer for _, answer in office.answers] == [
        Committed(1),
        CoreLoaded("lineage-1", "state 1", newest=1),
        Committed(2),
    ]


async def test_what_was_acknowledged_before_a_failure_is_not_carried_out_twice() -> None:
    office = Office()
    journal = MemoryJournal()
    office.post(commit(1), LoadCore(1), commit(2))
    journal.load_core = partial(_refuse)  # type: ignore[method-assign]
    with pytest.raises(DatabaseUnusable):
        await office.serve(journal)
    assert office.answers == [("strategy/1", Committed(1))]
    assert office.mailbox.receive_nowait() == [LoadCore(1), commit(2)]


def _refuse(userref: int) -> str | None:
    raise DatabaseUnusable(f"nothing of {userref} can be read")


async def test_mail_that_arrives_during_a_failing_write_stays_behind_what_failed(nursery: trio.Nursery) -> None:
    office, journal = Office(), MemoryJournal(failures=1)
    journal.may_write.clear()
    office.post(commit(1))

    async def fail() -> None:
        with pytest.raises(DatabaseUnusable):
            await office.serve(journal)
        assert office.mailbox.receive_nowait() == [commit(1), commit(2)]

    nursery.start_soon(fail)
    await wait_all_tasks_blocked(0.01)
    office.post(commit(2))
    journal.may_write.set()


async def test_a_cancelled_persistence_finishes_its_write_and_closes_the_file(nursery: trio.Nursery) -> None:
    office, journal = Office(), MemoryJournal()
    journal.may_write.clear()
    office.post(commit(1), LoadCore(1))
    scope = trio.CancelScope()

    async def cancellable() -> None:
        with scope:
            await office.serve(journal)

    nursery.start_soon(cancellable)
    await wait_all_tasks_blocked(0.01)
    scope.cancel()
    journal.may_write.set()
    assert await office.answered(1) == [("strategy/1", Committed(1))]
    while not journal.closed:
        await trio.lowlevel.checkpoint()
    assert office.mailbox.receive_nowait() == [LoadCore(1)]


async def test_a_pause_is_used_to_settle(nursery: trio.Nursery) -> None:
    office, journal = Office(), MemoryJournal()
    serve = partial(run_persistence, lambda: journal, office.mailbox, office.reply, quiet_seconds=0.001)
    nursery.start_soon(serve)
    office.post(commit(1))
    assert await trio.to_thread.run_sync(journal.settled.wait, 10)
    assert office.answers == [("strategy/1", Committed(1))]
    office.post(Close())


async def test_a_record_shares_the_write_of_the_decision_that_it_leads_to(nursery: trio.Nursery) -> None:
    office, journal = Office(), MemoryJournal()
    nursery.start_soon(office.serve, journal)
    office.post(record())
    await wait_all_tasks_blocked()
    assert journal.groups == []
    office.post(commit(1))
    await office.answered(1)
    assert journal.groups == [[record(), commit(1)]]
    office.post(Close())


async def test_a_record_that_stays_alone_is_written_after_a_moment(nursery: trio.Nursery) -> None:
    office, journal = Office(), MemoryJournal()
    nursery.start_soon(partial(run_persistence, lambda: journal, office.mailbox, office.reply, quiet_seconds=0.001))
    office.post(record())
    assert await trio.to_thread.run_sync(journal.settled.wait, 10)
    assert journal.groups == [[record()]]
    office.post(Close())


async def test_records_that_wait_for_company_survive_a_cancellation(nursery: trio.Nursery) -> None:
    office, journal = Office(), MemoryJournal()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as inner:
            inner.start_soon(office.serve, journal)
            office.post(record())
            await wait_all_tasks_blocked()
            scope.cancel()
    assert office.mailbox.receive_nowait() == [record()]


async def test_what_waits_together_is_written_together_up_to_a_question_in_between() -> None:
    office, journal = Office(), MemoryJournal()
    office.post(commit(1), record(), LoadCore(1), commit(2), Close())
    await run_persistence(lambda: journal, office.mailbox, office.reply)
    assert journal.groups == [[commit(1), record()], [commit(2)]]


@pytest.fixture
def open_journal(tmp_path: Path) -> Callable[[], Journal]:
    return partial(Journal.open, tmp_path / "grid.duckdb", 1)


async def test_with_a_real_file_a_successor_finds_every_acknowledged_commit(
    open_journal: Callable[[], Journal], nursery: trio.Nursery
) -> None:
    office = Office()
    for number in (1, 2, 3):
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as inner:
                await inner.start(run_persistence, open_journal, office.mailbox, office.reply)
                office.post(commit(number), LoadCore(1))
                await office.answered(2 * number)
                scope.cancel()
        assert office.answers[-1] == (
            "strategy/1",
            CoreLoaded(open_journal_lineage(office), f"state {number}", newest=number, origin=Origin("GridHODL")),
        )
    office.post(Close())
    await run_persistence(open_journal, office.mailbox, office.reply)


def open_journal_lineage(office: Office) -> str:
    lineages = {answer.lineage for _, answer in office.answers if isinstance(answer, CoreLoaded)}
    assert len(lineages) == 1
    return lineages.pop()
