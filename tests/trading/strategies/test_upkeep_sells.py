"""Sells that wait: for base, for the exchange, and surplus that waits to be worth an amount."""

import msgspec
import pytest

from messages.notices import FundsMissing, OrderDelayed
from messages.orders import Rejected, RejectReason
from tests.trading.strategies.harness import (
    BTC_USD,
    BUYS_AT_50000,
    SETTINGS,
    D,
    Play,
    notices,
    placed,
    settings,
)
from trading.strategies.grid_sell import GRID_SELL


def started(price: str = "50000", **changes: object) -> Play:
    play = Play(config=settings(**changes))
    play.start(price)
    return play


def short_of_base() -> Play:
    """A buy is filled, but somebody took the base away: its sell is refused and remembered."""
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "funds")
    play.owned = D("0.001")
    play.handle(play.balances())
    return play


def test_a_sell_that_lacks_funds_is_remembered_with_its_price_and_told_once() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    outputs = play.refuse(play.only("sell").order_id, "funds")
    assert notices(outputs, FundsMissing) == [
        FundsMissing("grid", "BTC/USD", "sell", "BTC", D("49999.9"), D("0.00201005"))
    ]
    (waiting,) = play.core.report("trading", "").waiting
    assert waiting == "sell of 0.00201005 BTC at 49999.9 USD waits: funds"


def test_a_remembered_sell_is_placed_under_the_same_id_when_free_base_changes() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    refused = play.only("sell")
    play.refuse(refused.order_id, "funds")
    play.owned += D("0.0001")
    outputs = play.handle(play.balances())
    assert placed(outputs) == [("sell", D("49999.9"), D("0.00201005"))]
    assert play.only("sell").order_id == refused.order_id


def test_a_remembered_sell_waits_while_free_base_is_not_enough() -> None:
    play = short_of_base()
    assert placed(play.tick("49505", after=60)) == [("buy", D("47102.0"), D("0.00212305"))]
    assert play.core.state.remembered


def test_a_refused_sell_whose_base_is_gone_meanwhile_waits_for_funds() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "refused")
    play.owned = D("0.001")
    play.handle(play.balances())
    play.tick("49505", after=60)
    (waiting,) = play.core.report("trading", "").waiting
    assert waiting == "sell of 0.00201005 BTC at 49999.9 USD waits: funds"


@pytest.mark.parametrize("reason", ["refused", "pair", "minimum", "rules"])
def test_a_refused_sell_waits_with_the_words_of_the_venue(reason: RejectReason) -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    sell = play.only("sell").order_id
    del play.open[sell]
    play.handle(Rejected(order_id=sell, reason=reason, text="EOrder:Trading agreement required", time=play.now))
    (waiting,) = play.core.report("trading", "").waiting
    assert waiting.endswith("waits: EOrder:Trading agreement required")


@pytest.mark.parametrize("reason", ["refused", "minimum"])
def test_refused_buys_are_lacking_with_the_words_of_the_venue(reason: RejectReason) -> None:
    play = started()
    play.accepting = False
    play.close(play.orders("buy")[-1].order_id, "venue")
    play.tick("50010", after=60)
    buy = play.orders("buy")[-1].order_id
    del play.open[buy]
    play.handle(Rejected(order_id=buy, reason=reason, text="EOrder:Trading agreement required", time=play.now))
    waiting = play.core.report("trading", "").waiting
    assert "fewer than 5 buys: EOrder:Trading agreement required" in waiting


def test_a_remembered_sell_is_tried_on_a_tick_at_most_every_ten_seconds() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "refused")
    assert [side for side, _, _ in placed(play.tick("49505", after=8))] == ["buy"]
    assert placed(play.tick("49505")) == [("sell", D("49999.9"), D("0.00201005"))]


def test_a_remembered_sell_that_is_refused_again_is_not_told_again() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    told = []
    for _ in range(4):
        told += notices(play.refuse(play.only("sell").order_id, "funds"), FundsMissing)
        play.tick("49505", after=10)
    assert len(told) == 1
    play.accept(play.only("sell").order_id)
    assert play.core.state.told == []


def test_remembered_sells_go_nearest_to_the_market_first() -> None:
    play = started()
    play.accepting = False
    for order in play.orders("buy")[:2]:
        play.fill(order.order_id)
    for sell in play.orders("sell"):
        play.refuse(sell.order_id, "refused")
    outputs = play.tick("49000", after=10)
    assert [price for side, price, _ in placed(outputs) if side == "sell"] == [D("49504.8"), D("49999.9")]


def test_a_remembered_sell_is_lifted_when_the_market_has_passed_it() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    refused = play.only("sell")
    play.refuse(refused.order_id, "refused")
    outputs = play.tick("50100", after=10)
    assert placed(outputs)[0] == ("sell", D("50601.0"), D("0.00198617"))
    assert play.only("sell").order_id == refused.order_id


def test_a_remembered_sell_that_became_too_small_waits_by_name_for_other_rules() -> None:
    play = started()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "refused")
    config = settings(pair=msgspec.structs.replace(BTC_USD, min_volume=D("0.00202")))
    again = play.restart("49505", config)
    told = notices(list(again.restarted), OrderDelayed)
    reason = "volume 0.00201005 BTC is below the minimum of 0.00202 BTC"
    assert [(o.side, o.reason) for o in told][:1] == [("sell", reason)] or play.core.state.told
    assert [sell.reason for sell in again.core.state.remembered.values()] == [reason]
    assert ("sell", D("49999.9"), D("0.00201005")) in placed(again.core.change_rules(BTC_USD, SETTINGS.fee))


