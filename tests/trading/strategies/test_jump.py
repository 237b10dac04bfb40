"""A price that is a jump away from the one before moves no ladder before something confirms it."""

from decimal import Decimal

import pytest

from messages.ids import Nanos
from messages.market import Quote, Tick
from messages.money import Side
from messages.orders import Amended, Deferred, Filled, Resynced
from tests.trading.strategies.harness import SECOND, D, Play, canceled, placed, settings
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_sell import GRID_SELL


def started() -> Play:
    play = Play(GRID_SELL)
    play.start("50000")
    return play


@pytest.mark.parametrize("misprint", ["500000", "60000", "52600", "47500", "30000", "1"])
def test_one_print_far_away_moves_nothing(misprint: str) -> None:
    play = started()
    before = play.prices("buy")
    assert play.misprint(misprint) == []
    assert play.misprint("50010") == []
    assert play.prices("buy") == before
    assert play.core._ladder.ticker == D(50010)


@pytest.mark.parametrize("price", ["52500", "51100"])
def test_a_move_of_five_intervals_needs_no_second_trade(price: str) -> None:
    assert len(placed(started().misprint(price))) == 5


@pytest.mark.parametrize("misprint", ["500000", "5000"])
def test_a_first_ladder_is_not_built_at_a_misprint(misprint: str) -> None:
    play = Play(GRID_SELL, settings(reference=D(50000)))
    assert play.start(misprint) == []
    (hindrance,) = play.core.report("trading", "").held_up
    assert f"the last trade at {misprint} is far from the exchange's ticker at 50000" in hindrance.detail
    assert len(placed(play.misprint("50010"))) == 5
    assert play.core.report("trading", "").held_up == ()


def test_a_market_that_has_moved_since_the_ticker_was_read_is_confirmed_by_a_second_trade() -> None:
    play = Play(GRID_SELL, settings(reference=D(50000)))
    assert play.start("60000") == []
    assert len(placed(play.misprint("60010"))) == 5


def test_a_second_trade_near_the_first_confirms_it() -> None:
    play = started()
    assert play.misprint("60000") == []
    outputs = play.misprint("60100")
    assert len(canceled(outputs)) == len(placed(outputs)) == 5


def test_two_misprints_far_from_each_other_confirm_nothing() -> None:
    play = started()
    assert play.misprint("500000") == play.misprint("5000000") == play.misprint("5") == []


def test_a_counter_sell_does_not_wait_and_is_not_lifted_by_a_doubted_price() -> None:
    play = started()
    play.misprint("500000")
    outputs = play.fill(play.orders("buy")[0].order_id)
    assert [(side, price) for side, price, _ in placed(outputs)] == [("sell", Decimal("49999.9"))]


@pytest.mark.parametrize(
    ("first", "price"),
    [("500000", "49999.9"), ("53000", "49999.9"), ("50400", "50904"), ("49000", "49999.9")],
)
def test_a_sell_of_a_restart_is_lifted_by_its_first_trade_unless_that_is_doubted(first: str, price: str) -> None:
    play = started()
    buy = play.orders("buy")[0]
    play.core = GridCore(settings(reference=D(50000), asks_for_quotes=True), GRID_SELL, play.core.save())
    play.handle(play.a_tick(first))
    play.now = Nanos(play.now - SECOND)  # it was filled before
    assert [(side, at) for side, at, _ in placed(play.fill(buy.order_id))] == [("sell", D(price))]


def test_a_crash_that_fills_our_buys_is_no_misprint() -> None:
    play = started()
    assert play.misprint("40000") == []
    assert [side for side, _, _ in placed(play.fill(play.orders("buy")[0].order_id))] == ["sell"]
    assert play.core._ladder.ticker == D(40000)


def test_buys_that_the_venue_puts_off_are_decided_again_once_the_market_has_passed_them() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    waiting = play.orders("buy")
    for order in waiting:
        assert (
            play.core.put_off(Deferred(order_id=order.order_id, reason="rate limit", text="too fast", time=play.now))
            == []
        )
    outputs = play.tick("49300")
    assert canceled(outputs) == [waiting[0].order_id]
    assert [price for _, price, _ in placed(outputs)] == [D("47102.0")]


