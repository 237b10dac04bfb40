"""What counts: a request from its decision on, a cancelled buy no more, funds until an event frees them."""

from itertools import pairwise

from messages.ids import client_order_id, ladder_cause
from messages.orders import Balances
from tests.trading.strategies.harness import BUYS_AT_50000, SETTINGS, USERREF, D, Play, placed, settings
from trading.strategies.grid_sell import GRID_SELL


def requested() -> Play:
    play = Play()
    play.accepting = False
    play.start("50000")
    return play


def test_requested_orders_are_the_ladder_before_they_are_accepted() -> None:
    ladder = requested().core._ladder
    assert [order.price for order in ladder.buys()] == BUYS_AT_50000
    assert ladder.pending()
    assert not ladder.is_complete()


def test_the_ladder_is_complete_once_n_buys_are_open() -> None:
    play = requested()
    for order in play.orders("buy"):
        assert not play.core._ladder.is_complete()
        play.accept(order.order_id)
    assert play.core._ladder.is_complete()


def test_a_cancelled_buy_leaves_ladder_and_investment_at_the_decision() -> None:
    play = requested()
    ladder = play.core._ladder
    ladder.cancel(ladder.buys()[0])
    assert [order.price for order in ladder.buys()] == BUYS_AT_50000[1:]
    assert ladder.investment() == sum(order.price * order.volume for order in play.orders("buy")[1:])
    assert ladder.pending()


def test_free_quote_is_what_the_open_buys_do_not_hold_with_their_fee() -> None:
    play = Play(quote="1000")
    play.start("50000")
    held = sum(order.price * order.volume * (1 + SETTINGS.fee) for order in play.orders("buy"))
    assert 0 <= 1000 - held - play.core._ladder.quote_free() < D("0.00005")


def test_free_base_is_what_the_open_sells_do_not_hold() -> None:
    play = Play()
    play.start("50000")
    buy = play.orders("buy")[0]
    play.fill(buy.order_id)
    sell = play.only("sell")
    assert play.core._ladder.base_free() == buy.volume - sell.volume
    play.partly(sell.order_id, "0.001")
    assert play.core._ladder.base_free() == buy.volume - sell.volume


def test_unowned_base_is_free_for_swing_only() -> None:
    play = Play()
    play.start("50000")
    play.handle(Balances(USERREF, D(1000), base=D("0.5"), base_unowned=D(2)))
    assert play.core._ladder.base_free() == D("0.5")


def test_orders_that_no_fill_asked_for_are_numbered_by_a_counter_of_the_lineage() -> None:
    play = requested()
    causes = [order.cause for order in play.orders("buy")]
    assert causes == [ladder_cause(SETTINGS.lineage, "ladder", number) for number in range(1, 6)]
    assert [order.order_id for order in play.orders("buy")] == [client_order_id(USERREF, cause) for cause in causes]


def test_the_counter_goes_on_after_a_restart() -> None:
    play = requested()
    play.accepting = True
    for order in play.orders("buy"):
        play.accept(order.order_id)
    again = play.restart("60000")
    assert again.core.state.counter == 10
    assert {order.cause for order in again.orders("buy")} == {
        ladder_cause(SETTINGS.lineage, "ladder", number) for number in range(6, 11)
    }


def test_the_name_of_the_strategy_is_no_part_of_its_ids() -> None:
    first, renamed = requested(), Play(config=SETTINGS)
    renamed.accepting = False
    renamed.core._ladder.settings = type(SETTINGS)(
        userref=SETTINGS.userref,
        name="renamed",
        pair=SETTINGS.pair,
        amount=SETTINGS.amount,
        interval=SETTINGS.interval,
        max_open_buys=SETTINGS.max_open_buys,
        max_investment=SETTINGS.max_investment,
        fee=SETTINGS.fee,
        lineage=SETTINGS.lineage,
    )
    renamed.start("50000")
    assert list(first.open) == list(renamed.open)


def test_a_market_that_refuses_post_only_buys_is_asked_after_pauses_that_grow() -> None:
    play = Play(GRID_SELL, settings(max_open_buys=2))
    play.accepting = False
    play.start("50000")
    asked, second = [], 0
    while second < 60:
        for number, buy in enumerate(play.orders("buy")):
            if number == 0:
                asked.append(second)
            (play.refuse if second % 2 else play.close)(buy.order_id, "post-only")
        second += 1
        play.tick("50000")
    assert asked[:7] == [0, 1, 2, 3, 5, 9, 17]
    assert max(after - before for before, after in pairwise(asked)) <= 11
    assert any("post-only buys would cross" in reason for reason in play.core.report("trading", "").waiting)


def test_a_fill_ends_the_pauses() -> None:
    play = Play(GRID_SELL, settings(max_open_buys=1))
    play.accepting = False
    play.start("50000")
    for _ in range(3):
        play.refuse(play.only("buy").order_id, "post-only")
        play.tick("50001")
    play.tick("50002")
    play.accept(play.only("buy").order_id)
    play.fill(play.only("buy").order_id)
    assert not play.core._ladder.crossings.times


def test_at_another_price_a_refused_buy_is_decided_anew() -> None:
    play = Play(GRID_SELL, settings(max_open_buys=1))
    play.accepting = False
    play.start("50000")
    for _ in range(10):
        for buy in play.orders("buy"):
            play.refuse(buy.order_id, "post-only")
        play.tick("50000")
    assert play.orders("buy") == []
    assert placed(play.tick("49000")) == [("buy", D("48514.8"), D("0.00206122"))]
