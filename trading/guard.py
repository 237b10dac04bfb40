"""Nothing that a decision core asks for leaves unseen: what is not its own to ask for halts its strategy.

Pure. A core may be anybody's plug-in, so its answers are checked before they are committed: whose order it is, of
which pair, with which id, in which size, what all of it costs together, and whether its own fills brought what it
sells. For that the guard keeps books of its own (`trading.books`); a core is never taken at its word.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import TypeVar, get_args

import msgspec

from messages.account import LiveOrder, OrdersFound
from messages.counted import counted
from messages.ids import Nanos, client_order_id
from messages.mailboxes import CoreEvent
from messages.market import Quote, Tick
from messages.money import EXACT, ZERO, Pair, below_minimum, floor_price, floor_volume
from messages.notices import LadderStatus, Notice
from messages.orders import (
    Balances,
    Cancel,
    Canceled,
    Deferred,
    Filled,
    OrderEvent,
    OrderKind,
    PartiallyFilled,
    Place,
    Rejected,
)
from messages.status import Phase, StrategyReport
from trading import books as accounts
from trading.books import Books
from trading.claims import check_live, check_recovery
from trading.demand import Bounds, CoreFailed, Demand, Pace, shown
from trading.strategies.core import (
    Band,
    Core,
    FollowsRules,
    HearsDelays,
    HearsQuotes,
    Output,
    Recovery,
    TakesBack,
    WakesByClock,
)

__all__ = ["Bounds", "CoreFailed", "GuardedCore"]

Answer = TypeVar("Answer")

KINDS: tuple[str, ...] = get_args(OrderKind)
NOTICES: tuple[type, ...] = get_args(Notice)
REMEMBERED_IDS = 100_000
"""Ids of closed orders that a core is known to have used."""
AHEAD = 60 * 10**9
"""Nanoseconds by which the time of an order may lie ahead of all that the strategy received."""


class GuardedCore:
    """A core whose every answer is checked. Each method raises `CoreFailed` instead of what the core raises."""

    def __init__(
        self, core: Core, bounds: Bounds, books: Books | None = None, *, is_new: bool = False, newest: int = 0
    ) -> None:
        """`books` are those of the journal; None: they begin with what the core's state says.

        `is_new`: there is no state of this strategy. `newest` is the newest time that the journal knows.
        """
        self.core = core
        self._bounds = bounds
        self._books = books if books is not None else self._begun()
        self._books.newest = max(self._books.newest, newest)
        self._is_new = is_new
        self._used: dict[str, None] = {}
        self._pace = Pace(bounds)
        self._funds: Balances | None = None
        """Funds last reported to the strategy: what it could spend if it had no order open."""

    def handle(self, event: CoreEvent) -> list[Output]:
        """See `Core.handle`."""
        brought = self._follow(event)
        failed = f"decision core failed on {type(event).__name__}"
        return self._checked(failed, lambda: self.core.handle(event), brought)

    def wake(self, time: Nanos) -> list[Output]:
        """See `WakesByClock.wake`; nothing where the core does not know it."""
        core = self.core
        self._books.newest = max(self._books.newest, time)
        return self._checked(_FAILED, lambda: core.wake(time)) if isinstance(core, WakesByClock) else []

    def put_off(self, event: Deferred) -> list[Output]:
        """See `HearsDelays.put_off`; nothing where the core does not know it."""
        core = self.core
        return self._checked(_FAILED, lambda: core.put_off(event)) if isinstance(core, HearsDelays) else []

    def change_rules(self, pair: Pair, fee: Decimal) -> list[Output]:
        """See `FollowsRules.change_rules`; a core that does not know it is held to the rules it was made with."""
        core = self.core
        if not isinstance(core, FollowsRules):
            return []
        self._bounds = msgspec.structs.replace(self._bounds, pair=pair)
        return self._checked(_FAILED, lambda: core.change_rules(pair, fee))

    @property
    def doubted(self) -> Decimal | None:
        """See `HearsQuotes.doubted`."""
        core = self.core
        if not isinstance(core, HearsQuotes):
            return None
        return _told("the price that it doubts cannot be read", lambda: core.doubted, Decimal | None)

    def quote(self, quote: Quote) -> list[Output]:
        """See `HearsQuotes.quote`; nothing where the core does not know it."""
        core = self.core
        return self._checked(_FAILED, lambda: core.quote(quote)) if isinstance(core, HearsQuotes) else []

    def take_back(self) -> list[Output]:
        """See `TakesBack.take_back`; nothing where the core does not know it."""
        core = self.core
        return self._checked(_FAILED, core.take_back) if isinstance(core, TakesBack) else []

    def recover(self, found: OrdersFound, *, adopt: bool) -> Recovery:
        """See `Core.recover`. What it takes over has to be there, and brings no more base than its sells offer."""
        taken = "its orders at the exchange cannot be taken over"
        recovery = _told(taken, lambda: self.core.recover(found, adopt=adopt), Recovery)
        _check_outputs(recovery.notices)
        check_recovery(recovery.adopted, found, self._bounds)
        ids = {place.order_id for place in recovery.adopted}
        adopted = [live for live in self._live() if live.place.order_id in ids]
        if self._is_new:
            offered = (live.place.volume for live in adopted if live.place.side == "sell" and live.placed != ZERO)
            self._books.recovered(self._claim(), sum(offered, ZERO))
        self._books.take_over(adopted)
        # What was executed once is never asked for again, whether the core can explain it or not.
        self._used.update((facts.order_id, None) for facts in found.orders if facts.filled)
        return recovery

    @property
    def band(self) -> Band:
        """See `Core.band`."""
        return _told("its band cannot be read", lambda: self.core.band, Band)

    @property
    def owned(self) -> Decimal:
        """See `Core.owned`; never below zero, and never more than its fills brought."""
        return self._checked_claim()

    @property
    def sells_unowned(self) -> bool:
        """See `Core.sells_unowned`; never without its owner's word."""
        wants = _told("whether it sells base of others cannot be read", lambda: self.core.sells_unowned, bool)
        if wants and self._bounds.sells_unowned is None:
            raise CoreFailed(
                "it sells base that it did not buy: state sell_existing_base for this strategy, true (it may) or false "
                "(only what it bought itself)"
            )
        return wants and self._bounds.sells_unowned is True

    def live_orders(self) -> tuple[LiveOrder, ...]:
        """See `Core.live_orders`. What a new start names is what the books hold."""
        return check_live(self._live(), self._books, self._bounds, self._claim())

    def save(self) -> str:
        """See `Core.save`. No state is committed that owns what no fill brought."""
        self._checked_claim()
        return _told("its state cannot be saved", self.core.save, str)

    def books(self) -> str:
        """See `KeepsBooks.books`."""
        return accounts.save(self._books)

    def report(self, phase: Phase, reason: str) -> StrategyReport:
        """See `Core.report`."""
        return _told("its report cannot be made", lambda: self.core.report(phase, reason), StrategyReport)

    def ladder(self) -> LadderStatus | None:
        """See `Core.ladder`."""
        return _told("its hourly status cannot be made", self.core.ladder, LadderStatus | None)

    def _begun(self) -> Books:
        """Books of a journal that has none: what its state says is what they begin with."""
        books = Books(self._claim())
        books.take_over(self._live())
        return books

    def _live(self) -> tuple[LiveOrder, ...]:
        orders = _told("its orders cannot be read", self.core.live_orders, tuple)
        for live in orders:
            if not isinstance(live, LiveOrder) or not isinstance(live.filled, Decimal):
                raise CoreFailed(f"its orders cannot be read: it answered {live!r}")
        return orders

    def _claim(self) -> Decimal:
        """What the core says that it owns."""
        claim = _told("what it owns cannot be read", lambda: self.core.owned, Decimal)
        if not claim.is_finite():
            raise CoreFailed(f"what it owns cannot be read: it answered {claim}")
        return max(claim, ZERO)

    def _checked_claim(self) -> Decimal:
        claim = self._claim()
        wrong = self._books.say(claim)
        if wrong and self._books.say(claim, self._heard()):
            raise CoreFailed(f"{wrong} {self._bounds.pair.base}")
        return claim

    def _heard(self) -> Mapping[str, Decimal]:
        return {live.place.order_id: live.filled for live in self._live()}

    def _follow(self, event: CoreEvent) -> Decimal:
        """Book an event of its orders. Returns the proceeds in base of the buy that it reports."""
        if isinstance(event, Tick):
            self._books.newest = max(self._books.newest, event.time)
        elif isinstance(event, Balances):
            self._funds = event
        elif isinstance(event, OrderEvent):
            order = self._books.orders.get(event.order_id)
            if isinstance(event, Rejected) and order is not None and not order.accepted:
                self._used.pop(event.order_id, None)  # no order came into being: the id is free
            self._books.follow(event, sells_unowned=self._bounds.sells_unowned is True and self.sells_unowned)
            if isinstance(event, PartiallyFilled | Filled | Canceled) and order is not None and event.filled:
                self._pace.filled()
                return event.filled if order.side == "buy" else ZERO
        return ZERO

    def _checked(self, failed: str, decide: Callable[[], list[Output]], brought: Decimal = ZERO) -> list[Output]:
        outputs = _told(failed, decide, list)
        if outputs:
            _check_outputs(outputs)
            orders, cancels = (sum(isinstance(output, kind) for output in outputs) for kind in (Place, Cancel))
            self._pace.spend(orders, cancels, self._books.newest)
            demand = Demand(self._bounds, self._books, self._funds, lambda: self.sells_unowned, brought)
            with localcontext(EXACT):
                for output in outputs:
                    if isinstance(output, Place):
                        self._check_place(output, demand)
                    elif isinstance(output, Cancel):
                        self._check_cancel(output)
                        demand.canceled()
        return outputs

    def _check_place(self, place: Place, demand: Demand) -> None:
        bounds, asked = self._bounds, f"it asked for {shown(place)}"
        if place.strategy != bounds.userref:
            raise CoreFailed(f"{asked} of userref {place.strategy!r}: its own is {bounds.userref}")
        if place.symbol != bounds.pair.symbol:
            raise CoreFailed(f"{asked} of {place.symbol!r}: its own pair is {bounds.pair.symbol}")
        if place.side not in ("buy", "sell") or place.kind not in KINDS:
            raise CoreFailed(f"{asked} of kind {place.kind!r}: known are {', '.join(KINDS)}, as buy or sell")
        if not isinstance(place.cause, str) or not place.cause:
            raise CoreFailed(f"{asked} without a cause: its id has to follow from one")
        if place.order_id != client_order_id(bounds.userref, place.cause):
            raise CoreFailed(f"{asked} with the id {place.order_id!r}, which does not follow from its cause")
        if place.order_id in self._used or place.order_id in self._books.orders:
            raise CoreFailed(f"{asked} with an id that was used before: {place.order_id}")
        self._check_manner(place, asked)
        self._check_size(place, asked)
        own = ZERO
        if place.side == "buy":
            demand.buy(place)
        else:
            own = demand.sell(place)
        self._books.place(place, own)
        self._used[place.order_id] = None
        if len(self._used) > REMEMBERED_IDS:
            del self._used[next(iter(self._used))]

    def _check_manner(self, place: Place, asked: str) -> None:
        time, newest = place.time, self._books.newest
        if not isinstance(place.post_only, bool):
            raise CoreFailed(f"{asked}: post_only has to be true or false, not {place.post_only!r}")
        if not isinstance(time, int) or time < 0 or (newest and time > newest + AHEAD):
            raise CoreFailed(
                f"{asked} of the time {time!r}: it has to be that of a tick or fill, {newest} at the latest"
            )

    def _check_size(self, place: Place, asked: str) -> None:
        pair = self._bounds.pair
        for name, value in (("price", place.price), ("volume", place.volume)):
            if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
                raise CoreFailed(f"{asked}: its {name} has to be a Decimal above 0")
        if floor_price(pair, place.price) != place.price:
            raise CoreFailed(f"{asked}: its price is no multiple of the tick size {pair.tick_size:f}")
        if floor_volume(pair, place.volume) != place.volume:
            raise CoreFailed(f"{asked}: its volume has more than {counted(pair.lot_decimals, 'decimal')}")
        if reason := below_minimum(pair, place.price, place.volume):
            raise CoreFailed(f"{asked}: {reason}")

    def _check_cancel(self, cancel: Cancel) -> None:
        order = self._books.orders.get(cancel.order_id) if isinstance(cancel.order_id, str) else None
        if cancel.strategy != self._bounds.userref or order is None:
            raise CoreFailed(f"it asked to cancel {cancel.order_id!r}, which is no open order of its own")
        order.leaving = True


_FAILED = "decision core failed"


def _told(failed: str, ask: Callable[[], Answer], kind: object) -> Answer:
    """The core's answer of the right kind. Raises `CoreFailed`: `sys.exit` in a plug-in ends its strategy alone."""
    try:
        answer = ask()
    except (Exception, SystemExit) as error:
        raise CoreFailed(f"{failed}: {error!r}") from error
    if not isinstance(answer, kind):  # type: ignore[arg-type]
        raise CoreFailed(f"{failed}: it answered {answer!r}")
    return answer


def _check_outputs(outputs: Sequence[object]) -> None:
    """Only commands and notices that the rest of the program knows."""
    for output in outputs:
        if type(output) not in (Place, Cancel, *NOTICES):
            raise CoreFailed(f"it answered {output!r}: known are Place, Cancel and the notices of messages.notices")
        if not isinstance(output, Place | Cancel):
            try:
                msgspec.convert(msgspec.to_builtins(output), type(output))
            except (TypeError, ValueError) as error:
                raise CoreFailed(f"its notice {output!r} is not what it should be: {error}") from None