def test_a_ladder_that_the_venue_puts_off_follows_the_market_up() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    waiting = play.orders("buy")
    for order in waiting:
        play.core.put_off(Deferred(order_id=order.order_id, reason="rate limit", text="too fast", time=play.now))
    outputs = play.tick("52000")
    assert canceled(outputs) == [order.order_id for order in waiting]
    assert placed(outputs)[0][1] == D("51485.1")


def test_a_sell_that_was_refused_is_tried_again_by_the_clock() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    sell = play.only("sell")
    play.refuse(sell.order_id, "funds")
    wake = play.core.band.wake
    assert wake == play.now + 10 * SECOND
    assert play.core.wake(Nanos(wake - 1)) == []
    assert placed(play.core.wake(Nanos(wake))) == [("sell", sell.price, sell.volume)]


def test_buys_that_lacked_funds_are_tried_again_by_the_clock() -> None:
    play = Play(quote="450")
    play.start("50000")
    play.quote += 100
    play.handle(play.balances())
    assert [side for side, _, _ in placed(play.core.wake(Nanos(play.core.band.wake)))] == ["buy"]


def test_the_same_trade_told_again_confirms_nothing() -> None:
    play = started()
    misprint = Tick(play.core._ladder.settings.pair.symbol, D(500_000), Nanos(play.now + SECOND))
    assert placed(play.core.handle(misprint)) == []
    assert placed(play.core.handle(misprint)) == []
    assert play.core._ladder.ticker == D(50_000)


def test_a_ladder_that_a_doubted_price_holds_up_says_so() -> None:
    play = started()
    play.core.handle(Tick(play.core._ladder.settings.pair.symbol, D(60_000), Nanos(play.now + SECOND)))
    (named,) = play.core.report("trading", "").held_up
    assert named.code == "price jump"
    assert "60000" in named.detail


def test_a_sell_that_rules_forbade_is_asked_for_at_once_after_a_restart() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "pair")
    (due,) = play.core.state.remembered.values()
    assert due.retry_at > play.now
    again = GridCore(play.core._ladder.settings, play.core._ladder.variant, play.core.save())
    again.handle(Resynced(again._ladder.settings.userref, 1))
    (due,) = again.state.remembered.values()
    assert due.retry_at == 0


def quoted(*, at: str = "50000") -> Play:
    """A grid whose exchange tells bid and ask."""
    play = Play(GRID_SELL, settings(reference=D(at), asks_for_quotes=True))
    play.start(at)
    return play


def quote(bid: str, ask: str) -> Quote:
    return Quote("BTC/USD", D(bid), D(ask))


def test_two_equal_misprints_confirm_nothing_while_bid_and_ask_say_otherwise() -> None:
    play = quoted()
    before = play.prices("buy")
    assert play.misprint("500000") == []
    assert play.core.quote(quote("50000", "50001")) == []
    assert play.core.doubted is None
    for price in ("500000", "500010", "500000"):
        assert play.misprint(price) == []
    assert play.prices("buy") == before
    assert play.core._ladder.ticker == D(50_000)


def test_two_equal_misprints_confirm_nothing_before_bid_and_ask_are_told() -> None:
    play = quoted()
    assert play.misprint("60000") == play.misprint("60000") == []
    assert play.core.quote(quote("50000", "50001")) == []
    assert play.misprint("50010") == []
    assert play.core._ladder.ticker == D(50_010)


@pytest.mark.parametrize(("bid", "ask"), [("59990", "60010"), ("59500", "59900"), ("60100", "60500")])
def test_bid_and_ask_alone_confirm_a_jump(bid: str, ask: str) -> None:
    play = quoted()
    assert play.misprint("60000") == []
    assert len(canceled(play.core.quote(quote(bid, ask)))) == 5
    assert play.core._ladder.ticker == D(60_000)
    assert play.core.doubted is None


@pytest.mark.parametrize(("bid", "ask"), [("50000", "50010"), ("54000", "55000")])
def test_bid_and_ask_elsewhere_do_not(bid: str, ask: str) -> None:
    play = quoted()
    assert play.misprint("60000") == play.core.quote(quote(bid, ask)) == []
    assert play.core._ladder.ticker == D(50_000)


