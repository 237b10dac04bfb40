"""What follows from events of the strategy's own orders."""

import msgspec
import pytest

from actors.strategies.c_dca import C_DCA
from actors.strategies.grid_hodl import GRID_HODL
from actors.strategies.grid_sell import GRID_SELL
from actors.strategies.settings import Variant
from actors.strategies.swing import SWING
from messages.ids import client_order_id, counter_cause
from messages.market import Tick
from messages.notices import OrderFilled, OrderReleased
from messages.orders import Accepted, Canceled, CloseReason, Filled, PartiallyFilled, Rejected
from tests.actors.strategies.harness import (
    BTC_USD,
    BUYS_AT_50000,
    SECOND,
    USERREF,
    D,
    Play,
    canceled,
    notices,
    placed,
    settings,
)

ALL_KINDS = pytest.mark.parametrize("variant", [GRID_HODL, GRID_SELL, SWING, C_DCA], ids=lambda variant: variant.kind)


def started(variant: Variant = GRID_HODL, **changes: object) -> Play:
    play = Play(variant, settings(**changes))
    play.start("50000")
    return play


# A buy fills


def test_the_sell_of_a_buy_derives_its_id_from_the_filled_order() -> None:
    play = started()
    buy = play.orders("buy")[0]
    play.fill(buy.order_id)
    sell = play.only("sell")
    assert sell.cause == play.exchange_ids[buy.order_id]
    assert sell.order_id == client_order_id(USERREF, sell.cause)
    assert (sell.kind, sell.post_only) == ("counter", False)


@ALL_KINDS
def test_every_fill_is_told_with_its_cost_and_fee(variant: Variant) -> None:
    play = started(variant)
    outputs = play.fill(play.orders("buy")[0].order_id)
    assert notices(outputs, OrderFilled) == [
        OrderFilled("grid", "BTC/USD", "buy", D("49504.9"), D("0.00202"), cost=D("99.999898"), fee=D("0.249999745"))
    ]


@ALL_KINDS
def test_a_fill_places_only_its_counter_order(variant: Variant) -> None:
    play = started(variant)
    outputs = play.fill(play.orders("buy")[0].order_id)
    assert len(placed(outputs)) == (variant.sell_volume is not None)
    assert canceled(outputs) == []


def test_a_sell_is_one_interval_above_the_ticker_where_that_passed_the_sell_price() -> None:
    play = started()
    buy = play.orders("buy")[0]
    play.core.handle(Tick("BTC/USD", D(50200), play.now + 2 * SECOND))
    assert placed(play.fill(buy.order_id)) == [("sell", D("50702.0"), D("0.00198221"))]


def test_a_tick_as_old_as_the_fill_lifts_its_sell_and_an_older_one_does_not() -> None:
    for age, price in ((0, "50702.0"), (1, "49999.9")):
        play = started()
        buy = play.orders("buy")[0]
        play.core.handle(Tick("BTC/USD", D(50200), play.now + SECOND - age))
        assert [p for _, p, _ in placed(play.fill(buy.order_id))] == [D(price)]


def test_a_tick_between_two_fills_lifts_the_earlier_one_even_if_that_is_told_later() -> None:
    play = started()
    play.accepting = False
    first, second, *_ = play.orders("buy")
    start = play.now
    for order in (first, second):
        play.exchange_id(order.order_id)
    play.core.handle(Tick("BTC/USD", D(50200), start + 5))
    late = play.fill_event(Filled, first, first.volume)
    later = msgspec.structs.replace(play.fill_event(Filled, second, second.volume), time=start + 9)
    assert [p for _, p, _ in placed(play.handle(later))] == [D("49504.8")]
    assert [p for _, p, _ in placed(play.handle(msgspec.structs.replace(late, time=start + 1)))] == [D("50702.0")]


