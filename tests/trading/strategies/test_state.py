from decimal import Decimal

import msgspec
import pytest

from messages.ids import ClientOrderId, Nanos, VenueOrderId
from tests.trading.strategies.harness import D, Play
from trading.strategies import state as states
from trading.strategies.state import MAX_RELEASED, VERSION, GridState, OwnOrder, Released, UnreadableStateError


def lived() -> GridState:
    """A state in which every part is in use."""
    play = Play()
    play.start("50000")
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "funds")
    play.partly(play.orders("buy")[0].order_id, "0.001")
    play.close(play.orders("buy")[0].order_id, "by hand")
    play.partly(play.orders("buy")[1].order_id, "0.0005")
    play.tick("49000")
    return play.core.state


def test_a_saved_state_is_loaded_equal_to_the_last_digit() -> None:
    state = lived()
    again = states.load(states.save(state))
    assert again == state
    assert states.save(again) == states.save(state)
    assert str(again.cash_flow) == str(state.cash_flow)


def test_every_part_of_a_state_is_saved() -> None:
    saved = msgspec.json.decode(states.save(lived()), type=dict[str, object])
    assert set(saved) == {field.name for field in msgspec.structs.fields(GridState)}


def test_an_older_state_without_newer_fields_is_read() -> None:
    assert states.load('{"amount": "100", "interval": "0.01", "version": 1}') == GridState(D(100), D("0.01"))


def test_a_state_of_a_newer_program_is_refused_with_a_sentence() -> None:
    text = states.save(GridState(D(100), D("0.01"), version=VERSION + 1))
    with pytest.raises(UnreadableStateError, match="saved state has version 3, this program knows up to 2"):
        states.load(text)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1}', '{"version": 1, "amount": 1, "interval": []}', "x"])
def test_garbage_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UnreadableStateError, match="saved state cannot be read"):
        states.load(text)


def test_only_the_newest_releases_are_kept() -> None:
    state = GridState(D(100), D("0.01"))
    for number in range(MAX_RELEASED + 5):
        states.remember_release(state, Released("sell", D(number), D(1), "by hand"))
    assert [gone.price for gone in state.released] == [D(number) for number in range(5, MAX_RELEASED + 5)]


@pytest.mark.parametrize(("saved", "placed"), [("0", None), ("0.002", D("0.002"))])
def test_in_an_earlier_version_0_said_that_nobody_had_amended_an_order(saved: str, placed: Decimal | None) -> None:
    order = OwnOrder(
        ClientOrderId("g1"),
        "sell",
        D(51000),
        D("0.003"),
        "counter",
        "O1",
        VenueOrderId("O1"),
        0,
        Nanos(1),
        placed=D(saved),
    )
    state = GridState(D(100), D("0.01"), version=1, orders={order.order_id: order})
    loaded = states.load(states.save(state))
    assert (loaded.version, loaded.orders[order.order_id].placed) == (VERSION, placed)
    assert states.load(states.save(loaded)) == loaded