def test_a_ladder_is_free_again_once_bid_and_ask_say_that_the_market_has_not_moved() -> None:
    play = quoted()
    play.misprint("500000")
    assert play.core.report("trading", "").held_up
    play.core.quote(quote("49990", "50010"))
    assert play.core.report("trading", "").held_up == ()


def test_a_market_that_moves_after_bid_and_ask_were_told_is_followed_by_the_next_ones() -> None:
    play = quoted()
    play.misprint("60000")
    play.core.quote(quote("50000", "50010"))
    assert play.misprint("60000") == []
    assert play.core.doubted == D(60_000)
    assert len(canceled(play.core.quote(quote("59990", "60010")))) == 5


def test_where_nobody_tells_bid_and_ask_a_second_trade_confirms_after_a_while() -> None:
    play = quoted()
    assert play.misprint("60000") == []
    assert play.misprint("60010", after=5) == []
    assert len(canceled(play.misprint("60000", after=20))) == 5


def test_a_first_ladder_at_a_misprint_is_built_once_bid_and_ask_confirm_it() -> None:
    play = Play(GRID_SELL, settings(reference=D(50_000), asks_for_quotes=True))
    assert play.start("60000") == []
    assert play.misprint("60010") == []
    assert len(placed(play.core.quote(quote("60000", "60001")))) == 5


def test_bid_and_ask_that_nobody_asked_for_change_nothing() -> None:
    play = quoted()
    assert play.core.quote(quote("60000", "60001")) == []
    assert play.core._ladder.ticker == D(50_000)


def with_a_sell() -> Play:
    """A grid with one sell at 49999.9 above its buys."""
    play = quoted()
    play.fill(play.orders("buy")[0].order_id)
    play.misprint("49600")
    return play


@pytest.mark.parametrize(
    ("side", "misprint"), [("sell", "500000"), ("sell", "60000"), ("buy", "5000"), ("buy", "40000")]
)
@pytest.mark.parametrize("is_whole", [True, False])
def test_a_fill_in_the_market_as_it_was_confirms_no_misprint(side: Side, misprint: str, is_whole: bool) -> None:
    play = with_a_sell()
    order = play.orders(side)[0]
    assert play.misprint(misprint) == []
    outputs = play.fill(order.order_id) if is_whole else play.partly(order.order_id, "0.0005")
    assert all(D(48000) < price < D(51000) for _, price, _ in placed(outputs))
    assert play.core.doubted == D(misprint)
    assert play.core._ladder.ticker == D(49600)
    moved = play.core.quote(quote("49600", "49601"))
    assert all(D(48000) < price < D(49505) for _, price, _ in placed(moved))
    assert canceled(outputs) == canceled(moved) == []
    assert play.core.doubted is None


@pytest.mark.parametrize("misprint", ["500000", "5000"])
def test_a_fill_that_a_restart_learns_of_builds_no_ladder_at_a_misprint(misprint: str) -> None:
    play = with_a_sell()
    sell = play.only("sell")
    core = GridCore(settings(reference=D(49800), asks_for_quotes=True), GRID_SELL, play.core.save())
    play.core = core
    assert placed(play.handle(play.a_tick(misprint))) == []
    play.handle(Resynced(sell.strategy, 2))
    before = play.prices("buy")
    assert placed(play.fill(sell.order_id)) == []
    assert core._ladder.ticker is None
    core.quote(quote("49950", "49951"))
    assert play.prices("buy") == before
    play.misprint("49990")
    assert core._ladder.ticker == D(49990)


def test_a_fill_near_a_doubted_price_is_a_second_trade() -> None:
    play = quoted()
    assert play.misprint("47500") == []
    play.fill(play.orders("buy")[0].order_id)
    assert play.core._ladder.ticker == D(47500)
    assert play.core.doubted is None


def test_an_old_fill_says_nothing_of_a_price_of_now() -> None:
    play = quoted()
    buy = play.orders("buy")[0]
    assert play.misprint("47500", after=3600) == []
    play.now = Nanos(play.now - 3600 * SECOND)
    play.fill(buy.order_id)
    assert play.core.doubted == D(47500)
    assert play.core._ladder.ticker == D(50000)


