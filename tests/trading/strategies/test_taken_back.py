from messages.notices import OrderDelayed
from tests.trading.strategies.harness import Play, notices, placed
from tests.trading.strategies.test_order_events_closures import two_sells


def test_a_released_sell_can_be_taken_back_once() -> None:
    play = two_sells()
    sell = play.orders("sell")[0]
    play.close(sell.order_id, "by hand")
    again = play.restart("49100")
    (told,) = notices(again.core.take_back(), OrderDelayed)
    assert (told.side, told.volume) == ("sell", sell.volume)
    assert again.core.take_back() == []
    assert ("sell", sell.price, sell.volume) in placed(again.tick("49100", after=10))
    assert "released" not in " ".join(again.core.report("trading", "").waiting)


def test_a_release_of_an_earlier_version_stays_released() -> None:
    play = Play()
    play.start("50000")
    play.close(play.orders("buy")[0].order_id, "by hand")
    before = play.core.save()
    assert play.core.take_back() == []
    assert play.core.save() == before