def test_base_of_a_sell_that_was_cancelled_by_hand_is_used_for_a_remembered_one_at_once() -> None:
    play = Play(GRID_SELL)
    play.start("50000")
    play.accepting = False
    for order in play.orders("buy")[:2]:
        play.fill(order.order_id)
    higher, lower = play.orders("sell")
    play.accept(higher.order_id)
    play.refuse(lower.order_id, "funds")
    play.owned -= D("0.001")
    play.handle(play.balances())
    play.tick("49000")
    outputs = play.close(higher.order_id, "by hand")
    assert placed(outputs) == [("sell", D("49504.8"), D("0.0020402"))]


# Surplus


def with_surplus(*parts: tuple[int, str]) -> Play:
    """Buys of the ladder that were partly filled and then cancelled by hand."""
    play = started()
    for number, filled in parts:
        (order,) = [o for o in play.orders("buy") if o.price == BUYS_AT_50000[number]]
        play.partly(order.order_id, filled)
        play.close(order.order_id, "by hand")
    return play


def test_a_small_surplus_waits() -> None:
    play = with_surplus((0, "0.001"))
    assert (play.core.state.surplus, play.core.state.surplus_price) == (D("0.001"), D("49504.9"))
    assert play.prices("sell") == []


def test_a_surplus_worth_an_amount_is_sold_one_interval_above_its_highest_buy() -> None:
    play = with_surplus((1, "0.001"), (0, "0.0011"))
    # 100 / (49999.9 x 0.995) = 0.00201005…
    assert [(o.kind, o.price, o.volume) for o in play.orders("sell")] == [("surplus", D("49999.9"), D("0.00201005"))]
    assert play.core.state.surplus == D("0.0021") - D("0.00201005")


@pytest.mark.parametrize(("filled", "sells"), [("0.00100000", 0), ("0.00100001", 1)])
def test_surplus_is_due_when_it_is_worth_exactly_the_amount(filled: str, sells: int) -> None:
    play = with_surplus((0, "0.001"), (1, filled))
    assert len(play.orders("sell")) == sells


def test_surplus_that_is_worth_exactly_the_amount_is_sold() -> None:
    play = started(interval=D("0.25"), max_open_buys=2)
    for order in play.orders("buy"):
        play.partly(order.order_id, "0.001")
        play.close(order.order_id, "by hand")
    assert (play.only("sell").price, play.only("sell").volume) == (D(50000), D("0.002"))


def test_a_surplus_never_sells_more_than_it_is() -> None:
    play = with_surplus((0, "0.001"), (1, "0.00100001"))
    assert play.only("sell").volume == D("0.00200001")
    assert play.core.state.surplus == 0


def test_a_surplus_shrinks_when_its_sell_is_accepted_and_is_not_offered_twice_before() -> None:
    play = with_surplus((0, "0.0015"))
    play.accepting = False
    order = play.orders("buy")[0]
    play.partly(order.order_id, "0.0015")
    play.close(order.order_id, "by hand")
    assert play.core.state.surplus == D("0.003")
    sell = play.only("sell", "surplus")
    assert placed(play.tick("49000", after=20)) == [
        ("buy", D("47102.0"), D("0.00212305")),
        ("buy", D("46635.6"), D("0.00214428")),
    ]
    play.accept(sell.order_id)
    assert play.core.state.surplus == D("0.003") - sell.volume


def test_a_refused_surplus_sell_leaves_the_surplus_and_is_tried_again_after_ten_seconds() -> None:
    play = with_surplus((0, "0.0015"))
    play.accepting = False
    order = play.orders("buy")[0]
    play.partly(order.order_id, "0.0015")
    play.close(order.order_id, "by hand")
    first = play.only("sell", "surplus")
    play.refuse(first.order_id, "refused")
    assert play.core.state.surplus == D("0.003")
    assert [side for side, _, _ in placed(play.tick("49000", after=8))] == ["buy", "buy"]
    assert [side for side, _, _ in placed(play.tick("49000"))] == ["sell"]


def test_a_surplus_sell_is_lifted_by_the_ticker() -> None:
    play = with_surplus((0, "0.0018"))
    assert play.prices("sell") == []
    play.tick("49600")
    play.tick("55000")
    # 0.0018 at 55000 x 1.01 = 55550 is worth 99.99; a little higher it is worth an amount.
    assert play.prices("sell") == []
    play.tick("55006")
    assert play.prices("sell") == [D("55556.0")]


def test_what_is_left_of_a_large_surplus_is_sold_too_however_low_the_price() -> None:
    play = started(amount=D(50), max_open_buys=3)
    play.accepting = False
    for order in play.orders("buy"):
        play.partly(order.order_id, "0.001")
        play.close(order.order_id, "by hand")
    first = play.only("sell", "surplus")
    for order in play.orders("buy"):
        play.accept(order.order_id)
    play.tick("20000")
    for order in play.orders("buy"):
        play.accept(order.order_id)
    play.tick("20000")
    for order in play.orders("buy"):
        play.accept(order.order_id)
    play.accept(first.order_id)
    outputs = play.tick("20000")
    assert [o.kind for o in play.orders("sell")] == ["surplus", "surplus"]
    assert len(placed(outputs)) == 1


def test_a_surplus_too_small_for_the_exchange_waits_quietly() -> None:
    play = started(pair=msgspec.structs.replace(BTC_USD, min_volume=D("0.00202")))
    for number in (0, 0):
        order = play.orders("buy")[number]
        play.partly(order.order_id, "0.0011")
        play.close(order.order_id, "by hand")
    assert play.prices("sell") == []
    assert play.core.state.surplus == D("0.0022")