def test_a_buy_that_its_owner_moved_far_above_the_market_proves_no_price_up_there() -> None:
    play = quoted()
    buy = play.orders("buy")[0]
    exchange_id = play.exchange_id(buy.order_id)
    play.core.handle(
        Amended(order_id=buy.order_id, exchange_id=exchange_id, price=D(510_000), volume=buy.volume, time=play.now)
    )
    assert play.misprint("500000") == []
    cost = D(50_000) * buy.volume
    play.core.handle(
        Filled(
            order_id=buy.order_id,
            exchange_id=exchange_id,
            fill_id="F1",
            filled=buy.volume,
            cost=cost,
            fee=cost * D("0.0025"),
            time=play.now,
        )
    )
    assert play.core.doubted == D(500_000)
    assert play.core._ladder.ticker == D(50_000)


def test_a_sell_of_a_crash_is_not_lifted_above_the_price_before_it() -> None:
    play = quoted()
    buy = play.orders("buy")[0]
    assert play.misprint("40000") == []
    play.now = Nanos(play.now - SECOND)  # the fill has the time of that trade
    outputs = play.fill(buy.order_id)
    assert [(side, price) for side, price, _ in placed(outputs)] == [("sell", D("49999.9"))]


@pytest.mark.parametrize("after", [0, 3, 30, 3600])
def test_two_misprints_do_not_confirm_each_other_after_bid_and_ask_have_spoken(after: int) -> None:
    """The market has moved since the last trade, so that bid and ask are at neither price."""
    play = quoted()
    before = play.prices("buy")
    assert play.misprint("500000") == play.core.quote(quote("51500", "51510")) == []
    assert play.misprint("500010", after=after) == []
    assert play.prices("buy") == before
    assert play.core.quote(quote("51500", "51510")) == []
    assert len(placed(play.misprint("51505"))) == 5


def test_two_misprints_do_not_confirm_each_other_before_the_first_ladder() -> None:
    play = Play(GRID_SELL, settings(reference=D(50_000), asks_for_quotes=True))
    assert play.start("500000") == play.core.quote(quote("50000", "50001")) == []
    play.core.handle(Tick("BTC/USD", D(500_000), play.now))  # told again, after a pause
    assert play.misprint("500010", after=60) == []
    assert play.misprint("500000", after=5) == []
    assert len(placed(play.misprint("50010"))) == 5


def unknown() -> Play:
    """A grid whose exchange could not tell where the market is before it started."""
    return Play(GRID_SELL, settings(asks_for_quotes=True))


def test_a_first_price_that_nothing_can_be_held_against_is_asked_about() -> None:
    play = unknown()
    assert play.start("500000") == []
    assert play.core.doubted == D(500_000)
    (hindrance,) = play.core.report("trading", "").held_up
    assert "the last trade at 500000 is not confirmed yet" in hindrance.detail
    assert play.core.quote(quote("50000", "50001")) == []
    assert play.misprint("500010", after=60) == []
    assert play.core.quote(quote("50000", "50001")) == []
    assert len(placed(play.misprint("50001"))) == 5


def test_a_first_price_is_confirmed_by_bid_and_ask() -> None:
    play = unknown()
    assert play.start("50000") == []
    assert len(placed(play.core.quote(quote("50000", "50001")))) == 5


def test_a_first_price_is_confirmed_by_a_second_trade_where_bid_and_ask_do_not_come() -> None:
    play = unknown()
    assert play.start("50000") == play.misprint("50010") == []
    assert len(placed(play.misprint("50020", after=20))) == 5


def test_a_first_ladder_is_not_moved_by_a_misprint_heard_before_all_was_told() -> None:
    play = unknown()
    play.handle(play.a_tick("50000"))
    play.core.quote(quote("50000", "50001"))
    play.handle(play.a_tick("500000"))
    play.handle(play.balances())
    assert placed(play.handle(Resynced(1001, 1))) == []
    assert play.core._ladder.ticker == D(50_000)
