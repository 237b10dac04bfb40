"""What follows from events of the strategy's own orders."""

import msgspec
import pytest

from messages.ids import ClientOrderId, Nanos, VenueOrderId, client_order_id
from messages.market import Tick
from messages.notices import OrderDelayed, OrderFilled
from messages.orders import Accepted, Canceled, Filled, PartiallyFilled, Rejected
from tests.trading.strategies.harness import (
    BTC_USD,
    SECOND,
    SETTINGS,
    USERREF,
    D,
    Play,
    canceled,
    notices,
    placed,
    settings,
)
from trading.strategies.c_dca import C_DCA
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.grid_sell import GRID_SELL
from trading.strategies.settings import Variant
from trading.strategies.swing import SWING
from trading.strategies.upkeep import NOT_OURS

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
    buy = play.orders("buy")[0]
    outputs = play.fill(buy.order_id)
    ids = (buy.order_id, play.exchange_ids[buy.order_id], buy.cause)
    assert notices(outputs, OrderFilled) == [
        OrderFilled("grid", "BTC/USD", "buy", D("49504.9"), D("0.00202"), D("99.999898"), D("0.249999745"), *ids)
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
    play.core.handle(Tick("BTC/USD", D(50200), Nanos(play.now + 2 * SECOND)))
    assert placed(play.fill(buy.order_id)) == [("sell", D("50702.0"), D("0.00198221"))]


def test_a_tick_as_old_as_the_fill_lifts_its_sell_and_an_older_one_does_not() -> None:
    for age, price in ((0, "50702.0"), (1, "49999.9")):
        play = started()
        buy = play.orders("buy")[0]
        play.core.handle(Tick("BTC/USD", D(50200), Nanos(play.now + SECOND - age)))
        assert [p for _, p, _ in placed(play.fill(buy.order_id))] == [D(price)]


def test_a_tick_between_two_fills_lifts_the_earlier_one_even_if_that_is_told_later() -> None:
    play = started()
    play.accepting = False
    first, second, *_ = play.orders("buy")
    start = play.now
    for order in (first, second):
        play.exchange_id(order.order_id)
    play.core.handle(Tick("BTC/USD", D(50200), Nanos(start + 5)))
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


def test_a_counter_sell_below_the_minimum_waits_by_name() -> None:
    pair = msgspec.structs.replace(BTC_USD, min_volume=D("0.002015"))
    play = started(pair=pair)
    outputs = play.fill(play.orders("buy")[0].order_id)
    (told,) = notices(outputs, OrderDelayed)
    assert told.reason == "volume 0.00201005 BTC is below the minimum of 0.002015 BTC"
    assert placed(outputs) == []
    assert told.reason in play.core.report("trading", "").waiting[0]
    play.tick("49505", after=60)
    assert notices(play.tick("49505", after=60), OrderDelayed) == []
    assert ("sell", D("49999.9"), D("0.00201005")) in placed(play.core.change_rules(BTC_USD, SETTINGS.fee))
    assert play.core.owned == D("0.00202")


@pytest.mark.parametrize(("left", "sold"), [("0.002", ["0.00201005"]), ("0.0005", ["0.00152"]), ("0", ["0.00102"])])
def test_a_counter_sell_offers_nothing_that_the_sell_of_a_surplus_has_taken(left: str, sold: list[str]) -> None:
    play = started()
    buy = play.orders("buy")[0]
    play.partly(buy.order_id, "0.001")
    play.core.state.owned = D(left)  # a surplus was sold of what the buy had brought so far
    assert [volume for _, _, volume in placed(play.fill(buy.order_id))] == [D(volume) for volume in sold]
    offered = sum(order.volume for order in play.orders("sell"))
    assert offered <= play.core.owned


def test_a_counter_sell_for_which_nothing_is_left_waits_by_name() -> None:
    play = started()
    buy = play.orders("buy")[0]
    play.partly(buy.order_id, "0.00201")
    play.core.state.owned = D(0)
    outputs = play.fill(buy.order_id)
    assert placed(outputs) == []
    (told,) = notices(outputs, OrderDelayed)
    assert (told.reason, told.volume) == (NOT_OURS, D("0.00201005"))
    assert NOT_OURS in play.core.report("trading", "").waiting[0]


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
        order_id=buy.order_id,
        exchange_id=play.exchange_ids[buy.order_id],
        filled=buy.volume,
        cost=D(100),
        fee=D("0.25"),
        reason="requested",
        time=play.now,
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
    play.core.handle(Tick("BTC/USD", D(48900), Nanos(play.now - SECOND)))
    play.core.state.fill_time = Nanos(0)
    outputs = play.fill(sell.order_id)
    assert placed(outputs) == [("buy", D("49014.6"), D("0.0020402"))]
    play = two_sells(max_investment=D(10**6))
    play.accepting = False
    sell = play.orders("sell")[1]
    ticker = Tick("BTC/USD", D(48900), Nanos(play.now + SECOND))
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
    assert len(notices(outputs, OrderDelayed)) == 1


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
    assert (
        play.handle(Accepted(order_id=buy.order_id, exchange_id=play.exchange_ids[buy.order_id], time=play.now)) == []
    )
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
    assert (
        play.handle(Rejected(order_id=play.orders("buy")[0].order_id, reason="refused", text="", time=play.now)) == []
    )
    assert play.core.save() == before


def test_an_event_of_an_unknown_order_changes_nothing() -> None:
    play = started()
    before = play.core.save()
    assert (
        play.handle(
            Filled(
                order_id=ClientOrderId("g0000rt00000000000"),
                exchange_id=VenueOrderId("O9"),
                fill_id="f",
                filled=D(1),
                cost=D(1),
                fee=D(0),
                time=play.now,
            )
        )
        == []
    )
    assert play.core.save() == before
