"""No order is sent for which there is no room."""

from adapters.exchanges.kraken.room import FULL_SECONDS, Room

BTC = "BTC/USD"


def test_a_full_pair_is_tried_again_once_an_order_of_it_is_closed() -> None:
    room = Room()
    assert room.is_left(BTC, {}, 0)
    room.used_up(BTC, {BTC: 3}, 0)
    assert not room.is_left(BTC, {BTC: 3, "ETH/USD": 9}, 1)
    assert room.is_left("ETH/USD", {BTC: 3}, 1)
    assert room.is_left(BTC, {BTC: 4}, 2)
    assert room.is_left(BTC, {BTC: 4}, 3)


def test_a_full_pair_is_tried_again_after_minutes() -> None:
    room = Room()
    room.used_up(BTC, {}, 0)
    assert not room.is_left(BTC, {}, FULL_SECONDS - 1)
    assert room.is_left(BTC, {}, FULL_SECONDS)
