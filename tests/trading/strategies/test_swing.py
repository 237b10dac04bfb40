import itertools

import pytest

from messages.notices import ExtraSell
from tests.trading.strategies.harness import BUYS_AT_50000, LADDER_AT_50000, D, Play, notices, placed, settings
from trading.strategies.swing import SWING
from trading.strategies.upkeep import NOT_OURS

EXTRA_AT_50000 = ("sell", D("51005.0"), D("0.00197044"))


def test_the_ladder_comes_first_and_the_extra_sell_once_nothing_is_pending() -> None:
    play = Play(SWING, base="1")
    assert placed(play.start("50000")) == LADDER_AT_50000
    outputs = play.tick("50000")
    assert placed(outputs) == [EXTRA_AT_50000]
    extra = play.orders("sell")[-1].order_id
    told = ExtraSell("grid", "BTC/USD", D("51005.0"), D("0.00197044"), extra, play.exchange_ids[extra])
    assert notices(outputs, ExtraSell) == [told]


def test_after_a_restart_unowned_base_may_be_told_after_the_resync_but_before_the_next_tick() -> None:
    play = Play(SWING, base="0")
    play.start("50000")
    again = play.restart("50000")
    assert placed(again.restarted) == []
    again.base = D(1)
    assert placed(again.handle(again.balances())) == [EXTRA_AT_50000]


def test_a_deposit_later_on_waits_for_the_next_tick() -> None:
    play = Play(SWING, base="0")
    play.start("50000")
    play.tick("50000")
    play.base = D(1)
    assert play.handle(play.balances()) == []
    assert placed(play.tick("50000")) == [EXTRA_AT_50000]


def test_there_is_one_extra_sell_only() -> None:
    play = Play(SWING, base="1")
    play.start("50000")
    play.tick("50000")
    assert play.tick("50001", after=60) == []
    assert len(play.orders("sell")) == 1


def test_the_extra_sell_is_told_once_it_is_accepted() -> None:
    play = Play(SWING, base="1")
    play.start("50000")
    play.accepting = False
    assert notices(play.tick("50000"), ExtraSell) == []
    assert len(notices(play.accept(play.only("sell").order_id), ExtraSell)) == 1


@pytest.mark.parametrize(("base", "sells"), [("0.00200500", 0), ("0.00200501", 1)])
def test_free_base_must_be_worth_more_than_the_amount_and_its_fee(base: str, sells: int) -> None:
    play = Play(SWING, base=base)
    play.start("50000")
    play.tick("50000")
    assert len(play.orders("sell")) == sells


def test_at_exactly_the_amount_and_its_fee_there_is_no_extra_sell_at_the_start_either() -> None:
    play = Play(SWING, base="0.002005")
    play.start("50000")
    assert play.restart("50000").restarted == []
    play.base = D("0.00200501")
    assert len(placed(play.restart("50000").restarted)) == 1


def test_a_remembered_sell_that_needs_more_base_keeps_the_extra_sell_back() -> None:
    play = Play(SWING, settings(amount=D(1000), max_open_buys=1))
    play.start("50000")
    play.accepting = False
    play.fill(play.only("buy").order_id)
    play.refuse(play.only("sell").order_id, "funds")
    play.owned = D("0.01")
    again = play.restart("49600", settings(max_open_buys=1))
    again.tick("49600", after=20)
    assert len(again.orders("buy")) == 1
    assert again.prices("sell") == []


def test_an_extra_sell_below_the_highest_buy_ever_goes_above_that_instead() -> None:
    play = Play(SWING)
    play.start("50000")
    play.fall_to("49504.9")
    play.fill(play.only("sell").order_id)
    play.base += 1
    play.handle(play.balances())
    play.tick("49000")
    play.tick("45000")
    assert play.core.state.highest_buy == D("49504.9")
    assert play.only("sell").price == D("50499.9")


def test_what_it_bought_and_keeps_is_sold_above_the_ladder_too() -> None:
    play = Play(SWING, settings(fee=D(0), interval=D("0.5"), max_open_buys=1))
    play.start("50000")
    for _ in range(3):
        play.fill(play.only("buy").order_id)
        play.fill(play.only("sell").order_id)
        play.tick("50000")
    assert play.core.owned == D("0.003")
    assert placed(play.tick("50000")) == [("sell", D("112500.0"), D("0.00088888"))]


def test_no_extra_sell_while_a_sell_is_open() -> None:
    play = Play(SWING, base="1")
    play.start("50000")
    play.fill(play.orders("buy")[0].order_id)
    play.tick("49600")
    play.tick("49600")
    assert [sell.kind for sell in play.orders("sell")] == ["counter"]


