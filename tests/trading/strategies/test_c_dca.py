from messages.notices import OrderFilled
from tests.trading.strategies.harness import LADDER_AT_50000, D, Play, notices, placed
from trading.strategies.c_dca import C_DCA


def test_the_ladder_is_that_of_every_kind() -> None:
    play = Play(C_DCA)
    assert placed(play.start("50000")) == LADDER_AT_50000


def test_a_fill_is_told_and_places_nothing() -> None:
    play = Play(C_DCA)
    play.start("50000")
    outputs = play.fall_to("48000")
    assert placed(outputs) == []
    assert len(notices(outputs, OrderFilled)) == 4


def test_the_ladder_goes_on_below_what_was_bought() -> None:
    play = Play(C_DCA)
    play.start("50000")
    play.fall_to("49014.7")
    assert [price for _, price, _ in placed(play.tick("49000"))] == [D("47102.0"), D("46635.6")]


def test_a_rising_price_lifts_the_ladder() -> None:
    play = Play(C_DCA)
    play.start("50000")
    play.fall_to("49014.7")
    play.tick("49000")
    assert play.tick("49554.3") == []
    play.tick("49554.4")
    assert play.prices("buy")[0] == D("49063.7")


def test_it_has_no_surplus() -> None:
    play = Play(C_DCA)
    play.start("50000")
    buy = play.orders("buy")[0]
    play.partly(buy.order_id, "0.002")
    play.close(buy.order_id, "by hand")
    assert play.core.state.surplus == 0
    assert play.core.owned == D("0.002")
