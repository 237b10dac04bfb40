"""Ids are worked out twice, and tell the same."""

from messages.ids import VenueOrderId, client_order_id, counter_cause, ladder_cause
from tests.oracle.ids import Cause, Ids


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
