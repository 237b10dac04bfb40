from messages.ids import Nanos
from tests.trading.strategies.harness import LADDER_AT_50000, D, Play, placed
from trading.strategies.grid_sell import GRID_SELL


def test_the_ladder_is_that_of_every_kind() -> None:
    play = Play(GRID_SELL)
    assert placed(play.start("50000")) == LADDER_AT_50000


def test_it_sells_exactly_the_executed_volume() -> None:
    play = Play(GRID_SELL)
    play.start("50000")
    assert placed(play.fall_to("40000")) == [
        ("sell", D("49999.9"), D("0.00202")),
        ("sell", D("49504.8"), D("0.0020402")),
        ("sell", D("49014.6"), D("0.0020606")),
        ("sell", D("48529.3"), D("0.00208121")),
        ("sell", D("48048.8"), D("0.00210202")),
    ]


def test_nothing_is_owned_once_all_is_sold() -> None:
    play = Play(GRID_SELL)
    play.start("50000")
    play.fall_to("49000")
    for sell in play.orders("sell"):
        play.fill(sell.order_id)
    assert play.core.owned == 0
    assert play.core.state.cash_flow == play.quote - 100_000


def test_a_lifted_sell_still_sells_the_executed_volume() -> None:
    play = Play(GRID_SELL)
    play.start("50000")
    buy = play.orders("buy")[0]
    play.now = Nanos(play.now + 10**9)
    play.core.handle(play.a_tick("51000"))
    play.now = Nanos(play.now - 10**9)
    event = play.fill(buy.order_id)
    assert placed(event) == [("sell", D("51510.0"), D("0.00202"))]
