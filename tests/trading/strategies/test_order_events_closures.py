"""Orders that end without being complete: closed by somebody else, or refused."""

import msgspec
import pytest

from messages.ids import Nanos, VenueOrderId, counter_cause
from messages.letters import needs_somebody
from messages.money import Side
from messages.notices import OrderAmended, OrderDelayed, OrderReleased
from messages.orders import Amended, Canceled, CloseReason, Filled, PartiallyFilled, Place, RejectReason, Resynced
from tests.trading.strategies.harness import (
    BTC_USD,
    BUYS_AT_50000,
    SETTINGS,
    USERREF,
    D,
    Play,
    notices,
    placed,
    settings,
)
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.grid_sell import GRID_SELL
from trading.strategies.order_events import BY_OURSELVES
from trading.strategies.settings import Variant
from trading.strategies.swing import SWING


def started(variant: Variant = GRID_HODL, **changes: object) -> Play:
    play = Play(variant, settings(**changes))
    play.start("50000")
    return play


def two_sells(variant: Variant = GRID_HODL, **changes: object) -> Play:
    """Two buys are filled, their sells are open, three buys are left; no tick since then."""
    play = started(variant, **changes)
    play.fall_to("49014.7")
    return play


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
    ids = (sell.order_id, play.exchange_ids[sell.order_id])
    outputs = play.close(sell.order_id, "by hand")
    assert notices(outputs, OrderReleased) == [
        OrderReleased("grid", "BTC/USD", "sell", sell.price, sell.volume, "cancelled by hand", *ids)
    ]
    assert placed(outputs) == []
    assert play.core.owned == D("0.0040602")
    assert not play.core.state.remembered
    assert "released: cancelled by hand" in play.core.report("trading", "").waiting[0]


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
    assert waiting == "sell of 0.00203015 BTC at 49504.8 USD waits: closed by the exchange (self-trade)"
    assert [side for side, _, _ in placed(play.tick("49100", after=8))] == ["buy", "buy"]
    assert placed(play.tick("49100")) == [("sell", sell.price, sell.volume)]
    again = play.orders("sell")[1]
    assert again.cause == counter_cause(VenueOrderId(sell.cause), 1)
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


@pytest.mark.parametrize("reason", ["unknown to the exchange"])
def test_a_sell_that_vanished_is_released_by_name(reason: CloseReason) -> None:
    play = two_sells()
    (released,) = notices(play.close(play.orders("sell")[0].order_id, reason), OrderReleased)
    assert released.reason == f"closed by the exchange ({reason})"


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
    play.handle(
        Canceled(
            order_id=sell.order_id,
            exchange_id=VenueOrderId(""),
            filled=D(0),
            cost=D(0),
            fee=D(0),
            reason="requested",
            time=play.now,
        )
    )
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


@pytest.mark.parametrize("reason", ["venue", "expired"])
def test_a_sell_that_anybody_but_its_owner_cancelled_is_put_back_with_the_venues_words(reason: CloseReason) -> None:
    play = two_sells()
    sell = play.orders("sell")[0]
    words = "cancelled by a timer"
    event = Canceled(
        order_id=sell.order_id,
        exchange_id=play.exchange_ids[sell.order_id],
        filled=D(0),
        cost=D(0),
        fee=D(0),
        reason=reason,
        time=play.now,
        text=words,
    )
    del play.open[sell.order_id]
    (told,) = notices(play.handle(event), OrderDelayed)
    assert words in told.reason
    assert ("sell", sell.price, sell.volume) in placed(play.tick("49100", after=10))
    again = play.orders("sell")[0]
    assert again.cause == counter_cause(VenueOrderId(sell.cause), 1)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_what_a_stop_cancelled_after_a_backup_is_placed_again_and_nobody_is_warned(side: Side) -> None:
    """The restored state does not know of the cancel; that it was ours is all that it is told."""
    play = two_sells()
    order = play.orders(side)[0]
    outputs = play.close(order.order_id, "requested")
    outputs += play.tick("49100", after=10)
    assert not notices(outputs, OrderReleased)
    assert not notices(outputs, OrderDelayed)
    assert play.core.state.released == []
    again = [one.volume for one in play.orders(side) if one.price == order.price]
    assert side == "buy" or again == [order.volume]


