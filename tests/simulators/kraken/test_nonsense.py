"""Whatever clients send, the venue answers in its own words and goes on."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.kraken import public_rest
from simulators.kraken.rest import ENDPOINTS
from simulators.kraken.ws_trading import METHODS
from tests.simulators.kraken.desk import JSON, Desk, Socket
from tests.simulators.kraken.desk import settings as venue_settings

WORDS = (
    "0 -1 1e-05 true True None XBTUSD BTC/USD buy sell limit market post 60000.0 0.01 ² +60 + GTD IOC gtd a "
    "2026-09-21T14:13:25Z OAAAAA-BBBBB-CCCCCC executions balances ticker bbo cancel-both 10000-01-01T00:00:00Z"
)
FIELDS = (
    "pair type ordertype price volume oflags cl_ord_id userref timeinforce expiretm deadline validate stptype txid "
    "orders cl_ord_ids timeout start end ofs asset closetime trades count since interval aclass asset_class "
    "fee_schedule side symbol order_type order_qty limit_price post_only time_in_force order_id order_userref channel "
    "snapshot snap_orders event_trigger ratecounter expire_time stp_type"
)
texts = st.sampled_from([*WORDS.split(), "", "9" * 30, "9" * 5000])
scalars = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.sampled_from([0.01, 1e300, 5e-324, 60000.0]))
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(texts, scalars, max_size=2))
names = st.sampled_from(FIELDS.split())
good = st.sampled_from(
    [
        {},
        {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "60000.0", "volume": "0.01"},
        {"symbol": "BTC/USD", "side": "buy", "order_type": "limit", "limit_price": 60000.0, "order_qty": 0.01},
        {"channel": "ticker", "symbol": ["BTC/USD"]},
    ]
)
bodies = st.builds(lambda some, odd: some | odd, good, st.dictionaries(names, values, max_size=4))
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def is_answer(envelope: dict[str, Any]) -> bool:
    return all(error.startswith("E") for error in envelope["error"]) and (
        bool(envelope["error"]) or "result" in envelope
    )


@often
@given(st.lists(st.tuples(st.sampled_from(sorted(ENDPOINTS)), bodies), min_size=5, max_size=20))
def test_private_rest_calls(calls: list[tuple[str, dict[str, Any]]]) -> None:
    desk = Desk(venue_settings(tier="pro"))
    for name, fields in calls:
        desk.control.advance(Decimal(8))
        assert is_answer(desk.private_json(name, fields))
        assert is_answer(desk.private(name, fields))


@often
@given(st.sampled_from(sorted(public_rest.ENDPOINTS)), st.dictionaries(names, texts, max_size=4))
def test_public_rest_calls(name: str, params: dict[str, str]) -> None:
    assert is_answer(Desk().public(name, **params))


@often
@given(
    st.lists(st.tuples(st.sampled_from([*METHODS, "subscribe", "unsubscribe", "ping"]), bodies), max_size=20),
    st.booleans(),
)
def test_websocket_requests(calls: list[tuple[str, dict[str, Any]]], private: bool) -> None:
    desk = Desk()
    socket = Socket(desk, private=private)
    token = desk.token()
    for method, params in calls:
        first, *_ = socket.ask(method, **(params | {"token": token}))
        assert first["method"] in (method, "pong")
        assert ("error" in first) != ("result" in first) or first["method"] == "pong"


@pytest.mark.parametrize("body", ["{", "[]", "1", '"a"', "\x00", '{"nonce":[1]}', '{"nonce":{}}', '{"nonce":1e9}'])
def test_bodies_that_are_no_requests(body: str) -> None:
    assert Desk().signed("Balance", body.encode(), JSON, "1")["error"]


def test_numbers_without_bounds() -> None:
    desk = Desk()
    for volume in ("9" * 12, "0." + "0" * 60 + "1", json.dumps(10**40)):
        assert desk.refusal(volume=volume).startswith("EGeneral:Invalid arguments:volume")
    assert desk.refusal(timeinforce="GTD", expiretm="+2764800") == "EGeneral:Invalid arguments:expiretm"
