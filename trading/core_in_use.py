"""A strategy's core between its state in the journal and its orders: what it is asked, and what leaves of its answers.

No order leaves before a commit: every decision is sent to persistence as one commit; its commands and notices leave
when the commit is acknowledged. Decisions go on meanwhile, and commits are acknowledged in order. Pure: what is said
goes through `Say`.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from messages.account import Attach, OrdersFound
from messages.ids import ClientOrderId, Nanos
from messages.journal import Commit, CoreLoaded, LoadCore
from messages.mailboxes import CoreEvent
from messages.market import Quote, RowDone, RulesChanged, Tick
from messages.notices import Notice
from messages.orders import (
    Amended,
    Balances,
    Cancel,
    Canceled,
    Deferred,
    Filled,
    OrderEvent,
    PartiallyFilled,
    Place,
    Reckoned,
    Resynced,
    Submit,
)
from messages.status import LookAgain, PhaseChanged, StrategyReport
from trading.decisions import Decisions, commands_of
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


class Identity(Struct, frozen=True):
    """Who the strategy is, as far as its run needs it."""

    userref: int
    name: str
    kind: str
    symbol: str
    fee: Decimal
    """Maker fee rate that its holds include."""


MakeCore = Callable[[CoreLoaded], Core]
"""Builds the decision core from what the journal holds."""


class Say(Struct, frozen=True):
    """How a strategy's messages leave, by their receiver. None of these waits or fails."""

    orders: Callable[[Attach | Submit | Reckoned | RowDone], None]
    journal: Callable[[LoadCore | Commit], None]
    notice: Callable[[Notice], None]
    phase: Callable[[PhaseChanged], None]
    report: Callable[[StrategyReport], None]
    look_again: Callable[[LookAgain], None] | None = None
    """None where nobody watches the venue's facts."""


