"""Ids are worked out twice, and tell the same."""

import pytest

from messages.ids import VenueOrderId, client_order_id, counter_cause, ladder_cause
from tests.oracle.ids import ATTEMPTS, Cause, Ids, answers_to, userref_of


def test_what_an_id_is_the_answer_to() -> None:
    ids = Ids(1001, "lineage")
    ids.filled("OABC")
    for attempt in range(3):
        assert ids.cause(client_order_id(1001, counter_cause(VenueOrderId("OABC"), attempt))) == Cause(
            "counter", "OABC", attempt
        )
    assert ids.cause(client_order_id(1001, counter_cause(VenueOrderId("ODEF"), 0))) is None
    assert ids.cause(client_order_id(1002, counter_cause(VenueOrderId("OABC"), 0))) is None


def test_counters_without_end() -> None:
    ids = Ids(1001, "lineage")
    for number in range(1, 1000, 50):
        cause = ids.cause(client_order_id(1001, ladder_cause("lineage", "extra", number)))
        assert cause == Cause("extra", number=number)
    assert ids.cause(client_order_id(1001, ladder_cause("another", "extra", 1))) is None


def test_every_id_of_an_answer() -> None:
    names = answers_to(1001, "OABC")
    assert names == [client_order_id(1001, counter_cause(VenueOrderId("OABC"), n)) for n in range(ATTEMPTS)]
    assert {userref_of(name) for name in names} == {1001}


@pytest.mark.parametrize(
    "name", ["", "g", "G" + "0" * 17, "g" + "0" * 16, "g" + "0" * 18, "gzzzzzz" + "0" * 11, "g-" * 9]
)
def test_an_id_of_somebody_else(name: str) -> None:
    assert userref_of(name) is None
