import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.ids import (
    MARK,
    MAX_USERREF,
    VenueOrderId,
    answered_by,
    client_order_id,
    counter_cause,
    ladder_cause,
    userref_of,
)

userrefs = st.integers(0, MAX_USERREF)
OURS = client_order_id(1001, "OQCLML-BW3P3-BUCMWZ")

causes = st.text(min_size=1, max_size=80)


@given(userrefs, causes)
def test_an_id_has_eighteen_small_letters_and_digits(userref: int, cause: str) -> None:
    order_id = client_order_id(userref, cause)
    assert len(order_id) == 18
    assert set(order_id) <= set("0123456789abcdefghijklmnopqrstuvwxyz")


@given(userrefs, causes)
def test_an_id_tells_its_userref(userref: int, cause: str) -> None:
    assert userref_of(client_order_id(userref, cause)) == userref


@given(userrefs, causes)
def test_an_id_is_mark_then_userref_then_hash_in_base_36(userref: int, cause: str) -> None:
    order_id = client_order_id(userref, cause)
    assert order_id[0] == MARK
    assert int(order_id[1:7], 36) == userref
    assert int(order_id[7:], 36) == int(hashlib.sha256(cause.encode()).hexdigest(), 16) % 36**11


@given(userrefs, causes, causes)
def test_the_same_cause_gives_the_same_id_and_another_cause_another_one(userref: int, one: str, other: str) -> None:
    assert (client_order_id(userref, one) == client_order_id(userref, other)) == (one == other)


@given(userrefs, userrefs, causes)
def test_two_strategies_never_share_an_id(one: int, other: int, cause: str) -> None:
    assert (client_order_id(one, cause) == client_order_id(other, cause)) == (one == other)


def test_ids_stay_what_they_were_in_earlier_versions() -> None:
    # An id that changes between two versions would place every open order's successor twice.
    assert OURS == "g0000rtx1mb80dh7xp"
    assert client_order_id(MAX_USERREF, "lineage/ladder/1") == "gzik0zje9vwocwxmgt"


@given(st.text(alphabet="OABC-123", min_size=1), st.integers(0, 40))
def test_the_cause_of_a_counter_order_tells_whose_fill_it_answers(exchange_id: str, attempt: int) -> None:
    assert answered_by(counter_cause(VenueOrderId(exchange_id), attempt)) == exchange_id


@pytest.mark.parametrize(
    "foreign",
    ["", "g", "x" + OURS[1:], OURS[:-1], OURS + "m", OURS[:-1] + "M", "G" + OURS[1:], OURS[:-1] + "-"],
)
def test_an_id_of_somebody_else_has_no_userref(foreign: str) -> None:
    assert userref_of(foreign) is None


@given(st.text(alphabet="g0aZé-", max_size=20))
def test_any_text_is_either_ours_or_nobody_s(text: str) -> None:
    userref = userref_of(text)
    assert (userref is not None) == (len(text) == 18 and text[0] == "g" and set(text) <= {"g", "0", "a"})


@given(causes, st.integers(0, 5), causes, st.integers(0, 5))
def test_attempts_of_a_counter_order_are_different_causes(one: str, first: int, other: str, second: int) -> None:
    if one == other:
        assert (counter_cause(VenueOrderId(one), first) == counter_cause(VenueOrderId(other), second)) == (
            first == second
        )


def test_causes_are_written_as_documented() -> None:
    assert counter_cause(VenueOrderId("OQCLML"), 0) == "OQCLML"
    assert counter_cause(VenueOrderId("OQCLML"), 2) == "OQCLML#2"
    assert ladder_cause("2f0b", "surplus", 7) == "2f0b/surplus/7"