class CoreInUse:
    """One core since the start of its strategy. What asks the core raises `CoreFailed`."""

    def __init__(
        self, identity: Identity, make: MakeCore, loaded: CoreLoaded, numbers: Iterator[int], say: Say, *, back: bool
    ) -> None:
        """`numbers`: of commits and attaches. `back`: released sells are placed again.

        Raises `CoreFailed` for a state that cannot be used.
        """
        self.identity = identity
        self.attached = 0
        """The number that answers to this attach bear; others are for an earlier one."""
        self.report_is_old = False
        self._numbers = numbers
        self._say = say
        self.decisions = Decisions()
        self._next_status = 0
        self._withdrawn = loaded.origin.withdrawn
        try:
            self.core = make(loaded)
            if back and isinstance(self.core, TakesBack):
                self.decisions.add(self.core.take_back())
        except CoreFailed:
            raise
        except (Exception, SystemExit) as error:
            raise CoreFailed(f"its saved state cannot be used: {error!r}") from error

    @property
    def due(self) -> int | None:
        """When `wake` is to be called although no tick comes, in nanoseconds UTC; None: never."""
        return self.core.band.wake if isinstance(self.core, WakesByClock) else None

    @property
    def has_traded(self) -> bool:
        """Whether `begin` was called."""
        return self._next_status > 0

    def begin(self, time: Nanos) -> None:
        """It trades since this moment of the market, or did so before: the hours between statuses count from there."""
        self._next_status = self._next_status or time + STATUS_EVERY

    def attach(self, since: int | None) -> None:
        """Name the orders that it counts on. `since`: the newest time of the journal; None asks for no history."""
        core = self.core
        self.attached, self._attached_with = next(self._numbers), core.owned
        orders = core.live_orders()
        self._amended: set[ClientOrderId] = {live.place.order_id for live in orders if live.placed is not None}
        """Orders that their owner changed by hand; those that are closed since may be among them."""
        self._say.orders(
            Attach(
                strategy=self.identity.userref,
                number=self.attached,
                symbol=self.identity.symbol,
                fee=self.identity.fee,
                owned=self._attached_with,
                sells_unowned=core.sells_unowned,
                orders=orders,
                since=since,
                withdrawn=self._withdrawn,
            )
        )

    def recover(self, found: OrdersFound, time: Nanos, *, adopt: bool) -> None:
        """Take over what the journal does not know, then attach with it. Raises `UnknownOrderError`."""
        try:
            recovery = self.core.recover(found, adopt=adopt)
        except CoreFailed:
            raise
        except Exception as error:
            raise CoreFailed(f"its orders at the exchange cannot be taken over: {error!r}") from error
        if recovery.unexplained:
            raise UnknownOrderError.of(recovery.unexplained[0], self.identity.userref)
        self.decisions.add(recovery.notices)
        if recovery.adopted:
            self.write_down(time, tuple(recovery.adopted))
        self.attach(None)

    def decide(self, event: CoreEvent) -> None:
        """Let the core handle an event."""
        if isinstance(event, Tick):
            self.take_price(event)
            return
        outputs = self._handled(event)
        if isinstance(event, OrderEvent):
            self.decisions.handled(event)
            self._tell_left(event)
        elif isinstance(event, Resynced):
            self._tell_owned(event)
        elif isinstance(event, Balances):
            self.report_is_old = True
        self.decisions.add(outputs)

    def take_price(self, tick: Tick) -> None:
        """Let the core handle a price, the most frequent event."""
        acts = not _asleep(self.core, tick)
        if acts:
            self.report_is_old = True  # it may have found a reason for doing nothing
        outputs = self._handled(tick)
        if acts:
            self._doubt()
        if tick.time >= self._next_status:
            self._next_status = tick.time + STATUS_EVERY
            if status := self.core.ladder():
                self._say.notice(status)
        self.decisions.add(outputs)

    def _handled(self, event: CoreEvent) -> list[Output]:
        try:
            return self.core.handle(event)
        except CoreFailed:
            raise
        except Exception as error:
            raise CoreFailed(f"decision core failed on {type(event).__name__}: {error!r}") from error

    def change_rules(self, news: RulesChanged) -> None:
        """Decide by these from now on."""
        self.identity = replace(self.identity, fee=news.fee)
        if isinstance(core := self.core, FollowsRules):
            self._ask(partial(core.change_rules, news.pair, news.fee))

    def put_off(self, news: Deferred) -> None:
        """The venue does not take an order now."""
        if isinstance(core := self.core, HearsDelays):
            self._ask(partial(core.put_off, news))

    def quote(self, quote: Quote) -> None:
        """What is bid and asked."""
        if isinstance(core := self.core, HearsQuotes):
            self._ask(partial(core.quote, quote))
            self._doubt()

    def wake(self, time: Nanos) -> None:
        """Let the core decide by the clock."""
        if isinstance(core := self.core, WakesByClock):
            self._ask(partial(core.wake, time))

    def _ask(self, question: Callable[[], list[Output]]) -> None:
        self.report_is_old = True
        try:
            outputs = question()
        except CoreFailed:
            raise
        except Exception as error:
            raise CoreFailed(f"decision core failed: {error!r}") from error
        self.decisions.add(outputs)

    def _doubt(self) -> None:
        """A price in doubt is held against bid and ask; how often is the watch's business, which serves all."""
        core, look_again = self.core, self._say.look_again
        if look_again is not None and isinstance(core, HearsQuotes) and (price := core.doubted) is not None:
            look_again(LookAgain(self.identity.symbol, "price jump", f"a trade at {price:f} is doubted"))

    def _tell_owned(self, resynced: Resynced) -> None:
        """What a fill left may depend on sells that were decided in this resync, which the ledger could not know."""
        if (owned := self.core.owned) != self._attached_with:
            self._say.orders(Reckoned(resynced.strategy, resynced.number, owned))

    def _tell_left(self, event: OrderEvent) -> None:
        """Report what is owned after an execution of a sell that the account owner enlarged."""
        if isinstance(event, Amended):
            self._amended.add(event.order_id)
        elif isinstance(event, PartiallyFilled | Filled | Canceled) and event.order_id in self._amended:
            userref, number = self.identity.userref, self.attached
            self._say.orders(Reckoned(userref, number, self.core.owned, event.order_id, event.filled))

    def write_down(self, time: Nanos, adopted: tuple[Place, ...] = ()) -> None:
        """Send what was decided since the last commit to persistence, with orders that were taken over."""
        number = next(self._numbers)
        commands, handled = self.decisions.take(number)
        core = self.core
        self._say.journal(
            Commit(
                strategy=self.identity.userref,
                number=number,
                name=self.identity.name,
                kind=self.identity.kind,
                time=time,
                state=core.save(),
                handled=handled,
                commands=commands,
                adopted=adopted,
                symbol=self.identity.symbol,
                books=core.books() if isinstance(core, KeepsBooks) else "",
            )
        )

    def release(self, number: int) -> None:
        """The commit is durable: its commands leave as one batch, its notices are posted."""
        outputs = self.decisions.release(number)
        if commands := commands_of(outputs):
            self._say.orders(Submit(self.identity.userref, commands))
        for output in outputs:
            if not isinstance(output, Place | Cancel):
                self._say.notice(output)


def _asleep(core: Core, tick: Tick) -> bool:
    band = core.band
    return band.low <= tick.price <= band.high and tick.time < band.wake
