"""Rows of lists: each field by itself, absent and null alike, and no row that matters to another."""

import contextlib
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from msgspec import Raw

from adapters.exchanges.kraken.wire import listed
from adapters.exchanges.kraken.wire.values import WireError
from messages.money import Pair
from tests.adapters.exchanges.kraken.wire.test_fuzz import ANYTHING, FEES

SOL = {
    "altname": "SOLUSD",
    "wsname": "SOL/USD",
    "base": "SOL",
    "quote": "ZUSD",
    "cost_decimals": 5,
    "pair_decimals": 2,
    "lot_decimals": 8,
    "ordermin": "0.02",
    "costmin": "0.5",
    "tick_size": "0.01",
    "status": "online",
}
RULES = Pair("SOL/USD", Decimal("0.01"), 8, 5, Decimal("0.02"), Decimal("0.5"))


def raw(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))


def changed(**fields: object) -> Raw:
    """The row with these fields; `...` takes one away."""
    return raw({name: value for name, value in (SOL | fields).items() if value is not ...})


@pytest.mark.parametrize("nothing", [..., None, ""], ids=["absent", "null", "empty"])
@pytest.mark.parametrize(
    ("field", "rules"),
    [
        ("tick_size", RULES),
        ("pair_decimals", RULES),
        ("cost_decimals", msgspec.structs.replace(RULES, cost_decimals=2)),
        ("ordermin", msgspec.structs.replace(RULES, min_volume=Decimal(0))),
        ("costmin", msgspec.structs.replace(RULES, min_cost=Decimal(0))),
        ("altname", RULES),
        ("wsname", RULES),
        ("status", RULES),
    ],
)
def test_a_field_that_says_nothing_has_a_safe_default(field: str, rules: Pair, nothing: object) -> None:
    row = changed(**{field: nothing, "brand_new": [{"odd": None}]})
    assert listed.pair_rules("SOL/USD", row) == rules
    assert listed.pair_status("SOL/USD", row) == "online"
    name = listed.pair_name_of("SOLUSD", row)
    assert name is not None
    assert name.symbol == "SOL/USD"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"lot_decimals": ...}, "lot_decimals is missing"),
        ({"lot_decimals": None}, "lot_decimals is missing"),
        ({"lot_decimals": 99}, "lot_decimals is 99"),
        ({"pair_decimals": None, "tick_size": None}, "pair_decimals is missing"),
        ({"ordermin": "much"}, 'ordermin is "much"'),
        ({"ordermin": "NaN"}, 'ordermin is "NaN"'),
        ({"tick_size": []}, r"tick_size is \[\]"),
        ({"costmin": {"usd": 1}}, "costmin is"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(fields: dict[str, object], words: str) -> None:
    with pytest.raises(WireError, match=f"AssetPairs of SOL/USD: {words}"):
        listed.pair_rules("SOL/USD", changed(**fields))


def test_a_row_that_does_not_say_what_it_is_is_nobodys() -> None:
    rows = {
        "SOLUSD": changed(),
        "ODD": raw(None),
        "ODDER": raw({"base": 5}),
        "OLD": changed(base=..., wsname="XBT/EUR"),
    }
    assert [name.symbol for name in listed.pair_names(rows)] == ["SOL/USD", "BTC/EUR"]


@pytest.mark.parametrize(
    ("content", "rate"),
    [
        (FEES, Decimal("0.004")),
        (b'{"fees":{"XXBTZUSD":{"fee":"0.2"}},"fees_maker":null}', Decimal("0.002")),
        (b'{"fees":{"XXBTZUSD":{"fee":"-0.01"}}}', Decimal(0)),
        (b'{"fees":{"XXBTZUSD":{"fee":null}}}', None),
        (b'{"fees":null}', None),
    ],
)
def test_the_maker_fee(content: bytes, rate: Decimal | None) -> None:
    row = listed.ListedRow(content, "TradeVolume")
    tables = [listed.fee_rows(row, name) for name in ("fees_maker", "fees")]
    rates = [listed.fee_rate(content, "BTC/USD") for table in tables for content in table.values()]
    assert next(iter(rates), None) == rate


@pytest.mark.parametrize(
    ("ticker", "price"),
    [
        ({"c": ["61250.00000", "0.1"]}, Decimal("61250.00000")),
        ({"c": ["0.00000", "0"]}, None),
        ({"c": None}, None),
        ({"c": []}, None),
        ({"c": [None]}, None),
        ({}, None),
        ({"c": ["612500", "0.1"], "a": ["61251", "1"], "b": ["61250", "1"]}, Decimal(61251)),
        ({"c": ["6125", "0.1"], "a": ["61251", "1"], "b": ["61250", "1"]}, Decimal(61250)),
        ({"c": ["61000", "0.1"], "a": ["61251", "1"], "b": ["61250", "1"]}, Decimal(61000)),
        ({"c": ["612500", "0.1"], "a": ["0.0", "0"], "b": ["61250", "1"]}, Decimal(612500)),
        ({"c": ["612500", "0.1"], "a": ["61250", "1"], "b": ["61251", "1"]}, Decimal(612500)),
    ],
)
def test_the_last_price(ticker: object, price: Decimal | None) -> None:
    assert listed.last_price(raw(ticker), "BTC/USD") == price


def test_what_the_instrument_channel_tells() -> None:
    pairs = [{"symbol": "SOL/USD", "status": "cancel_only", "qty_min": 0.02}, {"symbol": None}, {"symbol": "ETH/USD"}]
    told = listed.instruments(raw({"assets": [], "pairs": pairs}))
    assert {symbol: row.status for symbol, row in told.items()} == {"SOL/USD": "cancel_only", "ETH/USD": "online"}
    assert b"0.02" in told["SOL/USD"].rules


@given(ANYTHING)
def test_garbage_is_a_wire_error_and_nothing_else(value: object) -> None:
    content = raw(value)
    with contextlib.suppress(WireError):
        listed.pair_rules("SOL/USD", content)
    with contextlib.suppress(WireError):
        listed.pair_status("SOL/USD", content)
    with contextlib.suppress(WireError):
        listed.fee_rate(content, "SOL/USD")
    with contextlib.suppress(WireError):
        listed.last_price(content, "SOL/USD")
    with contextlib.suppress(WireError):
        listed.instruments(content)
    listed.pair_names({"ODD": content})
