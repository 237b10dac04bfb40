"""Random histories of one grid against a simple model of its account (see `model` and `book`)."""

import copy
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec
import pytest
from hypothesis import settings as run_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from messages.ids import Nanos
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.money import ZERO, Pair, Side, floor_price, floor_volume
from messages.orders import Balances, Cancel, CloseReason, Deferred, OrderEvent, Place, Rejected, RejectReason, Resynced
from messages.status import Stop
from tests.depth import examples
from tests.oracle import terms as rules
from tests.oracle.rest import due_reasons
from tests.trading.at_exchange import AtExchange
from tests.trading.strategies.book import Book
from tests.trading.strategies.harness import BTC_USD, SECOND, SETTINGS, terms_of
from tests.trading.strategies.model import Account
from trading.strategies import state as states
from trading.strategies.c_dca import C_DCA
from trading.strategies.core import EVERY_TICK, NEVER, Output
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.grid_sell import GRID_SELL
from trading.strategies.settings import Variant
from trading.strategies.swing import SWING

D = Decimal

COARSE = Pair("DOGE/USD", D("0.001"), 0, 5, min_volume=D(50), min_cost=D(5))
START_TICKS = {BTC_USD.symbol: BTC_USD.tick_size, COARSE.symbol: COARSE.tick_size}
START = {BTC_USD.symbol: D(50_000), COARSE.symbol: D("0.3")}

amounts = st.sampled_from([D(100), D(150)])
REASONS: list[RejectReason] = ["funds", "post-only", "minimum", "order limit", "refused", "rules", "pair"]
intervals = st.sampled_from([D("0.01"), D("0.02"), D("0.04")])
sizes = st.integers(1, 5)
investments = st.sampled_from([D(400), D(1200), D(10) ** 6])
choices = st.integers(0, 50)
moves = st.sampled_from([D(m) for m in ("0.9", "0.97", "0.99", "0.995", "0.999", "1", "1.001", "1.01", "1.03", "1.1")])
seconds = st.sampled_from([0, 1, 9, 10, 11, 60])
parts = st.sampled_from([D("0.1"), D("0.5"), D("0.9"), D(1), D(1), D(1)])


def twin_of(core: GridCore) -> GridCore:
    """Another core from the saved state, with the same price and funds in mind, awake."""
    ladder = core._ladder
    twin = GridCore(ladder.settings, ladder.variant, core.save())
    fresh = twin._ladder
    for name, value in vars(ladder).items():
        if name not in ("state", "out"):
            setattr(fresh, name, copy.copy(value))
    fresh.sum_up()  # its orders are objects of its own
    twin._resynced_at = core._resynced_at
    twin._band = EVERY_TICK
    return twin


