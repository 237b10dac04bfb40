"""Strategy actor: one decision core, its durable state, and the rule that no order leaves before a commit.

Every decision is sent to persistence as one commit; its commands and notices leave when the commit is
acknowledged. Decisions go on meanwhile, and their commits are acknowledged in order.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import assert_never

import trio
from msgspec import Struct
from msgspec.structs import replace

from actors.condition_book import ConditionBook
from actors.decisions import Decisions
from actors.hindrances import Hindrances
from actors.mailbox import Mailbox
from actors.market_time import MarketTime
from actors.metrics.status_page import post_report
from actors.second_look import second_look
from messages.account import Attach, AttachRefused, AttachWaits, OrdersFound
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
from messages.market import Quote, RowDone, RowEnd, RulesChanged, Tick
from messages.money import ZERO
from messages.orders import (
    Accepted,
    Amended,
    Balances,
    Canceled,
    Deferred,
    Filled,
    OrderEvent,
    PartiallyFilled,
    Place,
    Reckoned,
    Rejected,
    Resynced,
    Resyncing,
)
from messages.status import LookAgain, Pause, PauseCause, Phase, PhaseChanged, Resume, Stop
from trading.guard import CoreFailed
from trading.ports import UnknownOrderError
from trading.strategies.core import (
    Core,
    FollowsRules,
    HearsDelays,
    HearsQuotes,
    KeepsBooks,
    Output,
    TakesBack,
    WakesByClock,
)

STATUS_EVERY = 3600 * 10**9
"""Nanoseconds of data time between two statuses."""

WAITING = "waiting for the exchange and a first price"


class Identity(Struct, frozen=True):
    """Who the strategy is, as far as the actor needs it."""

    userref: int
    name: str
    kind: str
    symbol: str
    fee: Decimal
    """Maker fee rate that its holds include."""


class Outlets(Struct, frozen=True):
    """Where a strategy's messages go."""

    orders: Mailbox[OrderManagerMail]
    persistence: Mailbox[PersistenceMail]
    notifier: Mailbox[NotifierMail]
    metrics: Mailbox[MetricsMail]
    supervisor: Mailbox[SupervisorMail]
    venue: Mailbox[VenueMail] | None = None
    """The watch over the venue's facts, where there is one."""


