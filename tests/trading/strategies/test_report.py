import msgspec
import pytest

from messages.notices import LadderStatus
from tests.trading.strategies.harness import BUYS_AT_50000, D, Play, settings
from tests.trading.strategies.test_order_events_closures import two_sells
from trading.strategies.c_dca import C_DCA
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.grid_sell import GRID_SELL
from trading.strategies.upkeep import ON_ITS_WAY
from trading.strategies.why import OFFERED_NOWHERE


def test_a_report_shows_orders_from_the_highest_to_the_lowest() -> None:
    play = Play()
    play.start("50000")
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    report = play.core.report("trading", "")
    assert [(o.side, o.price, o.phase, o.kind) for o in report.orders[:2]] == [
        ("sell", D("49999.9"), "requested", "counter"),
        ("buy", D("49014.7"), "open", "ladder"),
    ]
    assert (report.strategy, report.name, report.kind, report.symbol) == (1001, "grid", "GridHODL", "BTC/USD")
    assert (report.price, report.buys_filled, report.sells_filled) == (D(50000), 1, 0)
    assert (report.owned, report.fees, report.cash_flow) == (D("0.00202"), D("0.249999745"), D("-100.249897745"))
    assert report.investment == sum(o.price * o.volume for o in report.orders)
    assert report.waiting == ()


def test_an_order_being_cancelled_is_shown_and_not_invested() -> None:
    play = Play()
    play.start("50000")
    play.accepting = False
    play.stop("cancel-buys")
    report = play.core.report("trading", "")
    assert {order.phase for order in report.orders} == {"canceling"}
    assert report.investment == 0


def test_every_absent_order_has_a_named_reason() -> None:
    play = Play(quote="450")
    play.start("50000")
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "order limit")
    play.close(play.orders("buy")[0].order_id, "by hand")
    assert play.core.report("trading", "").waiting == (
        "sell of 0.00201005 BTC at 49999.9 USD waits: order limit",
        "fewer than 5 buys: funds",
        "buy of 0.00204020 BTC at 49014.7 USD released: cancelled by hand",
    )


def test_a_released_buy_explains_nothing_once_the_ladder_is_full_again() -> None:
    play = Play()
    play.start("50000")
    play.close(play.orders("buy")[0].order_id, "by hand")
    play.tick("50000", after=10)
    assert len(play.orders("buy")) == 5
    assert play.core.report("trading", "").waiting == ()


def test_a_released_sell_is_named_until_one_of_its_buy_is_due_again() -> None:
    play = two_sells()
    sell = play.orders("sell")[0]
    play.close(sell.order_id, "by hand")
    play.tick("49100", after=10)
    (named,) = play.core.report("trading", "").waiting
    assert named.startswith(f"sell of {sell.volume:f} BTC")
    assert "released: cancelled by hand" in named


def test_the_hourly_status_shows_five_orders_of_each_side_nearest_first() -> None:
    play = Play(config=settings(max_open_buys=7))
    play.start("50000")
    play.fall_to("49014.7")
    play.tick("49100")
    status = play.core.ladder()
    assert isinstance(status, LadderStatus)
    assert status.sells == (D("49504.8"), D("49999.9"))
    assert status.buys == tuple(play.prices("buy")[:5])
    assert (status.open_orders, status.price_decimals) == (9, 1)
    assert status.base_total == play.owned
    assert status.quote_total == play.quote
    assert status.base_free == play.owned - sum(order.volume for order in play.orders("sell"))


def test_there_is_no_hourly_status_without_a_price() -> None:
    assert Play().core.ladder() is None


def test_a_kind_that_never_sells_shows_what_it_holds() -> None:
    play = Play(C_DCA)
    play.start("50000")
    play.fall_to("49014.7")
    play.tick("49100")
    status = play.core.ladder()
    assert status is not None
    assert (status.sells, status.base_total) == ((), D("0.0040602"))
    assert status.buys[:3] == tuple(BUYS_AT_50000[2:])


def test_a_limit_that_is_reached_is_named_with_its_amount() -> None:
    play = Play(config=settings(max_investment=D(250)))
    play.start("50000")
    (row,) = play.core.report("trading", "").held_up
    assert (row.code, row.detail) == ("fewer buys", "2 of 5 buys rest: max_investment of 250 USD allows no more")


def test_a_surplus_that_is_too_small_to_be_sold_is_named() -> None:
    play = Play(GRID_SELL)
    play.start("50000")
    order = play.orders("buy")[0]
    play.partly(order.order_id, "0.00001")
    play.close(order.order_id, "venue")
    named = "surplus of 0.00001 BTC from partly filled buys waits: not worth 100 USD yet"
    report = play.core.report("trading", "")
    assert (named in report.waiting, report.held_up) == (True, ())


@pytest.mark.parametrize(("gone", "refused", "reason"), [("0.0015", True, "funds"), ("0", False, ON_ITS_WAY)])
def test_a_surplus_that_is_worth_an_amount_waits_for_what_it_lacks(gone: str, refused: bool, reason: str) -> None:
    play = Play(GRID_SELL)
    play.start("50000")
    play.accepting = False
    play.owned -= D(gone)  # taken out of the account by hand
    for order in play.orders("buy")[:2]:
        play.partly(order.order_id, "0.0015")
        play.close(order.order_id, "venue")
    if refused:
        play.refuse(play.only("sell").order_id, "funds")
    named = f"surplus of 0.0030 BTC from partly filled buys waits: {reason}"
    report = play.core.report("trading", "")
    assert named in report.waiting
    assert [row.detail for row in report.held_up if row.code == "sell waits"] == ([named] if refused else [])


def test_what_larger_lots_leave_of_a_buy_is_named_where_all_of_it_should_be_sold() -> None:
    for variant, named in ((GRID_SELL, True), (GRID_HODL, False)):
        play = Play(variant)
        play.start("50000")
        larger = msgspec.structs.replace(play.config, pair=msgspec.structs.replace(play.config.pair, lot_decimals=4))
        play = play.restart("50000", larger)
        assert not any("offered by no sell" in text for text in play.core.report("trading", "").waiting)
        play.fill(play.orders("buy")[0].order_id)
        (sell,) = play.orders("sell")
        assert sell.volume == D("0.0020")
        text = f"0.00002000 BTC that it bought is offered by no sell: {OFFERED_NOWHERE}"
        assert (text in play.core.report("trading", "").waiting) == named
