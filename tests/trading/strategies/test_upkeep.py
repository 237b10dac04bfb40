"""What a tick asks for, rule by rule, in the order of the design."""

import msgspec
import pytest

from messages.ids import Nanos
from messages.market import Tick
from messages.notices import FundsMissing, OrderDelayed
from messages.orders import Cancel, Place, Rejected, Resynced
from tests.trading.strategies.harness import (
    BTC_USD,
    BUYS_AT_50000,
    LADDER_AT_50000,
    SECOND,
    USERREF,
    D,
    Play,
    canceled,
    notices,
    placed,
    settings,
)
from trading.strategies import rules


def started(price: str = "50000", **changes: object) -> Play:
    play = Play(config=settings(**changes))
    play.start(price)
    return play


# Fill up to `n`


def test_upkeep_runs_once_after_the_start_and_then_on_ticks() -> None:
    play = Play()
    play.accepting = False
    play.handle(play.a_tick("50000"))
    assert play.handle(play.balances()) == []
    assert placed(play.handle(Resynced(USERREF, 1))) == LADDER_AT_50000


def test_without_a_price_nothing_is_decided_until_the_first_tick() -> None:
    play = Play()
    assert play.handle(play.balances()) == []
    assert play.handle(Resynced(USERREF, 1)) == []
    assert placed(play.tick("50000")) == LADDER_AT_50000


def test_a_hole_is_filled_from_below_and_not_where_it_was() -> None:
    play = started()
    play.fill(play.orders("buy")[0].order_id)
    assert placed(play.tick("49505")) == [("buy", D("47102.0"), D("0.00212305"))]


@pytest.mark.parametrize(("quote", "buys"), [("100.25", 0), ("100.25001", 1), ("200.4999", 1), ("201", 2)])
def test_a_buy_needs_more_free_quote_than_the_amount_with_its_fee(quote: str, buys: int) -> None:
    play = Play(quote=quote)
    play.start("50000")
    assert play.prices("buy") == BUYS_AT_50000[:buys]


@pytest.mark.parametrize(("maximum", "buys"), [("100.25", 0), ("100.26", 1), ("200.24", 1), ("200.25", 2), ("1000", 5)])
def test_the_investment_with_one_more_amount_stays_below_the_maximum(maximum: str, buys: int) -> None:
    play = started(max_investment=D(maximum))
    assert play.prices("buy") == BUYS_AT_50000[:buys]


def test_the_investment_counts_sells_with_their_full_volume() -> None:
    play = started(max_investment=D("510"), max_open_buys=4)
    first = play.orders("buy")[0]
    play.fill(first.order_id)
    sell = play.only("sell")
    play.partly(sell.order_id, "0.001")
    play.fill(play.orders("buy")[0].order_id)
    assert placed(play.tick("49000")) == [("buy", D("47573.1"), D("0.00210202"))]


def test_at_the_maximum_the_grid_is_quiet_until_the_investment_shrinks() -> None:
    play = started(max_investment=D("250"))
    assert play.core.report("trading", "").waiting == ("fewer than 5 buys: max_investment",)
    assert play.tick("50001") == []
    play.close(play.orders("buy")[1].order_id, "by hand")
    assert placed(play.tick("50001")) == [LADDER_AT_50000[1]]


def test_missing_funds_are_told_once() -> None:
    play = Play(quote="450")
    outputs = play.start("50000")
    assert notices(outputs, FundsMissing) == [
        FundsMissing("grid", "BTC/USD", "buy", "USD", D("47573.1"), D("0.00210202"))
    ]
    play.quote += 1
    play.handle(play.balances())
    assert play.tick("50000", after=20) == []


def test_after_missing_funds_buys_wait_for_other_balances_and_ten_seconds() -> None:
    play = Play(quote="450")
    play.start("50000")
    play.quote += 100
    assert play.tick("50000", after=60) == []
    play.now = Nanos(play.now - 60 * SECOND)
    play = Play(quote="450")
    play.start("50000")
    play.quote += 100
    play.handle(play.balances())
    assert play.tick("50000", after=7) == []
    assert placed(play.tick("50000", after=1)) == [LADDER_AT_50000[4]]