class GridMachine(RuleBasedStateMachine):
    variant: Variant

    @initialize(
        pair=st.sampled_from([BTC_USD, BTC_USD, COARSE]),
        amount=amounts,
        interval=intervals,
        size=sizes,
        investment=investments,
        quote=st.sampled_from([D(150), D(450), D(100_000)]),
        unowned=st.sampled_from([ZERO, D(1)]),
    )
    def begin(
        self,
        pair: Pair,
        amount: Decimal,
        interval: Decimal,
        size: int,
        investment: Decimal,
        quote: Decimal,
        unowned: Decimal,
    ) -> None:
        self.config = msgspec.structs.replace(
            SETTINGS, pair=pair, amount=amount, interval=interval, max_open_buys=size, max_investment=investment
        )
        self.price = START[pair.symbol]
        self.account = Account(pair, self.config.fee, quote, unowned)
        self.book = Book(sells=self.variant.sell_volume is not None)
        self.past: list[OrderEvent] = []
        self.waits_for_money = False
        self.waits_for_room = False
        self.core = GridCore(self.config, self.variant)
        self._resync()

    def _resync(self) -> None:
        self._handle(self._tick(1))
        for event in self.account.resync(self.core.live_orders()):
            self._handle(event)
        self._handle(self.account.balances())
        self._handle(Resynced(1001, 1))

    def _tick(self, after: int) -> Tick:
        self.account.now = Nanos(self.account.now + after * SECOND)
        return Tick(self.config.pair.symbol, self.price, self.account.now)

    def _handle(self, event: CoreEvent) -> list[Output]:
        twin = twin_of(self.core)
        outputs = self.core.handle(event)
        assert twin.handle(event) == outputs, "a core from the saved state decides otherwise"
        assert twin.save() == self.core.save()
        self._carry_out(event, outputs)
        return outputs

    def _carry_out(self, event: CoreEvent | Deferred | None, outputs: list[Output]) -> None:
        self.book.follow(event, outputs, self.core)
        for output in outputs:
            if isinstance(output, Place):
                self.account.place(output)
            elif isinstance(output, Cancel):
                self.account.cancel(output.order_id)

    @rule(move=moves, after=seconds)
    def price_moves(self, move: Decimal, after: int) -> None:
        self.price = max(floor_price(self.config.pair, self.price * move), self.config.pair.tick_size)
        self._handle(self._tick(after))

    @rule(after=seconds, above=st.booleans())
    def price_touches_the_edge_of_the_band(self, after: int, above: bool) -> None:
        high = self.core.band.high
        if high.is_finite() and high > 0:
            self.price = floor_price(self.config.pair, high) + (self.config.pair.tick_size if above else ZERO)
            self.price = max(self.price, self.config.pair.tick_size)
            self._handle(self._tick(after))

    @rule(move=moves, age=seconds)
    def an_older_tick_comes_late(self, move: Decimal, age: int) -> None:
        price = max(floor_price(self.config.pair, self.price * move), self.config.pair.tick_size)
        self._handle(Tick(self.config.pair.symbol, price, Nanos(self.account.now - age * SECOND)))

    def _one(self, orders: list[AtExchange], choice: int) -> AtExchange:
        return orders[choice % len(orders)]

    @precondition(lambda self: self.account.chosen(status="sent"))
    @rule(choice=choices)
    def exchange_answers(self, choice: int) -> None:
        self._answer(self._one(self.account.chosen(status="sent"), choice))

    @rule()
    def exchange_answers_all(self) -> None:
        for order in self.account.chosen(status="sent"):
            self._answer(order)

    def _answer(self, order: AtExchange) -> None:
        if self.account.affordable(order):
            self.account.accept(order)
        else:
            self.account.refuse(order, "funds")

    @precondition(lambda self: self.account.chosen(status="sent"))
    @rule(choice=choices, reason=st.sampled_from(REASONS))
    def exchange_refuses(self, choice: int, reason: RejectReason) -> None:
        order = self._one(self.account.chosen(status="sent"), choice)
        if reason != "post-only" or order.place.post_only:
            self.account.refuse(order, reason)
            self.waits_for_money |= reason == "funds"
            self.waits_for_room |= reason in ("order limit", "minimum", "rules", "pair")

    @precondition(lambda self: self.account.chosen(status="open"))
    @rule(choice=choices, part=parts)
    def order_is_executed(self, choice: int, part: Decimal) -> None:
        order = self._one(self.account.chosen(status="open"), choice)
        self.account.now = Nanos(self.account.now + SECOND)
        self.account.execute(order, self._part_of(order, part))

    def _part_of(self, order: AtExchange, part: Decimal) -> Decimal:
        rest = order.place.volume - order.filled
        return max(floor_volume(self.config.pair, rest * part), self.config.pair.lot)

    @rule(side=st.sampled_from(["buy", "buy", "sell"]), number=st.integers(1, 4), told=st.booleans())
    def market_runs_through_orders(self, side: Side, number: int, told: bool) -> None:
        """All requests are answered, then the best orders of one side are executed one after the other."""
        self.exchange_answers_all()
        self.core_is_told_everything()
        orders = [order for order in self.account.chosen(status="open") if order.place.side == side]
        for order in sorted(orders, key=lambda o: o.place.price, reverse=side == "buy")[:number]:
            self.account.now = Nanos(self.account.now + SECOND)
            self.account.execute(order, order.place.volume - order.filled)
            self.price = order.place.price
            if told:
                self.core_is_told_everything()

    @rule(number=st.integers(1, 3), part=parts, told=st.booleans())
    def buys_are_partly_filled_and_cancelled(self, number: int, part: Decimal, told: bool) -> None:
        orders = [order for order in self.account.chosen(status="open") if order.place.side == "buy"]
        for order in orders[:number]:
            self.account.now = Nanos(self.account.now + SECOND)
            self.account.execute(order, self._part_of(order, part))
            if order.live:
                self.account.close(order, "by hand")
        if told:
            self.core_is_told_everything()

    @precondition(lambda self: self.account.chosen(status="open", canceling=True))
    @rule(choice=choices)
    def cancel_is_confirmed(self, choice: int) -> None:
        self.account.close(self._one(self.account.chosen(status="open", canceling=True), choice), "requested")

    @precondition(lambda self: self.account.chosen(status="sent"))
    @rule(choice=choices)
    def order_is_put_off(self, choice: int) -> None:
        order = self._one(self.account.chosen(status="sent"), choice)
        event = Deferred(order_id=order.place.order_id, reason="rate limit", text="too fast", time=self.account.now)
        self._ask(event, lambda core: core.put_off(event))

    @rule(after=seconds)
    def clock_wakes_it(self, after: int) -> None:
        self.account.now = Nanos(self.account.now + after * SECOND)
        self._ask(None, lambda core: core.wake(self.account.now))

    @rule(tick=st.sampled_from([1, 1, 5, 10]), fee=st.sampled_from([D("0.0025"), D("0.001"), D("0.006")]))
    def venue_changes_its_rules(self, tick: int, fee: Decimal) -> None:
        pair = self.config.pair
        changed = msgspec.structs.replace(pair, tick_size=START_TICKS[pair.symbol] * tick)
        self.config = msgspec.structs.replace(self.config, pair=changed, fee=fee)
        self.price = max(floor_price(changed, self.price), changed.tick_size)
        self.account.pair, self.account.fee_rate = changed, fee
        self._ask(None, lambda core: core.change_rules(changed, fee))

    def _ask(self, event: Deferred | None, question: Callable[[GridCore], list[Output]]) -> None:
        twin = twin_of(self.core)
        outputs = question(self.core)
        assert question(twin) == outputs, "a core from the saved state decides otherwise"
        self._carry_out(event, outputs)

    @precondition(lambda self: self.account.chosen(status="sent", canceling=True))
    @rule(choice=choices)
    def order_is_withdrawn_before_it_was_sent(self, choice: int) -> None:
        self.account.close(self._one(self.account.chosen(status="sent", canceling=True), choice), "requested")

    @precondition(lambda self: self.account.chosen(status="open"))
    @rule(
        choice=choices, reason=st.sampled_from(["by hand", "self-trade", "expired", "unknown to the exchange", "venue"])
    )
    def order_is_closed_by_others(self, choice: int, reason: CloseReason) -> None:
        self.account.now = Nanos(self.account.now + SECOND)
        self.account.close(self._one(self.account.chosen(status="open"), choice), reason)

    @rule(choice=choices)
    def core_is_told(self, choice: int) -> None:
        self._deliver(choice)

    @rule()
    def core_is_told_everything(self) -> None:
        while self.account.queue:
            self._deliver(0)

    def _deliver(self, choice: int) -> None:
        if event := self.account.deliver(choice):
            self._handle(event)
            if not isinstance(event, Balances):
                self.past.append(event)
                if isinstance(event, Rejected):
                    # A refused id may be asked for again, so only a double that follows at once is one.
                    self._told_twice(event)

    @precondition(lambda self: self.past)
    @rule(choice=choices)
    def an_old_event_comes_again(self, choice: int) -> None:
        event = self.past[-1 - choice % len(self.past)]
        if not isinstance(event, Rejected):
            self._told_twice(event)

    def _told_twice(self, event: OrderEvent) -> None:
        before = self.core.save()
        assert self._handle(event) == []
        assert self.core.save() == before

    @rule(
        quote=st.sampled_from([D(-500), D(-50), D(50), D(500)]),
        base=st.sampled_from([D("-0.01"), ZERO, ZERO, D("0.01")]),
    )
    def money_comes_and_goes(self, quote: Decimal, base: Decimal) -> None:
        self.account.deposit(quote, base)

    @rule(
        on_stop=st.sampled_from(["crash", "keep", "cancel-buys", "cancel-all"]),
        change=st.none() | st.tuples(amounts, intervals, sizes),
        confirmed=st.booleans(),
    )
    def program_restarts(
        self,
        on_stop: Literal["crash", "keep", "cancel-buys", "cancel-all"],
        change: tuple[Decimal, Decimal, int] | None,
        confirmed: bool,
    ) -> None:
        if on_stop != "crash":
            self._handle(Stop(on_stop))
            self._check_stop(on_stop)
        for order in self.account.chosen(status="open", canceling=True):
            if confirmed:
                self.account.close(order, "requested")
        if change:
            amount, interval, size = change
            self.config = msgspec.structs.replace(self.config, amount=amount, interval=interval, max_open_buys=size)
        old = set(self.book.live)
        rebuilds = (self.config.amount, self.config.interval) != (self.core.state.amount, self.core.state.interval)
        self.core = GridCore(self.config, self.variant, self.core.save())
        self._resync()
        if rebuilds:
            staying = {key: k for key, k in self.book.live.items() if not k.canceling and k.place.side == "buy"}
            assert not old & set(staying), "the configuration changed, but an old buy stays"

    def _check_stop(self, on_stop: str) -> None:
        staying = {k.place.side for k in self.book.live.values() if not k.canceling}
        allowed = {"keep": {"buy", "sell"}, "cancel-buys": {"sell"}, "cancel-all": set()}[on_stop]
        assert staying <= allowed
        assert self._handle(self._tick(60)) == []

    @rule(after=st.sampled_from([11, 60]))
    def all_is_quiet(self, after: int) -> None:
        """Everything is answered and told, ticks go on: then the ladder is full or there is a true reason."""
        if self.waits_for_money:
            # Refused although the ledger had enough: only a change of balances makes the grid try again.
            self.account.deposit(D("0.01"), ZERO)
            self.waits_for_money = False
        crowded, self.waits_for_room = self.waits_for_room, False
        if crowded:
            # Ten minutes after the refusal the orders come back, one at a time.
            self.core_is_told_everything()
            self._handle(self._tick(601))
        for _ in range(40 if crowded else 12):
            for order in self.account.chosen(status="sent"):
                self._answer(order)
            for order in self.account.chosen(status="open", canceling=True):
                self.account.close(order, "requested")
            self.core_is_told_everything()
            self._handle(self._tick(after))
            ladder = self.core._ladder
            if not crowded and not self.account.queue and not ladder.pending() and ladder.doubted is None:
                break
        self._is_complete()

    def _is_complete(self) -> None:
        ladder = self.core._ladder
        config, account = self.config, self.account
        if ladder.pending():
            return
        orders = [known.place for known in self.book.live.values()]
        buys = sorted(Fraction(order.price) for order in orders if order.side == "buy")
        free = account.balances().quote - sum(
            account._hold(o) for o in account.chosen(status="open") if o.place.side == "buy"
        )
        terms, invested = terms_of(config, self.variant.kind), rules.invested(orders)
        if len(buys) < config.max_open_buys:
            due = due_reasons(terms, buys[0] if buys else None, Fraction(self.price), Fraction(free), invested)
            assert due, "a hole in the ladder that nothing explains"
        assert len(buys) <= config.max_open_buys
        if buys:
            assert self.price <= rules.shift_above(terms, buys[-1])
        self._sells_are_complete()

    def _sells_are_complete(self) -> None:
        ladder, account = self.core._ladder, self.account
        free = ladder.base_free()
        held = sum(account._hold(o) for o in account.chosen(status="open") if o.place.side == "sell")
        funds = account.balances()
        total = funds.base + (funds.base_unowned if self.variant.sells_accumulated_base else ZERO)
        assert free == total - held
        for sell in self.core.state.remembered.values():
            terms = terms_of(self.config, self.variant.kind)
            too_small = rules.too_small(terms, Fraction(sell.price), Fraction(sell.volume))
            assert sell.volume > free or too_small, "a remembered sell could be placed"

    @invariant()
    def what_is_saved_is_what_is_loaded(self) -> None:
        text = self.core.save()
        assert states.load(text) == self.core.state
        assert states.save(states.load(text)) == text

    @invariant()
    def what_is_kept_up_with_each_change_is_what_the_state_says(self) -> None:
        ladder, fresh = self.core._ladder, twin_of(self.core)._ladder
        assert ladder.buys() == fresh.buys()
        assert ladder.sells() == fresh.sells()
        assert ladder.pending() == fresh.pending()
        assert ladder.investment() == fresh.investment()
        assert (ladder.quote_free(), ladder.base_free()) == (fresh.quote_free(), fresh.base_free())

    @invariant()
    def no_tick_inside_the_band_would_make_it_act(self) -> None:
        band, ladder = self.core.band, self.core._ladder
        low = max(band.low, self.config.pair.tick_size)
        high = min(band.high, self.price * 3)
        last = ladder.tick_time + 3600 * SECOND if band.wake == NEVER else band.wake - 1
        for price in (low, self.price, high):
            for time in (last,):
                floored = floor_price(self.config.pair, price)
                if floored > 0 and band.low <= floored <= band.high and time < band.wake:
                    twin = twin_of(self.core)
                    before = twin.save()
                    assert twin.handle(Tick(self.config.pair.symbol, floored, Nanos(time))) == []
                    assert twin.save() == before


@pytest.mark.parametrize("variant", [GRID_HODL, GRID_SELL, SWING, C_DCA], ids=lambda variant: variant.kind)
def test_a_grid_keeps_its_promises_over_any_history(variant: Variant) -> None:
    machine = type(f"{variant.kind}Machine", (GridMachine,), {"variant": variant})
    run_state_machine_as_test(
        machine, settings=run_settings(max_examples=examples(25), stateful_step_count=40, deadline=None)
    )