def test_the_highest_buy_price_is_kept_for_ever() -> None:
    play = started()
    play.fall_to("49014.7")
    assert play.core.state.highest_buy == D("49504.9")
    play.tick("30000")
    again = play.restart("30000", settings(amount=D(50)))
    again.fall_to("29000")
    assert again.core.state.highest_buy == D("49504.9")


def test_a_counter_sell_below_the_minimum_is_released_by_name() -> None:
    pair = msgspec.structs.replace(BTC_USD, min_volume=D("0.002015"))
    play = started(pair=pair)
    outputs = play.fill(play.orders("buy")[0].order_id)
    (released,) = notices(outputs, OrderReleased)
    assert released.reason == "volume 0.00201005 BTC is below the minimum of 0.002015 BTC"
    assert placed(outputs) == []
    assert play.core.owned == D("0.00202")


def test_a_fill_in_the_cancel_window_is_a_fill() -> None:
    play = started()
    play.accepting = False
    buy = play.orders("buy")[0]
    play.tick("60000")
    assert [side for side, _, _ in placed(play.fill(buy.order_id))] == ["sell"]


def test_a_cancel_that_confirms_a_complete_fill_is_a_fill() -> None:
    play = started()
    play.accepting = False
    buy = play.orders("buy")[0]
    play.tick("60000")
    event = Canceled(
        buy.order_id, play.exchange_ids[buy.order_id], buy.volume, D(100), D("0.25"), "requested", play.now
    )
    assert [side for side, _, _ in placed(play.handle(event))] == ["sell"]
    assert play.core.state.surplus == 0


# A sell fills


def two_sells(variant: Variant = GRID_HODL, **changes: object) -> Play:
    """Two buys are filled, their sells are open, three buys are left; no tick since then."""
    play = started(variant, **changes)
    play.fall_to("49014.7")
    return play


@pytest.mark.parametrize("variant", [GRID_HODL, GRID_SELL, SWING], ids=lambda variant: variant.kind)
def test_a_counter_buy_is_one_interval_below_the_filled_sell(variant: Variant) -> None:
    play = two_sells(variant)
    sell = play.orders("sell")[1]
    assert placed(play.fill(sell.order_id)) == [("buy", D("49014.6"), D("0.0020402"))]
    (buy,) = [o for o in play.orders("buy") if o.kind == "counter"]
    assert buy.cause == play.exchange_ids[sell.order_id]
    assert buy.post_only


def test_a_counter_buy_is_bounded_by_the_ticker() -> None:
    play = two_sells()
    play.accepting = False
    sell = play.orders("sell")[1]
    play.core.handle(Tick("BTC/USD", D(48900), play.now - SECOND))
    play.core.state.fill_time = 0
    outputs = play.fill(sell.order_id)
    assert placed(outputs) == [("buy", D("49014.6"), D("0.0020402"))]
    play = two_sells(max_investment=D(10**6))
    play.accepting = False
    sell = play.orders("sell")[1]
    ticker = Tick("BTC/USD", D(48900), play.now + SECOND)
    play.core._ladder.ticker, play.core._ladder.tick_time = ticker.price, ticker.time
    assert placed(play.fill(sell.order_id)) == [("buy", D("48415.8"), D("0.00206544"))]


def test_the_last_sell_is_not_bought_back() -> None:
    play = two_sells()
    play.accepting = False
    higher, lower = play.orders("sell")
    play.fill(lower.order_id)
    assert placed(play.fill(higher.order_id)) == []


def test_a_sell_is_not_bought_back_while_n_buys_are_open() -> None:
    play = two_sells()
    play.tick("49100")
    assert len(play.orders("buy")) == 5
    assert placed(play.fill(play.orders("sell")[1].order_id)) == []