MakeCore = Callable[[CoreLoaded], Core]
"""Builds the decision core from what the journal holds."""


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
        self._identity = identity
        self._make_core = make_core
        self._mailbox = mailbox
        self._outlets = outlets
        self._numbers = numbers
        self._adopt = adopt
        self._take_back = take_back
        self._clock = MarketTime(by_clock=by_clock)
        self._hindrances = book and Hindrances(book, outlets.notifier, identity.userref, identity.name, identity.symbol)
        self._attached = 0
        self._attached_with = ZERO
        self._amended: set[str] = set()
        """Orders that their owner changed by hand; those that are closed since the last attach may be among them."""
        self._synced = False
        self._paused: dict[PauseCause, str] = dict(paused or {})
        """Why nothing is decided, by cause."""
        self._stop: Stop | None = None
        self._row: RowEnd | None = None
        self._backlog: list[StrategyMail] = []
        self._held: list[CoreEvent] = []
        self._decisions = Decisions(identity.userref, outlets.orders, outlets.notifier)
        self._next_status = 0
        self._report_is_old = False

    async def run(self) -> None:
        """Trade. Raises `CoreFailed` for an exception inside the core, `MailboxOverflow` when swamped."""
        try:
            await self._trade()
        except BaseException as error:
            # Whoever reads this mailbox next starts from the newest price, even in a market that is quiet
            # now: also after a cancellation, which is how a failure of the order-manager ends us. After a
            # failure of its own it owes a simulation the answer for its row.
            ticks = (message for message in reversed(self._backlog) if isinstance(message, Tick))
            if tick := self._clock.tick or next(ticks, None):
                self._mailbox.put_back_newest(tick.symbol, tick)
            if self._row is not None and isinstance(error, Exception):
                self._mailbox.post(self._row)
            raise

    async def _trade(self) -> None:
        self._tell_phase("syncing", "loading the journal")
        loaded = await self._load()
        self._attach(loaded.newest if loaded.state is not None else 0)
        self._take_all(self._backlog)
        while self._stop is None or self._decisions.wait:
            self._take_all(await self._mail_or_time())

    async def _mail_or_time(self) -> list[StrategyMail]:
        """The next mail; nothing when time itself gives something to do."""
        wake = self._wake_at()
        tell = self._hindrances.tell_at() if self._hindrances else math.inf
        with trio.move_on_at(min(wake, tell)):
            return await self._mailbox.receive()
        if self._hindrances:
            self._hindrances.tell()
        core, now = self._core, trio.current_time()
        if wake <= now and isinstance(core, WakesByClock):
            self._clock.woken()
            self._decisions.add(self._asked(partial(core.wake, self._clock.now())))
        return []

    def _wake_at(self) -> float:
        """When the core has to be asked although no tick comes, in seconds of trio's clock; infinite: never."""
        may_act = self._synced and not self._paused and self._stop is None
        if not may_act or not isinstance(self._core, WakesByClock):
            return math.inf
        return self._clock.wake_at(self._core.band.wake)

    async def _load(self) -> CoreLoaded:
        """Build the core from the journal; the mail that comes meanwhile is kept in the backlog."""
        number = next(self._numbers)
        self._outlets.persistence.post(LoadCore(self._identity.userref, number))
        loaded: CoreLoaded | None = None
        while loaded is None:
            for message in await self._mailbox.receive():
                if isinstance(message, CoreLoaded) and message.number == number:
                    loaded = message
                elif isinstance(message, RowEnd):
                    self._row = message
                else:
                    self._backlog.append(message)
        try:
            self._core = self._make_core(loaded)
            if self._take_back and isinstance(self._core, TakesBack):
                self._decisions.add(self._core.take_back())
        except CoreFailed:
            raise
        except (Exception, SystemExit) as error:
            raise CoreFailed(f"its saved state cannot be used: {error!r}") from error
        return loaded

    def _attach(self, since: int | None) -> None:
        self._row = None  # the order-manager repeats a row that is not over
        self._attached, self._attached_with = next(self._numbers), self._core.owned
        orders = self._core.live_orders()
        self._amended = {live.place.order_id for live in orders if live.placed is not None}
        self._outlets.orders.post(
            Attach(
                strategy=self._identity.userref,
                number=self._attached,
                symbol=self._identity.symbol,
                fee=self._identity.fee,
                owned=self._attached_with,
                sells_unowned=self._core.sells_unowned,
                orders=orders,
                since=since,
            )
        )
        self._tell_phase("syncing", WAITING)

    def _take_all(self, batch: list[StrategyMail]) -> None:
        for message in batch:
            if isinstance(message, RowEnd):
                self._row = message
        for message in batch:
            self._take(message)
        self._flush()

    def _take(self, message: StrategyMail) -> None:
        match message:
            case Tick():
                self._take_tick(message)
            case Accepted() | PartiallyFilled() | Filled() | Canceled() | Amended() | Rejected() | Balances():
                self._look_again(message)
                self._take_event(message)
            case AttachWaits() | AttachRefused() | OrdersFound() | Resyncing() | Resynced():
                if message.number == self._attached:
                    self._take_answer(message)
            case Committed():
                self._decisions.release(message.number)
            case RowEnd():
                pass  # answered once the whole batch is handled
            case Deferred() | RulesChanged():
                self._take_news(message)
            case Quote():
                self._take_quote(message)
            case Pause() | Resume():
                self._pause(message)
            case Stop():
                self._stop = message
                self._decide(message)
            case CoreLoaded():
                pass  # the answer to a load of an earlier start
            case _:
                assert_never(message)

    def _take_answer(self, answer: AttachWaits | AttachRefused | OrdersFound | Resyncing | Resynced) -> None:
        """Raises `UnknownOrderError`."""
        match answer:
            case AttachRefused():
                raise UnknownOrderError(answer.reason)
            case AttachWaits():
                if not self._synced and not self._paused:
                    self._tell_phase("syncing", answer.detail)
                    self._report_is_old = True
            case OrdersFound():
                self._recover(answer)
            case Resyncing():
                self._held.clear()
                if self._hindrances:
                    self._hindrances.begin(self._clock.now())
            case Resynced():
                self._held.append(answer)
                if not self._begin() and not self._paused and self._reason != WAITING:
                    self._tell_phase("syncing", WAITING)
                    self._report_is_old = True

    def _pause(self, message: Pause | Resume) -> None:
        if isinstance(message, Pause):
            self._paused[message.cause] = message.reason
        else:
            self._paused.pop(message.cause, None)
        if self._paused:
            self._tell_phase("halted", "")
        elif not self._begin():
            self._tell_phase("syncing", WAITING)

    def _take_news(self, news: Deferred | RulesChanged) -> None:
        """What a core may leave unheard."""
        self._look_again(news)
        core = self._core
        if self._hindrances and isinstance(news, Deferred):
            self._hindrances.put_off(news)
            self._report_is_old = True
        if isinstance(news, RulesChanged):
            self._identity = replace(self._identity, fee=news.fee)
        if isinstance(news, RulesChanged) and isinstance(core, FollowsRules):
            self._decisions.add(self._asked(partial(core.change_rules, news.pair, news.fee)))
        elif isinstance(news, Deferred) and isinstance(core, HearsDelays) and self._synced and not self._paused:
            self._decisions.add(self._asked(partial(core.put_off, news)))

    def _take_quote(self, quote: Quote) -> None:
        core = self._core
        if isinstance(core, HearsQuotes) and not self._paused and self._stop is None:
            self._decisions.add(self._asked(partial(core.quote, quote)))
            self._ask_for_quote()

    def _ask_for_quote(self) -> None:
        """A price in doubt is held against bid and ask; how often is the watch's business, which serves all."""
        core, venue = self._core, self._outlets.venue
        if venue is not None and isinstance(core, HearsQuotes) and (price := core.doubted) is not None:
            symbol = self._identity.symbol
            venue.post(LookAgain(symbol, "price jump", f"a trade at {price:f} is doubted"))

    def _look_again(self, message: StrategyMail) -> None:
        venue = self._outlets.venue
        if venue is None:
            return
        if look := second_look(message, self._identity.symbol, self._identity.fee):
            venue.post(look)

    def _asked(self, question: Callable[[], list[Output]]) -> list[Output]:
        """What the core answers. Raises `CoreFailed`."""
        self._report_is_old = True
        try:
            return question()
        except CoreFailed:
            raise
        except Exception as error:
            raise CoreFailed(f"decision core failed: {error!r}") from error

    def _recover(self, found: OrdersFound) -> None:
        """Take over what the journal does not know, then attach with it. Raises `UnknownOrderError`."""
        try:
            recovery = self._core.recover(found, adopt=self._adopt)
        except CoreFailed:
            raise
        except Exception as error:
            raise CoreFailed(f"its orders at the exchange cannot be taken over: {error!r}") from error
        if recovery.unexplained:
            raise UnknownOrderError.of(recovery.unexplained[0], self._identity.userref)
        self._decisions.add(recovery.notices)
        if recovery.adopted:
            self._commit(tuple(recovery.adopted))
        self._attach(None)

    def _take_tick(self, tick: Tick) -> None:
        first = self._clock.tick is None
        self._clock.heard(tick)
        if self._synced and not self._paused:
            self._decide(tick)
        elif first:
            self._begin()

    def _take_event(self, event: CoreEvent) -> None:
        if self._hindrances and isinstance(event, OrderEvent):
            self._hindrances.answered(event)
        if self._synced and not self._paused:
            self._decide(event)
        else:
            self._held.append(event)

    def _begin(self) -> bool:
        """Once synced and with a price at hand: handle the newest tick, then what was held, in its order."""
        told = self._synced or any(isinstance(event, Resynced) for event in self._held)
        if not told or self._clock.tick is None or self._paused or self._stop is not None:
            return False
        self._synced = True
        self._next_status = self._next_status or self._clock.tick.time + STATUS_EVERY
        self._decide(self._clock.tick)
        held, self._held = self._held, []
        for event in held:
            self._decide(event)
        self._tell_phase("trading", "")
        return True

    def _decide(self, event: CoreEvent) -> None:
        acts = isinstance(event, Tick) and not _asleep(self._core, event)
        if acts:
            self._report_is_old = True  # it may have found a reason for doing nothing
        try:
            outputs = self._core.handle(event)
        except CoreFailed:
            raise
        except Exception as error:
            raise CoreFailed(f"decision core failed on {type(event).__name__}: {error!r}") from error
        if isinstance(event, OrderEvent):
            self._decisions.handled(event)
            self._tell_left(event)
        elif isinstance(event, Resynced):
            self._tell_owned(event)
        elif isinstance(event, Balances):
            self._report_is_old = True
        if acts:
            self._ask_for_quote()
        if isinstance(event, Tick) and self._synced and event.time >= self._next_status:
            self._next_status = event.time + STATUS_EVERY
            if status := self._core.ladder():
                self._outlets.notifier.post(status)
        self._decisions.add(outputs)

    def _tell_owned(self, resynced: Resynced) -> None:
        """What a fill left may depend on sells that were decided in this resync, which the ledger could not know."""
        if (owned := self._core.owned) != self._attached_with:
            self._outlets.orders.post(Reckoned(resynced.strategy, resynced.number, owned))

    def _tell_left(self, event: OrderEvent) -> None:
        """Report what is owned after an execution of a sell that the account owner enlarged."""
        if isinstance(event, Amended):
            self._amended.add(event.order_id)
        elif isinstance(event, PartiallyFilled | Filled | Canceled) and event.order_id in self._amended:
            userref, number = self._identity.userref, self._attached
            self._outlets.orders.post(Reckoned(userref, number, self._core.owned, event.order_id, event.filled))

    def _flush(self) -> None:
        """Make what was decided durable; answer the row once nothing waits for its commit any more."""
        if self._decisions.are_new:
            self._commit()
            self._report_is_old = True
        if self._report_is_old:
            self._report_is_old = False
            self._report()
        if self._row is not None and not self._decisions.wait:
            self._outlets.orders.post(RowDone(self._identity.userref, self._row.row))
            self._row = None

    def _report(self) -> None:
        report = self._core.report(self._phase, self._reason)
        if self._hindrances:
            report = replace(report, put_off=self._hindrances.count())
            if self._synced:
                self._hindrances.report(report, self._clock.now())
        post_report(self._outlets.metrics, report)

    def _commit(self, adopted: tuple[Place, ...] = ()) -> None:
        number = next(self._numbers)
        commands, handled = self._decisions.take(number)
        self._outlets.persistence.post(
            Commit(
                strategy=self._identity.userref,
                number=number,
                name=self._identity.name,
                kind=self._identity.kind,
                time=self._clock.tick.time if self._clock.tick else 0,
                state=self._core.save(),
                handled=handled,
                commands=commands,
                adopted=adopted,
                symbol=self._identity.symbol,
                books=self._core.books() if isinstance(self._core, KeepsBooks) else "",
            )
        )

    def _tell_phase(self, phase: Phase, reason: str) -> None:
        if self._paused:
            phase, reason = "halted", "; ".join(self._paused.values())
        self._phase: Phase = phase
        self._reason = reason
        self._outlets.supervisor.post(PhaseChanged(self._identity.userref, phase, reason))


def _asleep(core: Core, tick: Tick) -> bool:
    band = core.band
    return band.low <= tick.price <= band.high and tick.time < band.wake
