"""Orders of somebody else in any shape: they end nothing, and what is told of ours stays the same."""

import json
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from adapters.exchanges.kraken.account.order_view import AccountOrders
from adapters.exchanges.kraken.account.probe_cancels import Questions
from adapters.exchanges.kraken.account.totals import Totals
from adapters.exchanges.kraken.wire.our_orders import Ownership
from adapters.exchanges.kraken.wire.private_socket import Holding, LedgerEntry, Report, read_reports
from adapters.exchanges.kraken.wire.rows import Unread
from messages.account import AccountBalances, ForeignOrder
from messages.ids import VenueOrderId, client_order_id
from messages.mailboxes import ExchangeEvent
from tests.adapters.exchanges.kraken.support import (
    NAMES,
    STAMP,
    START,
    Message,
    opening,
    order_id,
    place,
    report,
    trade,
)
from trading.ports import ExchangeUnavailable

D = Decimal
OWN = Ownership({1001: "BTC/USD"}, NAMES.symbol)


def account() -> tuple[AccountOrders, Totals]:
    totals = Totals([Holding("USD", D("1000.0000")), Holding("BTC", D("0.0500000000"))])
    return AccountOrders(totals, Questions(lambda: START), OWN), totals


def hear(orders: AccountOrders, *messages: Message) -> list[ExchangeEvent]:
    """The events that follow from these rows of one frame."""
    data = Raw(json.dumps(messages).encode())
    events: list[ExchangeEvent] = []
    for row in read_reports(data):
        if isinstance(row, Unread):
            orders.unread(row)
        else:
            events += orders.report(row, 0.0)
    return events


OURS: Sequence[Message] = (
    opening(1),
    report(1, "new"),
    trade(1, "0.00100000", "0.00100000", "TA"),
    trade(1, "0.00150000", "0.00250000", "TB"),
    report(1, "filled"),
    opening(2),
    report(2, "canceled", reason="User requested", timestamp="2026-09-21T14:15:00.000000Z"),
)
_ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, "", "x", "0", "-1", True, 7, [], {}, "NaN", "1e999", "+5%", "ETH/USD", STAMP]
)
_IDS = st.sampled_from(
    [
        None,
        "",
        "theirs",
        "g1b0042a7",
        client_order_id(77, "x"),
        "gzzzzzz00000000000",
        "6d1b345e-2821-40e2-ad83-4ecb18a06876",
    ]
)
_ODD_FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "order_id",
            "exec_type",
            "timestamp",
            "symbol",
            "side",
            "order_type",
            "order_qty",
            "limit_price",
            "limit_price_type",
            "last_qty",
            "last_price",
            "cum_qty",
            "exec_id",
            "cost",
            "fees",
            "fee_usd_equiv",
            "margin",
            "reason",
            "rate_count",
            "triggers",
        ]
    ),
    _ODD | st.sampled_from(["DOGE/EUR", "sell", "market", "limit", "stop-loss", "unheard of"]),
    max_size=3,
)
_TEMPLATES = st.sampled_from(
    [
        opening(8),
        report(8, "new"),
        trade(8, "0.001", "0.001", "TX"),
        trade(8, "0.001", "0.002", "TY"),
        trade(9, "0.001", "0.001", "TZ"),
        report(8, "amended", order_qty="1"),
        report(8, "filled"),
        report(8, "canceled"),
        report(9, "expired"),
    ]
)
_THEIRS = st.builds(lambda row, name, odd: {**row, "cl_ord_id": name, **odd}, _TEMPLATES, _IDS, _ODD_FIELDS)


def of_ours(events: Sequence[ExchangeEvent]) -> list[ExchangeEvent]:
    return [event for event in events if not isinstance(event, ForeignOrder | AccountBalances)]


@given(st.lists(st.tuples(st.integers(0, len(OURS) - 1), _THEIRS), max_size=8))
def test_rows_of_others_change_nothing_that_is_told_of_ours(theirs: list[tuple[int, Message]]) -> None:
    alone, _ = account()
    mixed, totals = account()
    expected: list[ExchangeEvent] = []
    found: list[ExchangeEvent] = []
    for number, own in enumerate(OURS):
        expected += of_ours(hear(alone, own))
        found += of_ours(hear(mixed, *(row for before, row in theirs if before == number), own))
    assert found == expected
    assert totals.unexplained(1.0) is None


