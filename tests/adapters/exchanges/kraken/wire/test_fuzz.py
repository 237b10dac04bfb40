"""Garbage is a `WireError`, never another exception; the documented examples are read digit by digit."""

import contextlib
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from adapters.exchanges.kraken.wire import private_socket as trading
from adapters.exchanges.kraken.wire import rest_results as rest
from adapters.exchanges.kraken.wire import socket
from adapters.exchanges.kraken.wire.names import PairTable
from adapters.exchanges.kraken.wire.rows import Unread
from adapters.exchanges.kraken.wire.values import WireError
from messages.ids import Nanos, client_order_id
from messages.market import Tick

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["NaN", "Infinity", "1e999999", "2026-09-21T14:13:20Z", "buy", "closed", "XBTUSD"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "order_id",
                    "exec_type",
                    "timestamp",
                    "symbol",
                    "price",
                    "qty",
                    "asset",
                    "balance",
                    "trade_id",
                    "status",
                    "descr",
                    "vol",
                    "pair",
                    "type",
                    "last_qty",
                    "cum_qty",
                    "fees",
                    "open",
                    "closed",
                    "error",
                    "result",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)

READERS: list[Callable[[Raw], object]] = [
    socket.read_trades,
    socket.read_system,
    socket.read_subscribed,
    trading.read_reports,
    trading.read_holdings,
    trading.read_entries,
    lambda raw: trading.read_placed(trading.ADD, raw),
    lambda raw: trading.read_placed(trading.ADD_BATCH, raw),
    lambda raw: socket.read_frame(bytes(raw)),
    lambda raw: rest.decode(raw, rest.Envelope, "it"),
    lambda raw: rest.last_trade(rest.decode(raw, rest.Trades, "it")),  # a dict type
    lambda raw: _facts(rest.decode(raw, rest.ClosedOrders, "it")),
]


def _facts(answer: rest.ClosedOrders) -> object:
    return [rest.order_facts(key, order, PairTable(()), frozenset()) for key, order in answer.closed.items()]


@given(st.sampled_from(READERS), ANYTHING)
def test_any_json_is_read_or_told(read: Callable[[Raw], object], value: object) -> None:
    with contextlib.suppress(WireError):
        read(Raw(json.dumps(value).encode()))


@given(st.sampled_from(READERS), st.binary(max_size=60))
def test_any_bytes_are_read_or_told(read: Callable[[Raw], object], content: bytes) -> None:
    with contextlib.suppress(WireError):
        read(Raw(content))


def test_deep_nesting_is_told() -> None:
    with pytest.raises(WireError):
        socket.read_frame("[" * 100_000)


TRADE = """{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":61250.0,
"qty":0.00050000,"ord_type":"market","trade_id":98111234,"timestamp":"2026-09-21T14:13:29.881700Z"}]}"""
STATUS = """{"channel":"status","type":"update","data":[{"system":"online","api_version":"v2",
"connection_id":13834774380200032777,"version":"2.0.10"}]}"""


def test_a_trade() -> None:
    frame = socket.read_frame(TRADE)
    assert socket.read_trades(frame.data) == (
        [(98111234, Tick("BTC/USD", Decimal("61250.0"), Nanos(1790000009_881700000)))],
        [],
    )


def test_a_status_with_a_number_beyond_64_bits_of_sign() -> None:
    assert socket.read_system(socket.read_frame(STATUS).data) == "online"


PENDING = """[{"order_id":"OQ7KD2-XM4PL-9WTRZA","cl_ord_id":"g1b0042a7","symbol":"BTC/USD","order_qty":0.00250000,
"cum_cost":0.0,"time_in_force":"GTC","exec_type":"pending_new","side":"buy","order_type":"limit",
"limit_price_type":"static","limit_price":60000.0,"stop_price":0.0,"post_only":true,"order_status":"pending_new",
"fee_usd_equiv":0.0,"fee_ccy_pref":"fciq","timestamp":"2026-09-21T14:13:21.118233Z"}]"""
FILL = """[{"order_id":"OQ7KD2-XM4PL-9WTRZA","cl_ord_id":"g1b0042a7","exec_id":"TD4NV7-KQ2RC-L8XWPA",
"exec_type":"trade","trade_id":98111100,"symbol":"BTC/USD","side":"buy","last_qty":1e-08,"last_price":60000.0,
"liquidity_ind":"m","cost":60.00000,"order_type":"limit","timestamp":"2026-09-21T14:13:40.551204Z",
"order_status":"partially_filled","cum_qty":0.00100000,"cum_cost":60.00000,"avg_price":60000.0,
"fee_usd_equiv":0.24,"fees":[{"asset":"USD","qty":0.24000}]}]"""


