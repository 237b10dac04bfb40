"""At the exchange's limit of open orders the farthest sells wait, and nothing is asked for in vain again and again."""

from decimal import Decimal

from messages.orders import Place
from tests.trading.strategies.harness import Play, canceled, placed, settings
from trading.strategies.grid_sell import GRID_SELL

D = Decimal


def crowded() -> Play:
    """Three buys and three sells are open, which is all that the exchange takes; the limit is not known yet."""
    play = Play(GRID_SELL, settings(max_open_buys=3))
    play.start("50000")
    for _ in range(3):
        nearest = play.orders("buy")[0]
        play.fill(nearest.order_id)
        play.tick(f"{nearest.price}")
    assert (len(play.orders("buy")), len(play.orders("sell"))) == (3, 3)
    return play


def refused_buy(play: Play) -> Place:
    """The highest buy fills, its sell takes the place, and the exchange refuses the buy that fills the ladder up."""
    play.fill(play.orders("buy")[0].order_id)
    play.accepting = False
    play.tick("48000")
    (buy,) = (order for order in play.orders("buy") if not play.exchange_ids.get(order.order_id))
    return buy


def test_a_refused_buy_withdraws_the_farthest_sell_and_takes_its_place() -> None:
    play = crowded()
    buy = refused_buy(play)
    farthest = play.orders("sell")[0]
    assert canceled(play.refuse(buy.order_id, "order limit")) == [farthest.order_id]
    assert play.close(farthest.order_id) == []
    play.accepting = True
    outputs = play.tick("48000", after=1)
    assert [side for side, _, _ in placed(outputs)] == ["buy"]
    assert (len(play.orders("buy")), len(play.orders("sell"))) == (3, 3)
    assert [sell.reason for sell in play.core.state.remembered.values()] == ["order limit"]


def test_the_withdrawn_sell_comes_back_under_a_new_id_once_a_nearer_one_is_filled() -> None:
    play = crowded()
    buy = refused_buy(play)
    farthest = play.orders("sell")[0]
    play.refuse(buy.order_id, "order limit")
    play.accepting = True
    play.close(farthest.order_id)
    play.tick("48000", after=1)
    assert play.tick("48000", after=60) == []
    nearest = play.orders("sell")[-1]
    play.fill(nearest.order_id)
    play.tick("48500", after=11)
    back = play.orders("sell")[0]
    assert (back.price, back.volume) == (farthest.price, farthest.volume)
    assert back.order_id != farthest.order_id
    assert not play.core.state.remembered


def test_a_refused_near_sell_takes_the_place_of_the_farthest() -> None:
    play = crowded()
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    (near,) = (order for order in play.orders("sell") if not play.exchange_ids.get(order.order_id))
    farthest = play.orders("sell")[:2]
    # Five orders are open and three of the places are for buys: two sells have to go.
    assert canceled(play.refuse(near.order_id, "order limit")) == [order.order_id for order in reversed(farthest)]
    assert placed(play.close(farthest[0].order_id)) == [("sell", near.price, near.volume)]
    assert placed(play.close(farthest[1].order_id)) == []
    assert [side for side, _, _ in placed(play.tick("48000", after=1))] == ["buy"]


def test_at_the_limit_nothing_is_asked_for_until_ten_minutes_later() -> None:
    play = Play(GRID_SELL, settings(max_open_buys=3))
    play.accepting = False
    play.start("50000")
    first, second, third = play.orders("buy")
    play.accept(first.order_id)
    play.accept(second.order_id)
    play.refuse(third.order_id, "order limit")
    for _ in range(8):
        assert play.tick("50000", after=60) == []
    assert len(placed(play.tick("50000", after=180))) == 1


def test_a_partly_filled_sell_is_not_withdrawn() -> None:
    play = crowded()
    farthest, second, _ = play.orders("sell")
    play.partly(farthest.order_id, "0.0001")
    buy = refused_buy(play)
    assert canceled(play.refuse(buy.order_id, "order limit")) == [second.order_id]


def test_the_reason_is_told_to_whoever_asks_for_absent_orders() -> None:
    play = crowded()
    buy = refused_buy(play)
    farthest = play.orders("sell")[0]
    play.refuse(buy.order_id, "order limit")
    play.close(farthest.order_id)
    waiting = play.core.report("trading", "").waiting
    assert f"sell of {farthest.volume:f} BTC at {farthest.price:f} USD waits: order limit" in waiting
    assert "fewer than 3 buys: order limit" in waiting
