"""Persistence: owns the journal, makes decisions durable and acknowledges them.

All mail that waits is one group commit. The journal blocks, so it is only touched in a worker thread, one
call at a time. Persistence waits for nothing but that thread.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Literal, Protocol, TypeVar, TypeVarTuple, assert_never

import trio
from msgspec import Struct

from actors.mailbox import Mailbox, MailboxOverflow
from messages.conditions import ConditionChanged
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

Write = Commit | Record | SaveAccount | ConditionChanged | Owner

Reply = Callable[[str, Committed | CoreLoaded | AccountSaved | AccountLoaded], None]
"""Leaves an answer in the mailbox of `strategy/<userref>` or `paper`; must not raise."""

PAPER = "paper"
"""Whom the paper exchange's answers go to."""

_GROUP_LIMIT = 500
"""Messages in one commit at most, so that a long backlog is acknowledged step by step."""

_QUIET_SECONDS = 1.0

_CHECK_SECONDS = 10.0
"""A file that is removed or replaced is noticed at the next write, and after this time without one."""

_COMPANY_SECONDS = 0.05
"""Group-commit window for records, in seconds: the record of a fill waits for the decision that answers it, so that its
own write does not delay that decision. Nothing waits for records, and a resync brings back those that a crash loses."""

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


class InThread(Protocol):
    """Runs something that blocks: `trio.to_thread.run_sync`, or in place where no thread may be."""

    async def __call__(self, sync_fn: Callable[[*Arguments], Result], /, *args: *Arguments) -> Result: ...


class JournalPort(Protocol):
    """The journal as persistence uses it; every method blocks and may raise `DatabaseUnusable`."""

    lineage: str
    repaired: str | None
    fresh: bool

    @property
    def owner(self) -> Owner | None:
        """Whose it is; None for a new one, and for one of an older version."""

    @property
    def unsettled(self) -> int:
        """Durable messages that loads do not see before `settle`."""

    def write(self, messages: Sequence[Write]) -> None:
        """Make all messages durable, all or none; repeating one changes nothing."""

    def settle(self) -> None:
        """Do the work that writes put off."""

    def load_cores(self, userrefs: Sequence[int]) -> list[tuple[str | None, Origin]]:
        """By strategy: the state of its last commit (None without one) and what it was made for."""

    def pasts(self) -> list[Past]:
        """What it holds of every userref, by userref."""

    def check(self) -> None:
        """Whether the file is still the one that was opened."""

    def newest(self) -> int:
        """Time of the newest thing that it holds, in nanoseconds UTC; 0 for an empty one."""

    def load_account(self) -> tuple[str | None, dict[str, str]]:
        """The paper exchange's account and its orders."""

    def checkpoint(self) -> None:
        """Leave everything in the file itself, so that it can be moved as one piece."""

    def close(self) -> None:
        """Let go of the file."""


class OpenedJournal(Struct, frozen=True):
    """What `run_persistence` hands back once the file is open."""

    lineage: str
    repaired: str | None
    """What was done to a damaged file; the user should be notified."""
    fresh: bool
    """Whether the file was made just now."""


def strategy_address(userref: int) -> str:
    """Whom a strategy's answers go to."""
    return f"strategy/{userref}"