def test_a_requested_buy_counts_as_open_for_the_next_counter_buy() -> None:
    play = started(max_open_buys=4)
    play.fall_to("48529.4")
    play.accepting = False
    assert len(play.orders("buy")) == 1
    highest, middle, lowest = play.orders("sell")
    assert len(placed(play.fill(lowest.order_id))) == 1
    assert len(placed(play.fill(middle.order_id))) == 1
    assert len(play.orders("buy")) == 3
    assert placed(play.fill(highest.order_id)) == []


def test_a_sell_is_not_bought_back_beyond_the_maximum_investment() -> None:
    # Three buys and one sell are left after the fill: 3 x 100 + 100.5 + 100.25 = 500.75.
    play = two_sells(max_investment=D("500.7"))
    assert placed(play.fill(play.orders("sell")[1].order_id)) == []
    play = two_sells(max_investment=D("500.8"))
    assert len(placed(play.fill(play.orders("sell")[1].order_id))) == 1


def test_a_counter_buy_below_the_minimum_is_told_and_not_placed() -> None:
    play = two_sells()
    pair = msgspec.structs.replace(BTC_USD, min_volume=D("0.00205"))
    play.core._ladder.settings = settings(pair=pair)
    outputs = play.fill(play.orders("sell")[1].order_id)
    assert placed(outputs) == []
    assert len(notices(outputs, OrderReleased)) == 1


# Partial fills


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_partial_fill_triggers_nothing(side: str) -> None:
    play = two_sells()
    order = play.orders("buy" if side == "buy" else "sell")[0]
    assert play.partly(order.order_id, "0.001") == []
    assert play.core.state.orders[order.order_id].filled == D("0.001")


def test_parts_add_up_to_one_fill() -> None:
    play = started()
    buy = play.orders("buy")[0]
    assert play.partly(buy.order_id, "0.001") == []
    assert play.partly(buy.order_id, "0.002") == []
    assert len(placed(play.partly(buy.order_id, "0.00202"))) == 1
    state = play.core.state
    assert (state.owned, state.cash_flow, state.fees) == (D("0.00202"), D("-100.249897745"), D("0.249999745"))
    assert state.buys_filled == 1


def test_an_order_is_complete_when_its_quantity_is_reached_whatever_the_event_is_called() -> None:
    play = started()
    buy = play.orders("buy")[0]
    event = play.fill_event(PartiallyFilled, buy, buy.volume)
    assert [side for side, _, _ in placed(play.handle(event))] == ["sell"]


# Doubled, late and out of order


def test_a_doubled_fill_changes_nothing() -> None:
    play = started()
    buy = play.orders("buy")[0]
    play.fill(buy.order_id)
    before = play.core.save()
    event = play.fill_event(Filled, buy, buy.volume)
    assert play.handle(event) == []
    assert play.core.save() == before


def test_an_older_partial_fill_changes_nothing() -> None:
    play = started()
    buy = play.orders("buy")[0]
    play.partly(buy.order_id, "0.001")
    play.partly(buy.order_id, "0.0015")
    before = play.core.save()
    for filled in ("0.001", "0.0015"):
        assert play.handle(play.fill_event(PartiallyFilled, buy, D(filled))) == []
        assert play.core.save() == before


def test_a_fill_before_the_acceptance_is_enough() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    buy = play.orders("buy")[0]
    assert [side for side, _, _ in placed(play.fill(buy.order_id))] == ["sell"]
    before = play.core.save()
    assert play.handle(Accepted(buy.order_id, play.exchange_ids[buy.order_id], play.now)) == []
    assert play.core.save() == before


def test_a_late_acceptance_does_not_reopen_an_order_that_is_being_cancelled() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    play.stop("cancel-buys")
    buy = play.orders("buy")[0]
    play.accept(buy.order_id)
    assert play.core.state.orders[buy.order_id].phase == "canceling"


def test_a_refusal_of_an_accepted_order_changes_nothing() -> None:
    play = started()
    before = play.core.save()
    assert play.handle(Rejected(play.orders("buy")[0].order_id, "refused", "", play.now)) == []
    assert play.core.save() == before


