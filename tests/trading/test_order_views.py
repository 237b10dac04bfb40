"""What is known of one order."""

import pytest
from msgspec.structs import replace

from messages.account import LiveOrder, OrderStatus, facts_of_accepted
from messages.ids import Nanos, VenueOrderId
from messages.orders import Accepted, Canceled, Filled, OrderEvent, PartiallyFilled
from tests.trading.desk_model import D, Strategy
from tests.trading.strategies.harness import BTC_USD
from trading.order_views import by_whom, event_of, facts_after
from trading.ports import UnknownOrderError

PLACE = Strategy(1, BTC_USD).order("buy", "50000", "0.002")
OPEN = facts_of_accepted(PLACE, VenueOrderId("O-1"), Nanos(5))
PART = PartiallyFilled(
    order_id=PLACE.order_id,
    exchange_id=VenueOrderId("O-1"),
    fill_id="f",
    filled=D("0.001"),
    cost=D(50),
    fee=D("0.1"),
    time=Nanos(7),
)


@pytest.mark.parametrize(
    ("filled", "status", "kind"),
    [
        ("0", "open", Accepted),
        ("0.001", "open", PartiallyFilled),
        ("0.002", "filled", Filled),
        ("0.001", "canceled", Canceled),
    ],
)
def test_what_is_shown_becomes_the_event_that_would_have_said_so(
    filled: str, status: OrderStatus, kind: type[OrderEvent]
) -> None:
    event = event_of(replace(OPEN, filled=D(filled), status=status))
    assert (type(event), event.order_id, event.time) == (kind, PLACE.order_id, 5)


def test_a_smaller_quantity_is_an_old_event() -> None:
    known = facts_after(PLACE, OPEN, PART)
    assert (known.filled, known.status, known.time) == (D("0.001"), "open", 7)
    assert facts_after(PLACE, known, replace(PART, filled=D("0.0005"), time=9)) == known
    assert facts_after(PLACE, known, replace(PART, filled=D("0.002"))).status == "filled"


def test_an_event_is_enough_where_the_order_is_known_and_nothing_without_it() -> None:
    assert (
        facts_after(PLACE, None, Accepted(order_id=PLACE.order_id, exchange_id=VenueOrderId("O-1"), time=Nanos(5)))
        == OPEN
    )
    with pytest.raises(UnknownOrderError, match="neither placed nor shown"):
        facts_after(None, None, PART)


@pytest.mark.parametrize(("accepted", "canceling", "reason"), [(False, False, "post-only"), (True, False, "by hand")])
def test_an_unclear_cancel_of_an_order_that_nobody_saw_open_is_not_its_owners(
    accepted: bool, canceling: bool, reason: str
) -> None:
    live = LiveOrder(PLACE, canceling, accepted, D(0))
    facts = replace(OPEN, status="canceled", reason="unclear")
    assert by_whom(facts, live).reason == reason
    assert by_whom(OPEN, live) == OPEN
