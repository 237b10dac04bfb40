"""Messages that come twice, late or out of order leave the rows as they should be."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations

import pytest

from adapters.journal.projection import FillRow, OrderRow, RowChanges, Write, concerned, exact
from messages.ids import ClientOrderId
from messages.journal import SaveAccount
from tests.adapters.journal.samples import (
    ORDER,
    USERREF,
    accepted,
    cancel,
    canceled,
    commit,
    filled,
    partially,
    place,
    rejected,
)


def order_after(*messages: Write) -> OrderRow:
    return changes_after(messages).orders[ORDER]


def changes_after(messages: Sequence[Write]) -> RowChanges:
    changes = RowChanges({})
    for message in messages:
        changes.apply(message)
    return changes


def test_a_placed_order_is_requested() -> None:
    row = order_after(commit(1, place()))
    assert row == OrderRow(
        ClientOrderId("order-1"),
        USERREF,
        "BTC/USD",
        "buy",
        Decimal("50000.1"),
        Decimal("0.002"),
        True,
        "ladder",
        "cause of order-1",
        "requested",
        created=7,
        updated=7,
    )


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ([accepted()], "open"),
        ([partially("0.001", "50", "0.1")], "open"),
        ([commit(2, cancel())], "canceling"),
        ([accepted(), commit(2, cancel())], "canceling"),
        ([commit(2, cancel()), accepted()], "canceling"),
        ([accepted(), commit(2, cancel()), canceled()], "canceled"),
        ([commit(2, cancel()), filled("0.002", "100", "0.2")], "filled"),
        ([filled("0.002", "100", "0.2"), canceled()], "filled"),
        ([canceled(), filled("0.002", "100", "0.2")], "filled"),
        ([filled("0.002", "100", "0.2"), commit(2, cancel()), accepted()], "filled"),
        ([rejected()], "rejected"),
        ([rejected(), commit(2, cancel())], "rejected"),
        ([accepted(), rejected()], "open"),
        ([rejected(), accepted()], "open"),
        ([rejected(), commit(2, place(price="49000"))], "requested"),
    ],
)
def test_statuses_only_move_forward(messages: list[Write], status: str) -> None:
    assert order_after(commit(1, place()), *messages).status == status


def test_the_reason_of_a_closure_is_kept() -> None:
    assert order_after(commit(1, place()), canceled()).reason == "by hand"
    assert order_after(commit(1, place()), rejected()).reason == "funds: not enough USD"


def test_a_refused_id_may_be_asked_for_at_another_price_and_no_other() -> None:
    again = commit(2, place(price="49000", time=9))
    assert order_after(commit(1, place()), rejected(), again).price == Decimal(49000)
    assert order_after(commit(1, place()), accepted(), again).price == Decimal("50000.1")


def test_a_decision_that_comes_after_its_events_fills_in_the_details() -> None:
    row = order_after(filled("0.002", "100", "0.25"), commit(1, place()))
    assert (row.symbol, row.status, row.filled) == ("BTC/USD", "filled", Decimal("0.002"))


def test_a_cancel_of_an_unknown_order_leaves_no_row() -> None:
    assert not changes_after([commit(1, cancel())]).orders


def test_fills_are_the_increments_of_the_cumulative_figures() -> None:
    changes = changes_after(
        [
            commit(1, place()),
            partially("0.0005", "25", "0.06", "T1"),
            partially("0.0005", "25", "0.06", "T1"),
            filled("0.002", "100", "0.25", "T2"),
            partially("0.0015", "75", "0.19", "late"),
        ]
    )
    assert list(changes.fills.values()) == [
        FillRow(ClientOrderId("order-1"), "T1", USERREF, 9, Decimal("0.0005"), Decimal(25), Decimal("0.06")),
        FillRow(ClientOrderId("order-1"), "T2", USERREF, 10, Decimal("0.0015"), Decimal(75), Decimal("0.19")),
    ]


def test_a_fill_without_an_id_and_one_that_only_the_cancellation_tells_are_counted() -> None:
    changes = changes_after([partially("0.0005", "25", "0.06", ""), canceled("0.001", "50", "0.12")])
    assert [(fill.fill_id, fill.volume) for fill in changes.fills.values()] == [
        ("PartiallyFilled", Decimal("0.0005")),
        ("Canceled", Decimal("0.0005")),
    ]


def test_the_order_in_which_events_come_does_not_matter() -> None:
    events = [
        accepted(),
        partially("0.0005", "25", "0.06", "T1"),
        filled("0.002", "100", "0.25"),
        canceled("0.001", "50", "0.1"),
    ]
    for shuffled in permutations(events):
        changes = changes_after([commit(1, place()), *shuffled, *shuffled])
        row = changes.orders[ORDER]
        assert (row.status, row.filled, row.cost, row.fee) == (
            "filled",
            Decimal("0.002"),
            Decimal(100),
            Decimal("0.25"),
        )
        assert sum(fill.volume for fill in changes.fills.values()) == Decimal("0.002")


def test_the_same_event_is_told_once() -> None:
    changes = changes_after([commit(1, place()), accepted(), accepted(), accepted(time=9), commit(1, place())])
    assert [event.kind for event in changes.events.values()] == ["decision", "Accepted", "Accepted"]


def test_only_the_orders_that_messages_touch_are_looked_up() -> None:
    messages: list[Write] = [
        commit(1, place("a"), cancel("b")),
        accepted("c"),
        accepted("a"),
        SaveAccount(1, "", {"d": ""}),
    ]
    assert concerned(messages) == ["a", "b", "c"]


def test_more_decimals_than_a_column_has_are_cut() -> None:
    assert exact(Decimal("0.1234567890123456789")) == Decimal("0.123456789012345678")
    assert exact(Decimal("1E+3")) == 1000