def test_funds_that_the_exchange_denies_are_asked_for_again_after_ten_minutes_although_nothing_changed() -> None:
    play = started()
    play.close(play.orders("buy")[-1].order_id, "by hand")
    play.accepting = False
    assert len(placed(play.tick("50000"))) == 1
    assert len(notices(play.refuse(play.orders("buy")[-1].order_id, "funds"), FundsMissing)) == 1
    assert play.tick("50000", after=598) == []
    assert placed(play.tick("50000", after=1)) == [LADDER_AT_50000[4]]
    assert play.refuse(play.orders("buy")[-1].order_id, "funds") == []
    assert play.tick("50000", after=598) == []
    play.accepting = True
    assert placed(play.tick("50000", after=1)) == [LADDER_AT_50000[4]]


def test_funds_that_the_exchange_denies_are_asked_for_soon_once_balances_have_changed() -> None:
    play = started()
    play.close(play.orders("buy")[-1].order_id, "by hand")
    play.accepting = False
    play.tick("50000")
    play.refuse(play.orders("buy")[-1].order_id, "funds")
    play.quote += 1
    play.handle(play.balances())
    assert play.tick("50000", after=8) == []
    assert placed(play.tick("50000", after=1)) == [LADDER_AT_50000[4]]


def test_funds_that_are_not_there_are_not_asked_for_however_long_it_takes() -> None:
    play = Play(quote="450")
    play.start("50000")
    assert play.tick("50000", after=86_400) == []


def test_the_next_lack_of_funds_is_told_again_once_the_ladder_was_complete() -> None:
    play = Play(quote="450")
    play.start("50000")
    play.quote += 100
    play.handle(play.balances())
    play.tick("50000", after=10)
    play.fill(play.orders("buy")[0].order_id)
    outputs = play.tick("49505")
    assert len(notices(outputs, FundsMissing)) == 1


def test_a_buy_that_the_exchange_keeps_refusing_is_told_once() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    told = []
    for _ in range(3):
        tries = placed(play.tick("49505", after=10))
        assert len(tries) == 1
        told += notices(play.refuse(play.orders("buy")[-1].order_id, "refused"), OrderDelayed)
    assert len(told) == 1


def test_a_buy_cancelled_by_hand_leaves_funds_for_the_hole_although_no_balance_changed() -> None:
    play = Play(quote="450")
    play.start("50000")
    play.close(play.orders("buy")[0].order_id, "by hand")
    assert placed(play.tick("50000", after=10)) == [LADDER_AT_50000[4]]


def test_a_refused_buy_leaves_funds_for_the_next_try_although_no_balance_changed() -> None:
    play = Play(quote="150")
    play.accepting = False
    play.start("50000")
    play.refuse(play.only("buy").order_id, "post-only")
    assert placed(play.tick("50000", after=10)) == [LADDER_AT_50000[0]]


def test_a_post_only_refusal_is_answered_by_a_new_buy_on_the_next_tick_only() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    lowest = play.orders("buy")[-1]
    assert play.refuse(lowest.order_id, "post-only") == []
    (again,) = play.tick("49000")
    assert placed([again]) == [LADDER_AT_50000[4]]
    assert play.orders("buy")[-1].order_id != lowest.order_id


def test_an_amount_below_the_minimum_of_the_pair_is_a_named_reason_and_no_loop() -> None:
    pair = msgspec.structs.replace(BTC_USD, min_volume=D("0.00205"))
    play = started(pair=pair)
    (reason,) = play.core.report("trading", "").waiting
    assert reason == "fewer than 5 buys: volume 0.00202000 BTC is below the minimum of 0.00205 BTC"
    assert play.orders("buy") == []
    assert play.tick("50001", after=60) == []
    assert [price for _, price, _ in placed(play.tick("48000", after=60))][:1] == [D("47524.7")]


