"""The grid that all four kinds share: one event in, all that follows from it out.

The rules live next door: `rules` (prices and volumes), `order_events` (what a fill or a closure asks
for), `upkeep` (what a tick asks for, and when it asks for nothing), `why` (what is missing, and until when).
"""

from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import partial
from typing import assert_never

from messages.account import LiveOrder, OrdersFound
from messages.ids import Nanos
from messages.mailboxes import CoreEvent
from messages.market import Quote, Tick
from messages.money import EXACT, ZERO, Pair
from messages.notices import LadderStatus
from messages.orders import Accepted, Amended, Balances, Canceled, Deferred, Filled, PartiallyFilled, Rejected, Resynced
from messages.status import Phase, Stop, StrategyReport
from trading.strategies import state as states
from trading.strategies.band import band
from trading.strategies.core import Band, Output, Recovery
from trading.strategies.ladder import Ladder
from trading.strategies.order_events import on_order_event
from trading.strategies.recovery import recover
from trading.strategies.report import ladder_status, strategy_report
from trading.strategies.settings import GridSettings, Variant
from trading.strategies.state import GridState
from trading.strategies.taken_back import take_back
from trading.strategies.upkeep import cancel_all_buys, retry_remembered_sells, upkeep, upkeep_without_a_trade


class GridCore:
    """A decision core (see `core.Core`) for every variant of the grid."""

    def __init__(self, settings: GridSettings, variant: Variant, saved: str | None = None) -> None:
        """`saved` is what `save` returned in an earlier run; raises `state.UnreadableStateError`."""
        fresh = GridState(amount=settings.amount, interval=settings.interval)
        state = states.load(saved) if saved else fresh
        state.owned = max(state.owned, ZERO)  # an earlier version booked below nothing what was sold beyond it
        self._ladder = Ladder(settings, variant, state)
        self._band: Band | None = None
        """Computed on demand: of the events between two ticks only the last one counts."""
        self._is_new = saved is None
        self._resynced_at = -1
        """Time of the tick at which the resync was over."""

    @property
    def state(self) -> GridState:
        return self._ladder.state

    @property
    def band(self) -> Band:
        if self._band is None:
            with localcontext(EXACT):
                self._band = band(self._ladder)
        return self._band

    @property
    def owned(self) -> Decimal:
        return self._ladder.state.owned

    @property
    def sells_unowned(self) -> bool:
        return self._ladder.sells_unowned

    def handle(self, event: CoreEvent) -> list[Output]:
        """See `core.Core.handle`. An idle tick costs three comparisons."""
        ladder = self._ladder
        if type(event) is Tick:
            asleep = self._band or self.band
            before, ladder.tick_time = ladder.tick_time, event.time
            if asleep.low <= event.price <= asleep.high and event.time < asleep.wake:
                ladder.ticker = event.price
                return []
            self._take_price(event, before)
        return self._carried_out(partial(self._decide, event))

    def _decide(self, event: CoreEvent, ladder: Ladder) -> None:
        match event:
            case Tick():
                if ladder.synced:
                    upkeep(ladder)
            case Accepted() | PartiallyFilled() | Filled() | Canceled() | Amended() | Rejected():
                on_order_event(ladder, event)
            case Balances():
                self._take_funds(event)
            case Resynced():
                if not ladder.synced:
                    ladder.believe_no_fill_ahead()
                ladder.synced = True
                ladder.ask_again()
                self._resynced_at = ladder.tick_time
                self._apply_changed_configuration()
                upkeep(ladder)
            case Stop():
                self._stop(event)
            case _:
                assert_never(event)

    def _take_price(self, trade: Tick, before: Nanos) -> None:
        """Its price is the market's, unless it is a jump that a second trade has to confirm."""
        if self._ladder.doubts(trade.price, trade.time):
            self._ladder.must_confirm(trade.price, trade.time, before)
        else:
            self._ladder.confirm(trade.price)

    @property
    def doubted(self) -> Decimal | None:
        """See `core.HearsQuotes.doubted`."""
        return self._ladder.doubted

    def quote(self, quote: Quote) -> list[Output]:
        """See `core.HearsQuotes.quote`."""
        ladder = self._ladder
        was_doubted = ladder.doubted is not None
        ladder.quoted(quote)
        self._band = None
        decides = was_doubted and ladder.doubted is None and ladder.synced
        return self._carried_out(upkeep) if decides else []

    def wake(self, time: Nanos) -> list[Output]:
        """See `core.WakesByClock.wake`."""
        ladder = self._ladder
        if not ladder.synced:
            return []
        ladder.clock = max(ladder.clock, time)
        return self._carried_out(upkeep_without_a_trade)

    def put_off(self, event: Deferred) -> list[Output]:
        """See `core.HearsDelays.put_off`."""
        ladder = self._ladder
        order = ladder.state.orders.get(event.order_id)
        if order is None or order.phase == "open":
            return []
        ladder.put_off.add(order.order_id)
        return self._carried_out(upkeep) if ladder.synced else []

    def change_rules(self, pair: Pair, fee: Decimal) -> list[Output]:
        """See `core.FollowsRules.change_rules`."""
        ladder = self._ladder
        with localcontext(EXACT):
            ladder.change_rules(pair, fee)
        self._band = None
        return self._carried_out(upkeep) if ladder.synced else []

    def take_back(self) -> list[Output]:
        """See `core.TakesBack.take_back`."""
        return self._carried_out(take_back)

    def _carried_out(self, rule: Callable[[Ladder], None]) -> list[Output]:
        with localcontext(EXACT):
            rule(self._ladder)
        self._band = None
        decided, self._ladder.out = self._ladder.out, []
        return decided

    def _take_funds(self, funds: Balances) -> None:
        ladder = self._ladder
        before, unowned = ladder.base_free(), ladder.funds.base_unowned
        quote_changed = funds.quote != ladder.funds.quote
        ladder.funds = funds
        if quote_changed:
            ladder.buy_retry.changed("funds")
        if ladder.base_free() != before and ladder.synced:
            ladder.sell_retry.at_once()
            retry_remembered_sells(ladder)
        if funds.base_unowned > unowned and ladder.synced and ladder.tick_time == self._resynced_at:
            # What is unowned is not known until every strategy has attached; the upkeep after the start knows it.
            upkeep(ladder)

    def _apply_changed_configuration(self) -> None:
        """Another amount or interval than in the last run: the buys are rebuilt, sells stay."""
        settings, state = self._ladder.settings, self._ladder.state
        if (state.amount, state.interval) != (settings.amount, settings.interval):
            state.amount, state.interval = settings.amount, settings.interval
            cancel_all_buys(self._ladder)

    def _stop(self, stop: Stop) -> None:
        ladder = self._ladder
        ladder.synced = False
        if stop.on_stop != "keep":
            cancel_all_buys(ladder)
        if stop.on_stop == "cancel-all":
            for order in ladder.sells():
                ladder.cancel(order)

    def recover(self, found: OrdersFound, *, adopt: bool) -> Recovery:
        self._band = None
        with localcontext(EXACT):
            return recover(self._ladder, found, is_new=self._is_new, adopt=adopt)

    def live_orders(self) -> tuple[LiveOrder, ...]:
        ladder = self._ladder
        return tuple(
            LiveOrder(
                place=ladder.request(order),
                canceling=order.phase == "canceling",
                accepted=bool(order.exchange_id),
                filled=order.filled,
                placed=order.placed,
            )
            for order in ladder.state.orders.values()
        )

    def save(self) -> str:
        return states.save(self._ladder.state)

    def report(self, phase: Phase, reason: str) -> StrategyReport:
        return strategy_report(self._ladder, phase, reason)

    def ladder(self) -> LadderStatus | None:
        return ladder_status(self._ladder)