def test_reports() -> None:
    (pending,) = trading.read_reports(Raw(PENDING.encode()))
    assert isinstance(pending, trading.Report)
    assert (pending.kind, str(pending.order_qty), pending.time) == ("accepted", "0.00250000", 1790000001_118233000)
    (fill,) = trading.read_reports(Raw(FILL.encode()))
    assert isinstance(fill, trading.Report)
    assert (fill.kind, fill.last_qty, fill.fees) == (
        "trade",
        Decimal("0.00000001"),
        (trading.Fee("USD", Decimal("0.24000")),),
    )


def test_numbers_that_are_none_are_refused() -> None:
    for number in ('"NaN"', '"Infinity"', "1e400", '"1e-400"'):
        (row,) = trading.read_holdings(Raw(f'[{{"asset":"USD","balance":{number}}}]'.encode()))
        assert isinstance(row, Unread)
        assert row.text("asset") == "USD"


ORDER = b"""{"closed":{"OQ7KD2-XM4PL-9WTRZA":{"refid":null,"userref":null,"cl_ord_id":"g1b0042a7","status":"canceled",
"opentm":1790000001.118233,"starttm":0,"expiretm":0,"descr":{"pair":"XBTUSD","aclass":"forex","type":"buy",
"ordertype":"limit","price":"60000.0","price2":"0","leverage":"none","order":"buy","close":""},
"vol":"0.00250000","vol_exec":"0.00100000","cost":"60.00000","fee":"0.24000","price":"60000.0",
"oflags":"fciq,post","reason":"User requested","closetm":1790000055.402911}},"count":1}"""


def test_a_partly_filled_and_canceled_order() -> None:
    answer = rest.decode(ORDER, rest.ClosedOrders, "ClosedOrders")
    (facts,) = (rest.order_facts(key, order, PairTable(()), frozenset()) for key, order in answer.closed.items())
    assert (facts.status, facts.reason, str(facts.filled), facts.time) == (
        "canceled",
        "by hand",
        "0.00100000",
        1790000055_402911000,
    )


OURS = ORDER.replace(b"g1b0042a7", client_order_id(7, "a cause").encode())


@pytest.mark.parametrize(
    ("said", "strange"),
    [
        (b'"price":"60000.0"', b'"price":"2026-13-45T99:00:00Z"'),
        (b'"price":"60000.0"', b'"price":"+5%"'),
        (b'"price":"60000.0"', b'"price":"0"'),
        (b'"vol":"0.00250000"', b'"vol":"0"'),
        (b'"status":"canceled"', b'"status":"unheard of"'),
    ],
)
def test_an_order_of_ours_is_a_limit_order_or_no_order(said: bytes, strange: bytes) -> None:
    assert rest.decode(OURS, rest.ClosedOrders, "ClosedOrders")
    with pytest.raises(WireError):
        rest.decode(OURS.replace(said, strange, 1), rest.ClosedOrders, "ClosedOrders")
    assert rest.decode(ORDER.replace(said, strange, 1), rest.ClosedOrders, "ClosedOrders"), "somebody else's may be"


@pytest.mark.parametrize("letter", ["}", "]", ",,", " ", "\\ufffd", "\\u0000"])
def test_an_id_has_plain_letters(letter: str) -> None:
    strange = f"OQ7KD2-{letter}XM4PL-9WTRZA"
    for text in (PENDING, FILL):
        (row,) = trading.read_reports(Raw(text.replace("OQ7KD2-XM4PL-9WTRZA", strange).encode()))
        assert isinstance(row, Unread)
    with pytest.raises(WireError):
        rest.decode(OURS.replace(b"OQ7KD2-XM4PL-9WTRZA", strange.encode()), rest.ClosedOrders, "ClosedOrders")
    others = rest.decode(ORDER.replace(b"OQ7KD2-XM4PL-9WTRZA", strange.encode()), rest.ClosedOrders, "ClosedOrders")
    assert others.closed == {}, "somebody else's are left out"
    with pytest.raises(WireError):
        trading.read_placed(trading.ADD, Raw(f'{{"order_id":"{strange}"}}'.encode()))


FEES = b"""{"currency":"ZUSD","volume":"1204.1120","fees":{"XXBTZUSD":{"fee":"0.8000","minfee":"0.0500"}},
"fees_maker":{"XXBTZUSD":{"fee":"0.4000","minfee":"0.0000","nextfee":null}}}"""


TRADES = b"""{"XXBTZUSD":[["61250.00000","0.00050000",1790000009.8817,"s","m","",98111234,"more"],
["61249.00000","0.1",1790000008,"b","l","",98111233]],"last":"1790000009881700123"}"""


def test_the_newest_trade() -> None:
    trades: rest.Trades = rest.decode(TRADES, rest.Trades, "Trades")  # a dict type
    assert rest.last_trade(trades) == (98111234, 1790000009_881700000)
    assert rest.last_trade({"last": Raw(b'"1"')}) is None
