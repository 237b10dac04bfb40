"""Strategy actor: the mailbox, the clock and the conditions around one start of a strategy.

What follows from a message is decided by `trading.strategy_run`; the states are those of `trading.strategy_life`.
"""

import math
from collections.abc import Iterator, Mapping

import trio
from msgspec import Struct
from msgspec.structs import replace

from actors.condition_book import ConditionBook
from actors.hindrances import Hindrances
from actors.mailbox import Mailbox
from actors.market_time import MarketTime
from actors.metrics.status_page import post_report
from actors.second_look import second_look
from messages.mailboxes import (
    MetricsMail,
    NotifierMail,
    OrderManagerMail,
    PersistenceMail,
    StrategyMail,
    SupervisorMail,
    VenueMail,
)
from messages.market import Tick
from messages.orders import Deferred, OrderEvent, Resyncing
from messages.status import PauseCause, StrategyReport
from trading.core_in_use import STATUS_EVERY, Identity, MakeCore, Say
from trading.strategy_run import StrategyRun

__all__ = ["STATUS_EVERY", "Identity", "MakeCore", "Outlets", "StrategyActor"]


class Outlets(Struct, frozen=True):
    """Where a strategy's messages go."""

    orders: Mailbox[OrderManagerMail]
    persistence: Mailbox[PersistenceMail]
    notifier: Mailbox[NotifierMail]
    metrics: Mailbox[MetricsMail]
    supervisor: Mailbox[SupervisorMail]
    venue: Mailbox[VenueMail] | None = None
    """The watch over the venue's facts, where there is one."""


class StrategyActor:
    """One start of one strategy: load, attach, catch up with what happened, trade until `Stop`."""

    def __init__(
        self,
        identity: Identity,
        make_core: MakeCore,
        mailbox: Mailbox[StrategyMail],
        outlets: Outlets,
        numbers: Iterator[int],
        *,
        adopt: bool = False,
        take_back: bool = False,
        paused: Mapping[PauseCause, str] | None = None,
        book: ConditionBook | None = None,
        by_clock: bool = False,
    ) -> None:
        """`numbers` goes on over all starts of the strategy, so that a late answer is never mistaken.

        `adopt`: take open orders of this userref over that cannot be explained. `paused`: causes and reasons of a
        pause that began before this start. `book` takes what holds the strategy up; it outlives the starts. `by_clock`:
        time passes also without a trade, unlike in a simulation. `take_back`: released sells are placed again.
        """
        self._mailbox = mailbox
        self._metrics = outlets.metrics
        self._venue = outlets.venue
        self._clock = MarketTime(by_clock=by_clock)
        self._hindrances = book and Hindrances(book, outlets.notifier, identity.userref, identity.name, identity.symbol)
        say = Say(
            orders=outlets.orders.post,
            journal=outlets.persistence.post,
            notice=outlets.notifier.post,
            phase=outlets.supervisor.post,
            report=self._report,
            look_again=self._venue.post if self._venue else None,
        )
        self._run = StrategyRun(identity, make_core, numbers, say, adopt=adopt, take_back=take_back, paused=paused)

    async def run(self) -> None:
        """Trade. Raises `CoreFailed` for an exception inside the core, `MailboxOverflow` when swamped."""
        try:
            self._run.begin()
            while self._run.state != "stopped":
                self._take_all(await self._mail_or_time())
        except BaseException as error:
            # Whoever reads this mailbox next starts from the newest price, even in a market that is quiet
            # now: also after a cancellation, which is how a failure of the order-manager ends us. After a
            # failure of its own it owes a simulation the answer for its row.
            if tick := self._run.newest:
                self._mailbox.put_back_newest(tick.symbol, tick)
            if (row := self._run.row) is not None and isinstance(error, Exception):
                self._mailbox.post(row)
            raise

    async def _mail_or_time(self) -> list[StrategyMail]:
        """The next mail; nothing when time itself gives something to do."""
        due = self._run.due
        wake = math.inf if due is None else self._clock.wake_at(due)
        tell = self._hindrances.tell_at() if self._hindrances else math.inf
        with trio.move_on_at(min(wake, tell)):
            return await self._mailbox.receive()
        if self._hindrances:
            self._hindrances.tell(self._clock.now())
        if wake <= trio.current_time():
            self._clock.woken()
            self._run.wake(self._clock.now())
        return []

    def _take_all(self, batch: list[StrategyMail]) -> None:
        run = self._run
        for message in run.sift(batch):
            if isinstance(message, Tick):
                self._clock.heard(message)
                run.take_tick(message)
            else:
                self._note(message)
                run.take(message)
        self._flush()

    def _flush(self) -> None:
        self._run.flush()

    def _note(self, message: StrategyMail) -> None:
        """What a message says of venue and conditions."""
        if self._venue is not None:
            identity = self._run.identity
            if look := second_look(message, identity.symbol, identity.fee):
                self._venue.post(look)
        if self._hindrances:
            self._hinder(self._hindrances, message)

    def _hinder(self, hindrances: Hindrances, message: StrategyMail) -> None:
        if isinstance(message, OrderEvent):
            hindrances.answered(message)
        elif isinstance(message, Deferred):
            hindrances.put_off(message)
            self._run.report_anew()
        elif isinstance(message, Resyncing) and message.number == self._run.attached:
            hindrances.begin(self._clock.now())

    def _report(self, report: StrategyReport) -> None:
        if self._hindrances:
            report = replace(report, put_off=self._hindrances.count())
            if self._run.has_traded:
                self._hindrances.report(report, self._clock.now())
        post_report(self._metrics, report)
