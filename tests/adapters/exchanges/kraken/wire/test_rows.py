"""Rows one by one: what cannot be read keeps the texts that say whose it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from adapters.exchanges.kraken.wire.private_socket import Fee
from adapters.exchanges.kraken.wire.rows import RowReader, Unread, texts_of
from adapters.exchanges.kraken.wire.values import WireError

READER = RowReader(Fee, "asset", "note")


def test_an_odd_row_hides_no_other() -> None:
    data = Raw(b'[{"asset":"USD","qty":1},{"asset":"BTC","qty":null,"note":7},null,{"asset":"ETH","qty":2}]')
    first, odd, nothing, last = READER.read_list(data, "fees")
    assert isinstance(first, Fee)
    assert isinstance(last, Fee)
    assert (first.asset, last.asset) == ("USD", "ETH")
    assert isinstance(odd, Unread)
    assert (odd.text("asset"), odd.text("note"), odd.text("never asked for")) == ("BTC", None, None)
    assert isinstance(nothing, Unread)
    assert nothing.text("asset") is None


@pytest.mark.parametrize("data", [b"", b"null", b"{}", b"7", b"[", b"[{]"])
def test_what_is_no_list_is_told(data: bytes) -> None:
    with pytest.raises(WireError):
        READER.read_list(Raw(data), "fees")


def test_absent_and_null_are_empty() -> None:
    assert texts_of(Raw(b'{"a":null,"c":"x"}'), ("a", "b", "c")) == {"a": "", "b": "", "c": "x"}
    assert texts_of(Raw(b'{"descr":{"pair":"XBTUSD"}}'), ("pair",), "descr") == {"pair": "XBTUSD"}
    assert texts_of(Raw(b'{"descr":7}'), ("pair",), "descr") is None


@given(st.binary(max_size=40))
def test_any_row_is_read_or_kept(row: bytes) -> None:
    assert isinstance(READER.read(Raw(row)), Fee | Unread)
