"""One order as the executions channel and the answer to its request show it, in whatever order they come."""

from decimal import Decimal

import msgspec
import pytest

from adapters.exchanges.kraken.account.order_view import AccountOrders
from adapters.exchanges.kraken.account.probe_cancels import Questions
from adapters.exchanges.kraken.account.totals import Totals
from adapters.exchanges.kraken.wire.private_socket import Holding, Report
from messages.ids import VenueOrderId
from messages.mailboxes import ExchangeEvent
from messages.orders import Accepted, Canceled, Filled, PartiallyFilled
from tests.adapters.exchanges.kraken.support import START, Message, literal, opening, order_id, place, report, trade
from trading.ports import ExchangeUnavailable

D = Decimal
FIRST = trade(1, "0.00100000", "0.00100000", "T1")
SECOND = trade(1, "0.00150000", "0.00250000", "T2")


def account() -> AccountOrders:
    return AccountOrders(Totals([Holding("BTC", D(1)), Holding("USD", D(1000))]), Questions(lambda: START))


def heard(orders: AccountOrders, *reports: Message) -> list[ExchangeEvent]:
    return [event for one in reports for event in orders.report(msgspec.json.decode(literal(one), type=Report), 0)]


def kinds(events: list[ExchangeEvent]) -> list[type]:
    return [type(event) for event in events if isinstance(event, Accepted | PartiallyFilled | Filled | Canceled)]


@pytest.mark.parametrize("answered_first", [True, False])
def test_an_order_is_accepted_once_whichever_word_of_it_comes_first(answered_first: bool) -> None:
    orders = account()
    orders.placing(place(1))

    def answered() -> list[ExchangeEvent]:
        return orders.acknowledged(order_id(1), VenueOrderId("O1"), START, 0)

    events = answered() if answered_first else []
    events += heard(orders, opening(1))
    events += answered()
    assert kinds(events) == [Accepted]
    assert orders.open_count("BTC/USD") == 1


def test_fills_are_cumulative_and_each_counts_once() -> None:
    orders = account()
    events = heard(orders, opening(1), FIRST, FIRST, SECOND, SECOND, report(1, "filled"))
    assert kinds(events) == [Accepted, PartiallyFilled, Filled]
    known = orders.find(order_id(1))
    assert known is not None
    assert (known.facts.status, known.facts.filled, known.facts.cost) == ("filled", D("0.0025"), D(150))
    assert (orders.ended, orders.filled_buys) == ({"BTC/USD": 1}, {"BTC/USD": 1})
    assert orders.open_count("BTC/USD") == 0


def test_an_end_that_lacks_a_fill_is_something_missed() -> None:
    with pytest.raises(ExchangeUnavailable, match="not all its fills were reported"):
        heard(account(), opening(1), FIRST, report(1, "filled"))


def test_one_name_under_two_ids_is_refused() -> None:
    with pytest.raises(ExchangeUnavailable, match="O7 and O1"):
        heard(account(), opening(1), {**opening(1), "order_id": "O7"})


def test_an_order_in_flight_under_no_name_is_not_taken_for_somebody_elses() -> None:
    orders = account()
    orders.placing(place(1))
    with pytest.raises(ExchangeUnavailable, match="in all but its name"):
        heard(orders, {**opening(1), "cl_ord_id": ""})
    heard(orders, {**opening(2, limit_price="59000.0"), "cl_ord_id": ""})
    assert orders.open_count("BTC/USD") == 1


def test_an_order_in_question_is_accepted_only_once_the_question_is_answered() -> None:
    orders = account()
    orders.placing(place(1))
    orders.in_question.add(order_id(1))
    assert heard(orders, opening(1)) == []
    orders.in_question.discard(order_id(1))
    assert kinds(orders.confirmed(order_id(1))) == [Accepted]


def test_a_lookup_counts_as_doubt_until_it_ends_even_by_an_error() -> None:
    orders = account()
    orders.placing(place(1))
    heard(orders, opening(1))
    with pytest.raises(ZeroDivisionError), orders.looking_up([order_id(1)]):
        raise ZeroDivisionError
    assert not any(orders.in_doubt.values())