def test_an_event_of_an_unknown_order_changes_nothing() -> None:
    play = started()
    before = play.core.save()
    assert play.handle(Filled("g0000rt00000000000", "O9", "f", D(1), D(1), D(0), play.now)) == []
    assert play.core.save() == before


# Closed by somebody else


def test_a_buy_cancelled_by_hand_is_named_and_leaves_a_hole_for_the_next_tick() -> None:
    play = started()
    outputs = play.close(play.orders("buy")[1].order_id, "by hand")
    assert [(o.side, o.price) for o in notices(outputs, OrderReleased)] == [("buy", D("49014.7"))]
    assert placed(outputs) == []
    assert play.tick("50000") != []
    assert play.prices("buy") == [BUYS_AT_50000[0], *BUYS_AT_50000[2:], D("47102.0")]


def test_a_buy_closed_as_post_only_is_replaced_on_the_next_tick_without_a_word() -> None:
    play = started()
    assert play.close(play.orders("buy")[4].order_id, "post-only") == []
    assert [price for _, price, _ in placed(play.tick("50000"))] == [BUYS_AT_50000[4]]


@pytest.mark.parametrize("variant", [GRID_HODL, GRID_SELL, SWING], ids=lambda variant: variant.kind)
def test_a_sell_cancelled_by_hand_is_released_and_named(variant: Variant) -> None:
    play = two_sells(variant)
    sell = play.orders("sell")[0]
    outputs = play.close(sell.order_id, "by hand")
    assert notices(outputs, OrderReleased) == [
        OrderReleased("grid", "BTC/USD", "sell", sell.price, sell.volume, "closed by the exchange or by hand (by hand)")
    ]
    assert placed(outputs) == []
    assert play.core.owned == D("0.0040602")
    assert not play.core.state.remembered
    assert "released: closed by the exchange or by hand (by hand)" in play.core.report("trading", "").waiting[0]


def test_a_sell_cancelled_by_hand_is_never_placed_again() -> None:
    play = two_sells()
    sell = play.orders("sell")[0]
    play.close(sell.order_id, "by hand")
    play.tick("49100", after=60)
    again = play.restart("49100")
    again.tick("49100", after=60)
    assert sell.price not in again.prices("sell")


def test_the_rest_of_a_partly_filled_sell_is_released() -> None:
    play = two_sells()
    sell = play.orders("sell")[0]
    play.partly(sell.order_id, "0.002")
    (released,) = notices(play.close(sell.order_id, "by hand"), OrderReleased)
    assert released.volume == sell.volume - D("0.002")


@pytest.mark.parametrize("reason", ["self-trade"])
def test_a_sell_closed_by_self_trade_prevention_is_due_again_under_a_new_attempt(reason: CloseReason) -> None:
    play = two_sells()
    sell = play.orders("sell")[1]
    assert play.close(sell.order_id, reason) == []
    (waiting,) = play.core.report("trading", "").waiting
    assert waiting == "sell of 0.00203015 BTC at 49504.8 USD waits: closed: self-trade"
    assert [side for side, _, _ in placed(play.tick("49100", after=8))] == ["buy", "buy"]
    assert placed(play.tick("49100")) == [("sell", sell.price, sell.volume)]
    again = play.orders("sell")[1]
    assert again.cause == counter_cause(sell.cause, 1)
    assert again.order_id != sell.order_id


def test_a_refused_second_attempt_keeps_its_id() -> None:
    play = two_sells()
    sell = play.orders("sell")[1]
    play.close(sell.order_id, "self-trade")
    play.accepting = False
    play.tick("49100", after=10)
    second = play.orders("sell")[1]
    play.refuse(second.order_id, "funds")
    play.tick("49100", after=10)
    assert play.orders("sell")[1].order_id == second.order_id


