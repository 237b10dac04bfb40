"""Nothing that a decision core asks for leaves unseen: what is not its own to ask for halts its strategy.

Pure. A core may be anybody's plug-in, so its answers are checked before they are committed: whose order it is, of
which pair, with which id, in which size, and what all of it costs together.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar, get_args

import msgspec
from msgspec import Struct

from actors.strategies.core import (
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
from messages.account import LiveOrder, OrdersFound
from messages.ids import client_order_id
from messages.mailboxes import CoreEvent
from messages.market import Quote
from messages.money import ZERO, Pair, below_minimum, cost, floor_price, floor_volume
from messages.notices import LadderStatus, Notice
from messages.orders import (
    Amended,
    Balances,
    Cancel,
    Canceled,
    Deferred,
    Filled,
    OrderKind,
    PartiallyFilled,
    Place,
    Rejected,
)
from messages.status import Phase, StrategyReport

Answer = TypeVar("Answer")

KINDS: tuple[str, ...] = get_args(OrderKind)
NOTICES: tuple[type, ...] = get_args(Notice)
REMEMBERED_IDS = 100_000
"""Ids of closed orders that a core is known to have used."""


class CoreFailed(Exception):
    """A decision core raised, or asked for what is not its own. It would do so again: its strategy is halted."""


class Bounds(Struct, frozen=True):
    """What a strategy may ask for."""

    userref: int
    pair: Pair
    max_investment: Decimal
    sells_unowned: bool | None = None
    """Whether it may sell base that it did not buy; None: its owner has not said."""


class _Live(Struct):
    side: str
    price: Decimal
    volume: Decimal
    leaving: bool = False


class GuardedCore:
    """A core whose every answer is checked. Each method raises `CoreFailed` instead of what the core raises."""

    def __init__(self, core: Core, bounds: Bounds) -> None:
        self.core = core
        self._bounds = bounds
        self._live: dict[str, _Live] = {}
        self._used: dict[str, None] = {}
        self._quote: Decimal | None = None
        """What the strategy could spend if it had no order open; None until it was told."""

    def handle(self, event: CoreEvent) -> list[Output]:
        """See `Core.handle`."""
        self._follow(event)
        return self._checked(f"decision core failed on {type(event).__name__}", lambda: self.core.handle(event))

    def wake(self, time: int) -> list[Output]:
        """See `WakesByClock.wake`; nothing where the core does not know it."""
        core = self.core
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
        return _told("what it doubts cannot be told", lambda: core.doubted, Decimal | None)

    def quote(self, quote: Quote) -> list[Output]:
        """See `HearsQuotes.quote`; nothing where the core does not know it."""
        core = self.core
        return self._checked(_FAILED, lambda: core.quote(quote)) if isinstance(core, HearsQuotes) else []

    def take_back(self) -> list[Output]:
        """See `TakesBack.take_back`; nothing where the core does not know it."""
        core = self.core
        return self._checked(_FAILED, core.take_back) if isinstance(core, TakesBack) else []

    def recover(self, found: OrdersFound, *, adopt: bool) -> Recovery:
        """See `Core.recover`."""
        taken = "its orders at the exchange cannot be taken over"
        recovery = _told(taken, lambda: self.core.recover(found, adopt=adopt), Recovery)
        _check_outputs(recovery.notices)
        return recovery

    @property
    def band(self) -> Band:
        """See `Core.band`."""
        return _told("its band cannot be told", lambda: self.core.band, Band)

    @property
    def owned(self) -> Decimal:
        """See `Core.owned`; never below zero."""
        return max(_told("what it owns cannot be told", lambda: self.core.owned, Decimal), ZERO)

    @property
    def sells_unowned(self) -> bool:
        """See `Core.sells_unowned`; never without its owner's word."""
        wants = _told("whether it sells base of others cannot be told", lambda: self.core.sells_unowned, bool)
        if wants and self._bounds.sells_unowned is None:
            raise CoreFailed(
                "it sells base that it did not buy: state sell_existing_base for this strategy, true (it may) or false "
                "(only what it bought itself)"
            )
        return wants and self._bounds.sells_unowned is True

    def live_orders(self) -> tuple[LiveOrder, ...]:
        """See `Core.live_orders`. What a new start names is what may be cancelled."""
        orders = _told("its orders cannot be told", self.core.live_orders, tuple)
        for live in orders:
            place = live.place
            self._live[place.order_id] = _Live(place.side, place.price, place.volume, live.canceling)
        return orders

    def save(self) -> str:
        """See `Core.save`."""
        return _told("its state cannot be saved", self.core.save, str)

    def report(self, phase: Phase, reason: str) -> StrategyReport:
        """See `Core.report`."""
        return _told("its report cannot be made", lambda: self.core.report(phase, reason), StrategyReport)

    def ladder(self) -> LadderStatus | None:
        """See `Core.ladder`."""
        return _told("its hourly status cannot be made", self.core.ladder, LadderStatus | None)

    def _follow(self, event: CoreEvent) -> None:
        """What becomes of its orders and its money."""
        match event:
            case Balances():
                self._quote = event.quote
            case Canceled() | Filled():
                self._live.pop(event.order_id, None)
            case Rejected():
                self._live.pop(event.order_id, None)
                self._used.pop(event.order_id, None)  # no order came into being: the id is free
            case Amended() if event.order_id in self._live:
                live = self._live[event.order_id]
                live.price, live.volume = event.price, event.volume
            case PartiallyFilled():
                pass  # invested is the full volume
            case _:
                pass

    def _checked(self, failed: str, decide: Callable[[], list[Output]]) -> list[Output]:
        outputs = _told(failed, decide, list)
        if outputs:
            _check_outputs(outputs)
            for output in outputs:
                if isinstance(output, Place):
                    self._check_place(output)
                elif isinstance(output, Cancel):
                    self._check_cancel(output)
            self._check_money([output for output in outputs if isinstance(output, Place) and output.side == "buy"])
        return outputs

    def _check_place(self, place: Place) -> None:
        bounds, asked = self._bounds, f"it asked for {_shown(place)}"
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
        if place.order_id in self._used or place.order_id in self._live:
            raise CoreFailed(f"{asked} with an id that was used before: {place.order_id}")
        self._check_size(place, asked)
        self._used[place.order_id] = None
        if len(self._used) > REMEMBERED_IDS:
            del self._used[next(iter(self._used))]
        self._live[place.order_id] = _Live(place.side, place.price, place.volume)

    def _check_size(self, place: Place, asked: str) -> None:
        pair = self._bounds.pair
        for name, value in (("price", place.price), ("volume", place.volume)):
            if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
                raise CoreFailed(f"{asked}: its {name} has to be a Decimal above 0")
        if floor_price(pair, place.price) != place.price:
            raise CoreFailed(f"{asked}: its price is no multiple of the tick size {pair.tick_size:f}")
        if floor_volume(pair, place.volume) != place.volume:
            raise CoreFailed(f"{asked}: its volume has more than {pair.lot_decimals} decimals")
        if reason := below_minimum(pair, place.price, place.volume):
            raise CoreFailed(f"{asked}: {reason}")

    def _check_cancel(self, cancel: Cancel) -> None:
        live = self._live.get(cancel.order_id)
        if cancel.strategy != self._bounds.userref or live is None:
            raise CoreFailed(f"it asked to cancel {cancel.order_id!r}, which is no open order of its own")
        live.leaving = True

    def _check_money(self, buys: Sequence[Place]) -> None:
        if not buys:
            return
        asked = sum((cost(buy.price, buy.volume) for buy in buys if buy.kind != "counter"), ZERO)
        if self._quote is not None and asked > self._quote:
            quote = f"{self._bounds.pair.quote}"
            raise CoreFailed(
                f"it asked for buys worth {asked:f} {quote} at once, of {self._quote:f} {quote} it may spend"
            )
        costs = (cost(o.price, o.volume) for o in self._live.values() if o.side == "buy" and not o.leaving)
        resting, most = sum(costs, ZERO), self._bounds.max_investment
        if resting > most:
            raise CoreFailed(f"it asked for buys that make {resting:f} of open ones: max_investment is {most:f}")


_FAILED = "decision core failed"


def _told(failed: str, ask: Callable[[], Answer], kind: object) -> Answer:
    """The core's answer of the right kind. Raises `CoreFailed`."""
    try:
        answer = ask()
    except Exception as error:
        raise CoreFailed(f"{failed}: {error!r}") from error
    if not isinstance(answer, kind):  # type: ignore[arg-type]
        raise CoreFailed(f"{failed}: it answered {answer!r}")
    return answer


def _check_outputs(outputs: Sequence[object]) -> None:
    """Only commands and notices that everybody behind this knows."""
    for output in outputs:
        if type(output) not in (Place, Cancel, *NOTICES):
            raise CoreFailed(f"it answered {output!r}: known are Place, Cancel and the notices of messages.notices")
        if not isinstance(output, Place | Cancel):
            try:
                msgspec.convert(msgspec.to_builtins(output), type(output))
            except (TypeError, ValueError) as error:
                raise CoreFailed(f"its notice {output!r} is not what it should be: {error}") from None


def _shown(place: Place) -> str:
    return f"a {place.side} of {place.volume} at {place.price}"