# Amended by somebody else


def test_a_sell_that_nobody_enlarged_sells_the_strategys_own_whatever_its_other_sells_offer() -> None:
    play = two_sells(GRID_SELL)
    near = play.orders("sell")[-1]
    play.core.state.owned = near.volume + D("0.001")
    play.fill(near.order_id)
    assert play.core.owned == D("0.001")


def test_what_an_amended_sell_sells_beyond_the_strategys_base_is_its_owners() -> None:
    play = two_sells(GRID_SELL)
    far, near = play.orders("sell")
    (told,) = play.handle(
        Amended(
            order_id=near.order_id,
            exchange_id=play.exchange_ids[near.order_id],
            price=near.price,
            volume=D("0.05"),
            time=play.now,
        )
    )
    assert isinstance(told, OrderAmended)
    assert told.beyond == D("0.05") - near.volume
    play.now = Nanos(play.now + 1)
    play.handle(
        Filled(
            order_id=near.order_id,
            exchange_id=play.exchange_ids[near.order_id],
            fill_id="f",
            filled=D("0.05"),
            cost=D(2500),
            fee=D(1),
            time=play.now,
        )
    )
    assert play.core.owned == far.volume
    play.fill(far.order_id)
    assert play.core.owned == D(0)
    play.owned = D(0)
    buy = play.orders("buy")[0]
    assert ("sell", buy.volume) in [(side, volume) for side, _, volume in placed(play.fill(buy.order_id))]


def test_a_sell_asks_for_no_more_than_its_buy_and_free_base_of_its_own() -> None:
    play = started(GRID_HODL)
    buy = play.orders("buy")[0]
    dust = D("0.0001")
    play.handle(
        Amended(
            order_id=buy.order_id,
            exchange_id=play.exchange_ids[buy.order_id],
            price=buy.price,
            volume=dust,
            time=play.now,
        )
    )
    play.open[buy.order_id] = msgspec.structs.replace(buy, volume=dust)
    assert [(side, volume) for side, _, volume in placed(play.fill(buy.order_id))] == [("sell", dust)]


def test_a_sell_of_a_doubled_amount_asks_for_no_more_than_was_bought() -> None:
    play = started(GRID_HODL)
    buy = play.orders("buy")[0]
    filled = play.fill_event(Filled, buy, buy.volume)
    doubled = Play(GRID_HODL, settings(amount=D(200)), saved=play.core.save())
    doubled.open, doubled.exchange_ids = play.open, play.exchange_ids
    (sell,) = placed(doubled.handle(filled))
    assert sell[2] == buy.volume


@pytest.mark.parametrize("variant", [GRID_HODL, GRID_SELL, SWING], ids=lambda variant: variant.kind)
@pytest.mark.parametrize("reason", ["venue", "by hand"])
@pytest.mark.parametrize(("amended", "filled"), [("0.05", "0"), ("0.05", "0.0005"), ("0.001", "0"), ("0.05", "0.01")])
def test_what_its_owner_added_to_a_sell_is_not_put_back(
    variant: Variant, reason: CloseReason, amended: str, filled: str
) -> None:
    play = two_sells(variant)
    far, near = play.orders("sell")
    name, exchange_id, volume = near.order_id, play.exchange_ids[near.order_id], D(amended)
    play.handle(
        Amended(order_id=name, exchange_id=VenueOrderId(exchange_id), price=near.price, volume=volume, time=play.now)
    )
    executed, paid = D(filled), D(filled) * near.price
    play.handle(
        Canceled(
            order_id=name,
            exchange_id=VenueOrderId(exchange_id),
            filled=executed,
            cost=paid,
            fee=D(0),
            reason=reason,
            time=play.now,
        )
    )
    play.core.take_back()
    sells = [(price, size) for side, price, size in placed(play.tick("49014.7", after=20)) if side == "sell"]
    wanted = min(volume, near.volume) - executed
    assert sells == ([(near.price, wanted)] if wanted > 0 else [])
    assert play.core.state.remembered == {}
    assert far.volume + max(wanted, D(0)) == sum(
        order.volume for order in play.core.state.orders.values() if order.side == "sell"
    )