def test_no_extra_sell_before_the_ladder_is_complete() -> None:
    play = Play(SWING, quote="450", base="1")
    play.start("50000")
    play.tick("50000", after=20)
    assert play.prices("buy") == BUYS_AT_50000[:4]
    assert play.prices("sell") == []


def test_no_extra_sell_while_a_sell_is_remembered() -> None:
    play = Play(SWING, base="1")
    play.start("50000")
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "refused")
    outputs = play.tick("49600")
    for order_id in [o.order_id for o in play.orders("buy")]:
        play.accept(order_id)
    assert [side for side, _, _ in placed(outputs)] == ["buy"]
    assert play.tick("49600") == []


def test_a_refused_extra_sell_waits_ten_seconds() -> None:
    play = Play(SWING, base="1")
    play.start("50000")
    play.accepting = False
    play.tick("50000")
    play.refuse(play.only("sell").order_id, "funds")
    assert placed(play.tick("50000", after=8)) == []
    assert placed(play.tick("50000")) == [EXTRA_AT_50000]


def test_it_may_sell_what_no_strategy_bought() -> None:
    assert Play(SWING).core.sells_unowned


def swing_with_an_extra_sell() -> Play:
    """Two buys answered while an extra sell of existing base rests."""
    play = Play(SWING, base="1")
    play.start("50000")
    play.tick("50000")
    for buy in play.orders("buy")[:2]:
        play.fill(buy.order_id)
    return play


def test_a_filled_counter_sell_sells_what_was_bought_also_beside_an_extra_sell_of_existing_base() -> None:
    play = swing_with_an_extra_sell()
    bought, lowest = play.core.owned, play.orders("sell")[-1]
    play.fill(lowest.order_id)
    assert lowest.kind == "counter"
    assert play.core.owned == bought - lowest.volume


@pytest.mark.parametrize("order", list(itertools.permutations(["partial", "buy", "sell"])))
def test_what_is_owned_does_not_depend_on_which_fill_is_heard_of_first(order: tuple[str, ...]) -> None:
    play = swing_with_an_extra_sell()
    bought, sell, (buy, partial, *_) = play.core.owned, play.orders("sell")[-1], play.orders("buy")
    heard = {
        "partial": lambda: play.partly(partial.order_id, "0.0012"),
        "buy": lambda: play.fill(buy.order_id),
        "sell": lambda: play.fill(sell.order_id),
    }
    for name in order:
        heard[name]()
    assert play.core.owned == bought + D("0.0012") + buy.volume - sell.volume


def test_an_extra_sell_takes_existing_base_before_that_of_the_sells_beside_it() -> None:
    play = swing_with_an_extra_sell()
    promised = sum(o.volume for o in play.orders("sell") if o.kind == "counter")
    extra = play.only("sell", "extra")
    play.fill(extra.order_id)
    assert promised <= play.core.owned < promised + extra.volume


def test_a_surplus_is_offered_beside_an_extra_sell_of_existing_base() -> None:
    play = Play(SWING, base="1")
    play.start("50000")
    play.tick("50000")
    first, second, *_ = play.orders("buy")
    for buy in (first, second):
        play.partly(buy.order_id, "0.0015")
        play.close(buy.order_id, "by hand")
    assert [(o.kind, o.volume) for o in play.orders("sell")] == [
        ("extra", EXTRA_AT_50000[2]),
        ("surplus", D("0.00201005")),
    ]


def test_a_surplus_that_needs_base_of_nobody_waits_until_that_is_told_and_is_not_cut() -> None:
    play = Play(SWING, base="0")
    play.start("50000")
    first, second, *_ = play.orders("buy")
    play.partly(first.order_id, "0.0015")
    play.close(first.order_id, "by hand")
    play.core._ladder.state.owned = D("0.0003")  # the rest of it was sold by an order that its owner enlarged
    play.partly(second.order_id, "0.0015")
    play.close(second.order_id, "by hand")
    assert play.orders("sell") == []
    named = f"surplus of 0.0030 BTC from partly filled buys waits: {NOT_OURS}"
    report = play.core.report("trading", "")
    assert [row.detail for row in report.held_up if row.code == "sell waits"] == [named]
    assert named in report.waiting
    play.base = D(1)
    play.handle(play.balances())
    play.tick("50000", after=60)
    assert play.core.report("trading", "").held_up == ()
    assert [(o.kind, o.volume) for o in play.orders("sell")] == [("surplus", D("0.00199014"))]
