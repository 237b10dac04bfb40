"""No order is sent for which there is no room, and places that come free are counted."""

from adapters.exchanges.kraken.limits.room import ANY, FULL_SECONDS, NEXT_TRIAL_SECONDS, OWED_SECONDS, Room
from messages.ids import ClientOrderId

BTC = "BTC/USD"


def test_a_full_pair_takes_as_many_as_were_closed() -> None:
    room = Room()
    assert room.left(BTC, {}, 0) == ANY
    room.used_up(BTC, {BTC: 3}, 0)
    assert room.left(BTC, {BTC: 3, "ETH/USD": 9}, 1) == 0
    assert room.left("ETH/USD", {BTC: 3}, 1) == ANY
    assert room.left(BTC, {BTC: 5}, 2) == 2
    room.take("ETH/USD", 1, {BTC: 5}, 2)
    room.take(BTC, 1, {BTC: 5}, 2)
    assert room.left(BTC, {BTC: 5}, 2) == 1
    room.take(BTC, 1, {BTC: 5}, 2)
    assert room.left(BTC, {BTC: 5}, 2) == 0


def test_a_place_that_was_not_used_is_free_again() -> None:
    room = Room()
    room.used_up(BTC, {}, 0)
    room.take(BTC, 1, {BTC: 1}, 1)
    room.give_back(BTC, 1)
    room.give_back("ETH/USD", 1)
    assert room.left(BTC, {BTC: 1}, 1) == 1


def test_a_full_pair_is_tried_again_after_minutes_one_order_at_a_time() -> None:
    room = Room()
    room.used_up(BTC, {}, 0)
    assert room.left(BTC, {}, FULL_SECONDS - 1) == 0
    assert room.left(BTC, {}, FULL_SECONDS) == 1
    room.take(BTC, 1, {}, FULL_SECONDS)
    assert room.left(BTC, {}, FULL_SECONDS) == 0
    assert room.left(BTC, {BTC: 1}, FULL_SECONDS) == 1
    assert room.left(BTC, {}, FULL_SECONDS + NEXT_TRIAL_SECONDS) == 1


def test_another_session_counts_closed_orders_anew() -> None:
    room = Room()
    room.used_up(BTC, {BTC: 3}, 0)
    assert room.left(BTC, {}, 1) == ANY


def test_a_refused_sell_is_owed_a_place_until_it_leaves_or_is_not_asked_for_any_more() -> None:
    room = Room()
    room.owe(BTC, ClientOrderId("a"), 0)
    room.owe(BTC, ClientOrderId("b"), 1)
    room.owe(BTC, ClientOrderId("b"), 2)
    assert (room.owed(BTC, 2), room.owed("ETH/USD", 2)) == (2, 0)
    room.settle(BTC, ClientOrderId("a"))
    room.settle("ETH/USD", ClientOrderId("a"))
    assert room.owed(BTC, 2) == 1
    assert room.owed(BTC, 2 + OWED_SECONDS) == 0