def test_a_tick_size_that_is_too_coarse_is_a_named_reason_and_no_loop() -> None:
    pair = msgspec.structs.replace(BTC_USD, tick_size=D(1), min_cost=D(0), min_volume=D(0))
    play = started("60", pair=pair, interval=D("0.03"))
    assert play.prices("buy") == [D(58), D(56), D(54), D(52), D(50)]
    play = started("30", pair=pair, interval=D("0.01"))
    assert play.prices("buy") == []
    assert "the tick size of 1 is too coarse for an interval of 0.01" in play.core.report("trading", "").waiting[0]
    assert play.tick("30", after=60) == []
    play = started("90", pair=pair, interval=D("0.01"))
    assert play.prices("buy") == [D(89), D(88), D(87), D(86), D(85)]
    assert {rules.sell_price(play.config, price, None) - price for price in play.prices("buy")} == {D(1)}
    play = started("1", pair=pair)
    assert play.prices("buy") == []
    assert play.tick("1", after=60) == []


# Near buys


def test_of_two_near_buys_the_higher_one_goes_and_the_ladder_is_filled_from_below() -> None:
    play = started()
    play.fall_to("48529.4")
    play.tick("48700")
    # A sell that was lifted is bought back nearer to the ladder than half an interval.
    lowest = play.orders("sell")[-1]
    play.core.state.orders[lowest.order_id].price = D("48700")
    higher = play.orders("buy")[0]
    play.close(play.orders("buy")[-1].order_id, "by hand")
    play.core._ladder.tick_time = Nanos(0)
    (counter_buy,) = [o for o in play.fill(lowest.order_id) if isinstance(o, Place)]
    assert counter_buy.price == D("48217.8")
    outputs = play.tick("48700")
    assert canceled(outputs) == [counter_buy.order_id]
    assert play.prices("buy")[0] == higher.price
    assert len(play.prices("buy")) == 5


@pytest.mark.parametrize(("second", "goes"), [("49259.0", True), ("49258.6", False)])
def test_near_means_less_than_half_an_interval(second: str, goes: bool) -> None:
    play = started(max_open_buys=2)
    highest, lower = play.orders("buy")
    play.core.state.orders[lower.order_id].price = D(second)
    play.core.handle(play.balances())
    outputs = play.core.handle(play.a_tick("50000"))
    assert canceled(outputs) == ([highest.order_id] if goes else [])


def test_near_buys_are_judged_by_the_list_as_it_stood() -> None:
    play = started(max_open_buys=4)
    first, second, third, _ = play.orders("buy")
    # Three in a row, each too near to the next: both upper ones go although one would have been enough.
    play.core.state.orders[second.order_id].price = first.price - 100
    play.core.state.orders[third.order_id].price = first.price - 200
    play.core.handle(play.balances())
    outputs = play.core.handle(play.a_tick("50000"))
    assert canceled(outputs) == [first.order_id, second.order_id]
    assert [price for _, price, _ in placed(outputs)] == [D("47573.1"), D("47102.0")]


# Pending


def test_nothing_after_the_fill_up_happens_while_a_request_is_pending() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    assert play.tick("60000") == []
    for order in play.orders("buy"):
        play.accept(order.order_id)
    assert len(canceled(play.tick("60000"))) == 5


def test_nothing_after_the_fill_up_happens_while_a_cancel_is_pending() -> None:
    play = started()
    play.accepting = False
    play.tick("60000")
    for order in [o for o in play.orders("buy") if o.price > D(55000)]:
        play.accept(order.order_id)
    assert play.tick("80000") == []


# Excess


def test_all_buys_beyond_n_are_cancelled_the_lowest_first_to_go() -> None:
    play = started()
    ids = [order.order_id for order in play.orders("buy")]
    again = play.restart("50000", settings(max_open_buys=2))
    assert canceled(again.restarted) == ids[2:]
    assert again.prices("buy") == BUYS_AT_50000[:2]