def test_a_sell_of_a_doubled_amount_leaves_what_an_open_buy_has_brought_so_far() -> None:
    play = started(GRID_HODL)
    first, second = play.orders("buy")[:2]
    part = play.fill_event(PartiallyFilled, second, D("0.001"))
    doubled = Play(GRID_HODL, settings(amount=D(200)), saved=play.core.save())
    doubled.open, doubled.exchange_ids = play.open, play.exchange_ids
    doubled.handle(part)
    (sell,) = placed(doubled.handle(play.fill_event(Filled, first, first.volume)))
    assert sell[2] == first.volume


def test_an_amended_buy_counts_as_what_it_is_now() -> None:
    play = started(GRID_SELL)
    buy = play.orders("buy")[0]
    (told,) = play.handle(
        Amended(
            order_id=buy.order_id,
            exchange_id=play.exchange_ids[buy.order_id],
            price=D("49400.0"),
            volume=D("0.003"),
            time=play.now,
        )
    )
    assert isinstance(told, OrderAmended)
    assert (told.price, told.volume) == (D("49400.0"), D("0.003"))
    assert (told.former_price, told.former_volume) == (D("49504.9"), D("0.00202"))
    assert [order.place.volume for order in play.core.live_orders()].count(D("0.003")) == 1


def test_an_amendment_that_changes_nothing_is_not_told() -> None:
    play = started()
    buy = play.orders("buy")[0]
    assert (
        play.handle(
            Amended(
                order_id=buy.order_id,
                exchange_id=play.exchange_ids[buy.order_id],
                price=buy.price,
                volume=buy.volume,
                time=play.now,
            )
        )
        == []
    )


# Refusals


@pytest.mark.parametrize("reason", ["minimum", "rules", "pair"])
def test_a_sell_that_the_venues_rules_forbid_waits_for_other_rules_or_ten_minutes(reason: RejectReason) -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    sell = play.only("sell")
    (told,) = notices(play.refuse(sell.order_id, reason), OrderDelayed)
    assert (told.side, told.reason) == ("sell", f"refused: {reason}")
    assert [o for o in placed(play.tick("49505", after=60)) if o[0] == "sell"] == []
    assert ("sell", sell.price, sell.volume) in placed(play.tick("49505", after=600))


@pytest.mark.parametrize("reason", ["minimum", "rules", "pair"])
@pytest.mark.parametrize("by", ["other rules", "a restart"])
def test_a_sell_that_the_venues_rules_forbade_is_asked_for_at_once(reason: RejectReason, by: str) -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    sell = play.only("sell")
    play.refuse(sell.order_id, reason)
    play.tick("49505", after=60)
    if by == "a restart":
        assert play.restart("49505", play.config).only("sell").order_id == sell.order_id
    else:
        asked = play.core.change_rules(BTC_USD, SETTINGS.fee)
        assert [o.order_id for o in asked if isinstance(o, Place)] == [sell.order_id]


@pytest.mark.parametrize("reason", ["minimum", "rules", "pair"])
def test_buys_that_the_venues_rules_forbid_are_asked_for_again_after_ten_minutes_only(reason: RejectReason) -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    for order in play.orders("buy"):
        play.refuse(order.order_id, reason)
    assert f"refused: {reason}" in play.core.report("trading", "").waiting[0]
    for _ in range(9):
        play.quote += 1
        play.handle(play.balances())
        assert placed(play.tick("50000", after=60)) == []
    assert len(placed(play.tick("50000", after=60))) == 5


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


def test_a_buy_refused_by_rules_that_are_known_by_now_is_decided_anew_by_them_without_the_long_wait() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    coarser = msgspec.structs.replace(play.core._ladder.settings.pair, tick_size=D(5))
    buys = play.orders("buy")
    play.core.change_rules(coarser, play.core._ladder.settings.fee)
    for order in buys:
        play.refuse(order.order_id, "rules")
    decided = placed(play.tick("50000", after=11))
    assert [price for _, price, _ in decided][:2] == [D(49500), D(49005)]