async def run_persistence(
    open_journal: Callable[[], JournalPort],
    mailbox: Mailbox[PersistenceMail],
    reply: Reply,
    *,
    quiet_seconds: float = _QUIET_SECONDS,
    in_thread: InThread = trio.to_thread.run_sync,
    task_status: trio.TaskStatus[OpenedJournal] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `mailbox` until `Close`. `open_journal` and the journal are called through `in_thread`.

    After `quiet_seconds` without mail, when nothing waits for it, the work that writes put off is done.

    Raises `DatabaseUnusable` when the file cannot be opened or written. Mail that was not carried out by
    then, or when it is cancelled, is back in the mailbox in its order, so that a restarted persistence goes
    on with it; nothing is acknowledged that is not durable.
    """
    journal = await in_thread(open_journal)
    try:
        task_status.started(OpenedJournal(journal.lineage, journal.repaired, journal.fresh))
        desk = _Desk(journal, reply, in_thread)
        while not desk.closing:
            await _carry_out(desk, mailbox, await _next_mail(journal, mailbox, quiet_seconds, in_thread))
    finally:
        with trio.CancelScope(shield=True):
            await in_thread(journal.close)


async def _next_mail(
    journal: JournalPort, mailbox: Mailbox[PersistenceMail], quiet_seconds: float, in_thread: InThread
) -> list[PersistenceMail]:
    mail: list[PersistenceMail] = []
    if journal.unsettled:
        with trio.move_on_after(quiet_seconds):
            mail = await mailbox.receive()
        if not mail:
            await in_thread(journal.settle)
    while not mail:
        with trio.move_on_after(_CHECK_SECONDS):
            mail = await mailbox.receive()
        if not mail:
            await in_thread(journal.check)
    await _wait_for_company(mail, mailbox)
    return mail


async def _wait_for_company(mail: list[PersistenceMail], mailbox: Mailbox[PersistenceMail]) -> None:
    """While `mail` is nothing but records, let what follows share their write."""
    try:
        with trio.move_on_after(_COMPANY_SECONDS):
            while len(mail) < _GROUP_LIMIT and all(isinstance(message, Record | ConditionChanged) for message in mail):
                mail += await mailbox.receive()
    except BaseException:
        _put_back(mailbox, mail)
        raise


async def _carry_out(desk: "_Desk", mailbox: Mailbox[PersistenceMail], mail: list[PersistenceMail]) -> None:
    done = 0
    try:
        for group in _groups(mail):
            await desk.carry_out(group)
            done += _size(group)
    finally:
        if done < len(mail):
            _put_back(mailbox, mail[done:])


def _put_back(mailbox: Mailbox[PersistenceMail], mail: list[PersistenceMail]) -> None:
    """Leave `mail` before what arrived since. No await in between, so nothing can arrive meanwhile."""
    waiting: list[PersistenceMail] = []
    with suppress(MailboxOverflow):  # that mail is lost already, ours is not
        waiting = mailbox.receive_nowait()
    for message in (*mail, *waiting):
        mailbox.post(message)


class Loads(Struct, frozen=True):
    """Strategies that start together: what the journal holds of each is read in one go."""

    asked: tuple[LoadCore, ...]


Group = list[Write] | Loads | LoadAccount | Close


def _groups(mail: Sequence[PersistenceMail]) -> Iterator[Group]:
    """Neighbouring writes together, neighbouring loads together, everything else alone, in order of arrival."""
    for kind, run in itertools.groupby(mail, _kind_of):
        if kind == "write":
            writes = [message for message in run if isinstance(message, Write)]
            for start in range(0, len(writes), _GROUP_LIMIT):
                yield writes[start : start + _GROUP_LIMIT]
        elif kind == "load":
            yield Loads(tuple(message for message in run if isinstance(message, LoadCore)))
        else:
            yield from (message for message in run if isinstance(message, LoadAccount | Close))


def _kind_of(message: PersistenceMail) -> Literal["write", "load", "other"]:
    if isinstance(message, Write):
        return "write"
    return "load" if isinstance(message, LoadCore) else "other"


def _size(group: Group) -> int:
    """In messages."""
    match group:
        case list():
            return len(group)
        case Loads(asked):
            return len(asked)
        case _:
            return 1


class _Desk:
    """Carries out one group after another and answers it."""

    def __init__(self, journal: JournalPort, reply: Reply, in_thread: InThread) -> None:
        self._journal = journal
        self._reply = reply
        self._in_thread = in_thread
        self.closing = False

    async def carry_out(self, group: Group) -> None:
        match group:
            case Loads(asked):
                states, newest = await self._in_thread(self._load, asked)
                for load, (state, origin) in zip(asked, states, strict=True):
                    loaded = CoreLoaded(self._journal.lineage, state, load.number, newest, origin)
                    self._reply(strategy_address(load.strategy), loaded)
            case LoadAccount():
                account, orders = await self._in_thread(self._journal.load_account)
                self._reply(PAPER, AccountLoaded(account, orders))
            case Close():
                await self._in_thread(self._journal.settle)
                self.closing = True
            case list():
                await self._write(group)
            case _:
                assert_never(group)

    def _load(self, asked: tuple[LoadCore, ...]) -> tuple[list[tuple[str | None, Origin]], int]:
        journal = self._journal
        return journal.load_cores([load.strategy for load in asked]), journal.newest()

    async def _write(self, messages: list[Write]) -> None:
        await self._in_thread(self._journal.write, messages)
        for message in messages:
            self._acknowledge(message)

    def _acknowledge(self, message: Write) -> None:
        match message:
            case Commit():
                self._reply(strategy_address(message.strategy), Committed(message.number))
            case SaveAccount():
                self._reply(PAPER, AccountSaved(message.number))
            case Record() | ConditionChanged() | Owner():
                pass
            case _:
                assert_never(message)