def test_a_partly_filled_sell_that_was_closed_by_self_trade_is_due_with_its_rest() -> None:
    play = two_sells()
    sell = play.orders("sell")[1]
    play.partly(sell.order_id, "0.001")
    play.close(sell.order_id, "self-trade")
    assert ("sell", sell.price, sell.volume - D("0.001")) in placed(play.tick("49100", after=10))


@pytest.mark.parametrize("reason", ["expired", "unknown to the exchange"])
def test_a_sell_that_vanished_is_released_by_name(reason: CloseReason) -> None:
    play = two_sells()
    (released,) = notices(play.close(play.orders("sell")[0].order_id, reason), OrderReleased)
    assert released.reason == f"closed by the exchange or by hand ({reason})"


def test_surplus_of_a_cancelled_sell_of_our_own_stays_surplus() -> None:
    play = started()
    for _ in range(2):
        order = play.orders("buy")[0]
        play.partly(order.order_id, "0.0011")
        play.close(order.order_id, "by hand")
    sell = play.only("sell", "surplus")
    play.partly(sell.order_id, "0.0005")
    play.stop("cancel-all")
    assert play.core.state.surplus == D("0.0022") - D("0.0005")
    assert play.core.owned == play.core.state.surplus
    assert play.core.state.surplus_price == D("49504.9")


def test_surplus_that_was_sold_to_the_last_unit_comes_back_with_the_price_of_its_sell() -> None:
    play = started()
    for filled in ("0.001", "0.00100001"):
        order = play.orders("buy")[0]
        play.partly(order.order_id, filled)
        play.close(order.order_id, "by hand")
    assert (play.core.state.surplus, play.core.state.surplus_price) == (D(0), D(0))
    play.stop("cancel-all")
    # 49999.9 / 1.01, truncated: the sell that follows is at most one tick lower than the one that was withdrawn.
    assert (play.core.state.surplus, play.core.state.surplus_price) == (D("0.00200001"), D("49504.8"))


def test_surplus_whose_sell_is_cancelled_before_it_was_sent_never_stopped_being_surplus() -> None:
    play = started()
    play.accepting = False
    for _ in range(2):
        order = play.orders("buy")[0]
        play.partly(order.order_id, "0.0011")
        play.close(order.order_id, "by hand")
    play.stop("cancel-all")
    sell = play.only("sell", "surplus")
    play.handle(Canceled(sell.order_id, "", D(0), D(0), D(0), "requested", play.now))
    assert play.core.state.surplus == D("0.0022")


def test_a_surplus_sell_cancelled_by_hand_is_released() -> None:
    play = started()
    for _ in range(2):
        order = play.orders("buy")[0]
        play.partly(order.order_id, "0.0011")
        play.close(order.order_id, "by hand")
    outputs = play.close(play.only("sell", "surplus").order_id, "by hand")
    assert len(notices(outputs, OrderReleased)) == 1
    assert play.core.state.surplus == D("0.0022") - D("0.00201005")


# Refusals


def test_a_counter_sell_refused_as_too_small_is_released() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    (released,) = notices(play.refuse(play.only("sell").order_id, "minimum"), OrderReleased)
    assert released.side == "sell"
    assert not play.core.state.remembered


def test_a_refused_counter_buy_is_not_asked_for_again_but_the_ladder_is_filled() -> None:
    play = two_sells()
    play.accepting = False
    play.fill(play.orders("sell")[1].order_id)
    (counter_buy,) = [o for o in play.orders("buy") if o.kind == "counter"]
    play.refuse(counter_buy.order_id, "post-only")
    assert [o.kind for o in play.orders("buy")] == ["ladder"] * 3
    play.tick("49100")
    assert [o.kind for o in play.orders("buy")] == ["ladder"] * 5


def test_a_refusal_of_a_buy_that_is_being_cancelled_holds_up_nothing_and_is_not_told() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    play.stop("cancel-buys")
    assert play.refuse(play.orders("buy")[0].order_id, "funds") == []
    assert play.core.state.told == []