LOOK_ALIKES = [
    {"cl_ord_id": client_order_id(77, "x")},
    {"cl_ord_id": "gzzzzzz00000000000"},
    {"cl_ord_id": client_order_id(1001, "x"), "symbol": "ETH/USD"},
    {"cl_ord_id": client_order_id(1001, "x"), "order_type": "market", "limit_price": None},
    {"cl_ord_id": client_order_id(1001, "x"), "order_type": "stop-loss"},
    {"cl_ord_id": client_order_id(1001, "x"), "margin": True},
]


@pytest.mark.parametrize("look_alike", LOOK_ALIKES)
def test_a_look_alike_is_somebody_elses(look_alike: Message) -> None:
    row = {**opening(9), **look_alike}
    (event,) = hear(account()[0], row)
    assert isinstance(event, ForeignOrder)
    orders, _ = account()
    orders.begin(msgspec.convert([row], list[Report], strict=False), {}, 0.0)
    assert len(orders.open_orders()) == 1
    (event,) = hear(orders, {**report(9, "canceled"), "cl_ord_id": look_alike["cl_ord_id"]})
    assert isinstance(event, ForeignOrder)
    assert event.facts.status == "canceled"


@pytest.mark.parametrize("strange", [{"limit_price": None}, {"order_qty": "0"}, {"side": "x"}, {"timestamp": None}])
def test_one_that_may_be_ours_and_cannot_be_used_ends_the_session(strange: Message) -> None:
    row = {**opening(9), **strange}
    with pytest.raises(ExchangeUnavailable):
        hear(account()[0], row)
    theirs = {**row, "cl_ord_id": client_order_id(77, "x")}
    hear(account()[0], theirs)


@pytest.mark.parametrize("odd", [12345, 1.5, True, [], {}])
def test_a_client_id_that_is_no_text_ends_the_session_only_on_a_pair_that_is_traded(odd: object) -> None:
    row = {**opening(9), "cl_ord_id": odd}
    hear(account()[0], {**row, "symbol": "SOL/USD"})
    with pytest.raises(ExchangeUnavailable, match=r"order O9.* cancel it at the exchange or contact support"):
        hear(account()[0], row)


@pytest.mark.parametrize("strange", [{"last_qty": "x"}, {"exec_id": "T}"}, {"timestamp": ""}, {"cum_qty": True}])
@pytest.mark.parametrize("named", [True, False])
def test_a_fill_of_ours_that_cannot_be_read_ends_the_session(strange: Message, named: bool) -> None:
    """Also one that lost its client id: Kraken's id is known."""
    orders, _ = account()
    hear(orders, opening(1))
    fill = {**trade(1, "0.001", "0.001", "TA"), **strange} | ({} if named else {"cl_ord_id": None})
    with pytest.raises(ExchangeUnavailable, match="O1"):
        hear(orders, fill)


def test_an_order_in_flight_whose_report_lost_its_kraken_id_ends_the_session() -> None:
    orders, _ = account()
    orders.placing(place(1))
    with pytest.raises(ExchangeUnavailable):
        hear(orders, {**opening(1), "order_id": None})


def test_an_order_that_was_told_as_somebody_elses_is_never_acknowledged_as_ours() -> None:
    orders, _ = account()
    orders.placing(place(1))
    hear(orders, {**report(1, "new"), "cl_ord_id": None})
    with pytest.raises(ExchangeUnavailable, match="reported as external"):
        orders.acknowledged(order_id(1), VenueOrderId("O1"), START, 0.0)


def test_an_order_in_flight_that_was_told_as_somebody_elses_ends_the_session_with_its_name() -> None:
    """Else a fill of it would count as theirs, and without an answer the order would be sent again."""
    orders, _ = account()
    orders.placing(place(1))
    hear(orders, {**report(1, "new"), "cl_ord_id": None})
    with pytest.raises(ExchangeUnavailable, match="reported as external"):
        hear(orders, trade(1, "0.001", "0.001", "TA"))


def theirs(number: int, kind: str, **fields: object) -> Message:
    """A row of somebody else's order."""
    return {**report(number, kind), "cl_ord_id": None, **fields}