@pytest.mark.parametrize("reason", ["by hand", "requested", "venue"])
def test_a_sell_that_our_own_stop_cancelled_is_placed_again_and_nobody_is_warned(reason: CloseReason) -> None:
    play = two_sells()
    sell = play.orders("sell")[1]
    play.core._ladder.cancel(
        play.core.state.orders[sell.order_id]
    )  # as the stop does, whose answer comes at the next start
    play.close(sell.order_id, reason)
    report = play.core.report("trading", "")
    (waiting,) = report.waiting
    assert waiting == f"sell of {sell.volume} BTC at {sell.price} USD waits: {BY_OURSELVES}"
    assert not [row for row in report.held_up if row.code == "sell waits"]


@pytest.mark.parametrize(("ours", "seconds"), [(True, 0), (False, 11)])
def test_only_a_sell_that_the_exchange_has_closed_waits_for_a_pause(ours: bool, seconds: int) -> None:
    play = two_sells()
    sell = play.orders("sell")[1]
    if ours:
        play.core._ladder.cancel(play.core.state.orders[sell.order_id])
    play.close(sell.order_id, "venue")
    at_once = [side for side, _, _ in placed(play.tick("50000", after=0))]
    assert ("sell" in at_once) == ours
    later = [side for side, _, _ in placed(play.tick("50000", after=seconds))]
    assert (at_once + later).count("sell") == 1


def resynced(reason: CloseReason, *, minutes: int, restored: bool = False) -> Play:
    """Two sells and all buys were closed while the program was away, `minutes` after the last trade of the market."""
    before = two_sells(max_investment=D(620))
    before.tick("49014.7")
    play = Play(GRID_HODL, settings(max_investment=D(620), restored=restored), saved=before.core.save())
    play.owned, play.now, play._numbers = before.owned, before.now, before._numbers
    play.open, play.exchange_ids = before.open, before.exchange_ids
    trade = play.now
    play.handle(play.a_tick("49014.7"))
    play.handle(play.balances())
    play.now = Nanos(trade + minutes * 60 * 10**9)
    play.restarted = [output for order_id in list(play.open) for output in play.close(order_id, reason)]  # type: ignore[arg-type]
    play.now = Nanos(trade + 10**9)
    play.restarted = [*play.restarted, *play.handle(Resynced(USERREF, 1))]
    return play


@pytest.mark.parametrize("minutes", [0, 1, 600])
def test_what_this_program_withdrew_comes_back_with_the_resync_sells_first_within_max_investment(minutes: int) -> None:
    play = resynced("requested", minutes=minutes)
    assert [side for side, _, _ in placed(play.restarted)] == ["sell", "sell", "buy", "buy", "buy", "buy"]
    report = play.core.report("trading", "")
    assert report.investment < D(620)
    assert not [row for row in report.held_up if row.code == "sell waits"]


@pytest.mark.parametrize("minutes", [1, 600])
def test_sells_that_the_exchange_closed_pause_from_the_resync_on_and_buys_leave_their_room(minutes: int) -> None:
    """However old the last trade is by then."""
    play = resynced("venue", minutes=minutes)
    assert {side for side, _, _ in placed(play.restarted)} == {"buy"}
    assert play.core.band.wake <= play.now + 11 * 10**9
    woken = play.core.wake(Nanos(play.now + 11 * 10**9))
    assert [side for side, _, _ in placed(woken)][:2] == ["sell", "sell"]
    assert play.core.report("trading", "").investment < D(620)


@pytest.mark.parametrize("restored", [True, False])
def test_after_a_restore_a_sell_cancelled_by_hand_may_have_been_our_own_stop(restored: bool) -> None:
    play = resynced("by hand", minutes=1, restored=restored)
    told = [notice for notice in notices(play.restarted, OrderReleased) if notice.side == "sell"]
    assert len(told) == 2
    assert all(("start once with --take-back grid" in notice.reason) == restored for notice in told)
    assert all(needs_somebody(notice) == restored for notice in told)
    assert placed(play.restarted)
    assert play.orders("sell") == []