# Shift up


@pytest.mark.parametrize(("ticker", "shifts"), [("50550.4", False), ("50550.5", True)])
def test_the_ladder_shifts_only_strictly_above_the_threshold(ticker: str, shifts: bool) -> None:
    play = started()
    # 49504.9 x 1.01^2 x 1.001 = 50550.44843849
    assert bool(play.tick(ticker)) is shifts


def test_at_the_threshold_itself_nothing_shifts() -> None:
    play = started()
    assert play.core.handle(Tick("BTC/USD", D("50550.44843849"), Nanos(play.now + SECOND))) == []


def test_at_the_threshold_itself_nothing_shifts_at_the_start_either() -> None:
    assert started().restart("50550.44843849").restarted == []
    assert len(placed(started().restart("50550.4484385").restarted)) == 5


def test_a_shift_cancels_all_buys_and_builds_the_new_ladder_in_one_decision() -> None:
    play = started()
    play.accepting = False
    outputs = play.tick("60000")
    assert [type(output) for output in outputs[:5]] == [Cancel] * 5
    assert [price for _, price, _ in placed(outputs)] == [
        D("59405.9"),
        D("58817.7"),
        D("58235.3"),
        D("57658.7"),
        D("57087.8"),
    ]


def test_a_shift_reckons_with_the_funds_that_its_cancels_will_free() -> None:
    play = Play(quote="502")
    play.start("50000")
    play.accepting = False
    assert len(placed(play.tick("60000"))) == 5


def test_sells_stay_where_they_are_when_the_ladder_shifts() -> None:
    play = started()
    play.fill(play.orders("buy")[0].order_id)
    sell = play.only("sell")
    play.tick("49600")
    play.tick("60000")
    assert play.only("sell") == sell


# Newest price


def test_a_tick_older_than_the_fill_does_not_drive_upkeep() -> None:
    play = started()
    play.fill(play.orders("buy")[0].order_id)
    assert play.core.handle(Tick("BTC/USD", D(60000), Nanos(play.now - 1))) == []
    assert len(placed(play.core.handle(Tick("BTC/USD", D(49600), play.now)))) == 1


def test_buys_that_the_venue_has_closed_come_back_by_the_clock_however_old_the_last_trade_is() -> None:
    play = Play()
    play.start("50000")
    before = play.prices("buy")
    play.now = Nanos(play.now + 3600 * SECOND)
    for order in list(play.orders("buy")):
        play.close(order.order_id, "venue")
    assert play.orders("buy") == []
    wake = play.core.band.wake
    assert wake == play.now + 10 * SECOND
    assert play.core.wake(Nanos(wake - 1)) == []
    assert [price for _, price, _ in placed(play.core.wake(Nanos(wake)))] == before
    assert play.core.band.wake > wake


def test_buys_that_their_owner_has_cancelled_wait_for_a_trade() -> None:
    play = Play()
    play.start("50000")
    play.close(play.orders("buy")[0].order_id, "by hand")
    assert play.core.band.wake > play.now + 3600 * SECOND


@pytest.mark.parametrize(("late", "tried_again"), [(0, True), (1, False)])
def test_a_refusal_for_funds_that_is_told_after_what_freed_them_says_nothing_of_now(
    late: int, tried_again: bool
) -> None:
    play = Play(quote="150", config=settings(max_open_buys=1))
    play.start("50000")
    old = play.only("buy").order_id
    play.accepting = False
    play.tick("52000")  # the ladder moves
    (new,) = (order.order_id for order in play.orders("buy") if order.order_id != old)
    refused = Rejected(order_id=new, reason="funds", text="not enough", time=Nanos(play.now + late * SECOND))
    play.close(old)
    del play.open[new]
    play.handle(refused)
    assert bool(placed(play.tick("52000", after=10))) is tried_again
    assert len(placed(play.tick("52000", after=600))) == (not tried_again)  # it is asked for again in any case