def test_a_fill_of_theirs_moves_the_totals_at_once() -> None:
    orders, _ = account()
    hear(orders, {**opening(9), "cl_ord_id": None})
    (balances, order) = hear(orders, {**trade(9, "0.001", "0.001", "TX"), "cl_ord_id": None})
    assert balances == AccountBalances({"BTC": D("0.0510000000"), "USD": D("939.7600")}, with_next=True)
    assert isinstance(order, ForeignOrder)
    assert order.facts.filled == D("0.001")
    (balances,) = hear(orders, {**trade(8, "0.001", "0.001", "TY"), "cl_ord_id": None})
    assert balances == AccountBalances({"BTC": D("0.0520000000"), "USD": D("879.5200")}), "also of an unknown order"
    assert hear(orders, {**trade(8, "0.001", "0.001", "TY"), "cl_ord_id": None}) == [], "once"


@pytest.mark.parametrize(
    "odd", [{"last_qty": None}, {"side": None, "symbol": None}, {"last_price": "x"}, {"exec_id": None}, {"exec_id": 7}]
)
@pytest.mark.parametrize("known", [True, False])
def test_a_fill_of_theirs_that_tells_too_little_is_left_to_the_ledger(odd: Message, known: bool) -> None:
    orders, totals = account()
    if known:
        hear(orders, {**opening(9), "cl_ord_id": None, "symbol": odd.get("symbol", "BTC/USD")})
    hear(orders, {**trade(9, "0.001", "0.001", "TX"), "cl_ord_id": None, **odd})
    entries = [
        LedgerEntry("BTC", D("0.0510000000"), "TX", "trade", amount=D("0.001")),
        LedgerEntry("USD", D("939.7600"), "TX", "trade", amount=D(-60), fee=D("0.24")),
    ]
    totals.book(entries, 0.0)
    assert totals.unexplained(100.0) is None
    assert totals.all() == {"BTC": D("0.0510000000"), "USD": D("939.7600")}
    totals.book([LedgerEntry("BTC", D("0.06"), "TZ", "trade", amount=D("0.001"))], 0.0)
    assert totals.unexplained(100.0) == "TZ", "a fill that nobody told of is still missed"


def test_an_order_on_margin_holds_and_moves_no_coin() -> None:
    orders, totals = account()
    (order,) = hear(orders, theirs(9, "pending_new", symbol="BTC/USD", side="sell", order_qty="1", limit_price="70000"))
    assert isinstance(order, ForeignOrder)
    assert not order.facts.margin
    (order,) = hear(orders, theirs(9, "new", margin=True))
    assert isinstance(order, ForeignOrder)
    assert order.facts.margin
    assert hear(orders, {**trade(9, "1", "1", "TX"), "cl_ord_id": None})[:-1] == []
    totals.book([LedgerEntry("USD", D("998"), "TX", "margin", "margin-trade", amount=D(0), fee=D(2))], 0.0)
    assert totals.all() == {"BTC": D("0.0500000000"), "USD": D(998)}
    assert totals.unexplained(100.0) is None


def test_a_third_asset_that_a_fill_does_not_name_is_no_fill_of_its_own() -> None:
    for early in (True, False):
        orders, totals = account()
        hear(orders, opening(1))
        entry = LedgerEntry("KFEE", D("95"), "TA", "trade", amount=D(-5))
        if early:
            totals.book([entry], 0.0)
        hear(orders, trade(1, "0.001", "0.001", "TA", fees=[]))
        if not early:
            totals.book([entry], 0.0)
        assert totals.unexplained(100.0) is None
        assert totals.all() == {"BTC": D("0.0510000000"), "USD": D("940.0000"), "FEE": D(95)}


@pytest.mark.parametrize("kind", ["pct", "quote"])
def test_a_relative_limit_is_no_price(kind: str) -> None:
    (order,) = hear(account()[0], {**opening(9), "cl_ord_id": None, "limit_price": "5", "limit_price_type": kind})
    assert isinstance(order, ForeignOrder)
    assert order.facts.price == 0


def test_a_closed_order_of_theirs_stays_closed() -> None:
    orders, _ = account()
    hear(orders, {**opening(9), "cl_ord_id": None}, theirs(9, "filled"))
    (_, late) = hear(orders, {**trade(9, "0.001", "0.001", "TX"), "cl_ord_id": None})
    assert isinstance(late, ForeignOrder)
    assert late.facts.status == "filled"
    assert orders.open_orders() == ()
