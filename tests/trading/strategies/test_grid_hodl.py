"""The worked numbers: BTC/USD, tick 0.1, 8 lot decimals, a = 100, i = 1 %, n = 5, fee 0.25 %."""

from tests.trading.strategies.harness import LADDER_AT_50000, D, Play, placed


def test_the_ladder_at_fifty_thousand() -> None:
    play = Play()
    assert placed(play.start("50000")) == LADDER_AT_50000


def test_buys_are_post_only() -> None:
    play = Play()
    play.start("50000")
    assert all(order.post_only for order in play.orders("buy"))


def test_a_fall_through_the_ladder_sells_each_buy_one_interval_higher() -> None:
    play = Play()
    play.start("50000")
    assert placed(play.fall_to("40000")) == [
        ("sell", D("49999.9"), D("0.00201005")),
        ("sell", D("49504.8"), D("0.00203015")),
        ("sell", D("49014.6"), D("0.00205046")),
        ("sell", D("48529.3"), D("0.00207096")),
        ("sell", D("48048.8"), D("0.00209167")),
    ]


def test_the_next_tick_after_a_fall_builds_the_ladder_below_it() -> None:
    play = Play()
    play.start("50000")
    play.fall_to("40000")
    assert placed(play.tick("40000.1")) == [
        ("buy", D("39604.0"), D("0.00252499")),
        ("buy", D("39211.8"), D("0.00255025")),
        ("buy", D("38823.5"), D("0.00257575")),
        ("buy", D("38439.1"), D("0.00260151")),
        ("buy", D("38058.5"), D("0.00262753")),
    ]


def test_a_rise_to_sixty_thousand_builds_the_ladder_anew() -> None:
    play = Play()
    play.start("50000")
    assert [price for _, price, _ in placed(play.tick("60000"))] == [
        D("59405.9"),
        D("58817.7"),
        D("58235.3"),
        D("57658.7"),
        D("57087.8"),
    ]
    assert len(play.orders("buy")) == 5


def test_a_sell_brings_the_amount_back_and_keeps_the_rest_of_the_base() -> None:
    play = Play()
    play.start("50000")
    buy = play.orders("buy")[0]
    play.fill(buy.order_id)
    sell = play.only("sell")
    assert sell.volume < buy.volume
    play.fill(sell.order_id)
    assert play.core.owned == buy.volume - sell.volume > 0


def test_it_never_sells_base_that_no_strategy_bought() -> None:
    play = Play(base="10")
    play.start("50000")
    play.tick("50000")
    assert play.prices("sell") == []
    assert not play.core.sells_unowned
