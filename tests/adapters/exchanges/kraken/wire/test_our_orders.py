"""A client id that looks like ours is ours only on the pair and under the userref of a strategy."""

import pytest

from adapters.exchanges.kraken.wire.our_orders import EVERY_MARK, Ownership
from messages.ids import MAX_USERREF, ClientOrderId, client_order_id, userref_of
from tests.adapters.exchanges.kraken.support import NAMES

OWN = Ownership({1001: "BTC/USD", 1002: "ETH/USD"}, NAMES.symbol)
OURS = client_order_id(1001, "a cause")
OTHERS = client_order_id(77, "a cause")
TOO_LARGE = "gzzzzzz" + "0" * 11


def test_a_userref_beyond_krakens_is_no_mark_of_ours() -> None:
    assert userref_of(client_order_id(MAX_USERREF, "x")) == MAX_USERREF
    assert userref_of(TOO_LARGE) is None


@pytest.mark.parametrize("pair", ["BTC/USD", "XBTUSD", "XXBTZUSD", "", None, "x", "BT}/USD", "NOPEUSD"])
def test_ours_unless_the_pair_is_certainly_another(pair: str | None) -> None:
    assert OWN.claims(OURS, pair)


@pytest.mark.parametrize("pair", ["ETH/USD", "ETHUSD", "DOGE/USD", "SOL/EUR"])
def test_another_pair_is_another_owner(pair: str) -> None:
    assert not OWN.claims(OURS, pair)
    assert EVERY_MARK.claims(OURS, pair)


@pytest.mark.parametrize("order_id", ["", "g1b0042a7", "G" + OURS[1:], OURS + "0", OTHERS, TOO_LARGE])
def test_other_ids_are_others(order_id: str) -> None:
    assert not OWN.claims(ClientOrderId(order_id), "BTC/USD")


@pytest.mark.parametrize("kind", ["market", "stop-loss", "take-profit-limit", "trailing-stop", "settle-position"])
def test_kinds_that_are_never_placed_are_others(kind: str) -> None:
    assert OWN.may_claim(OURS, "BTC/USD", "limit")
    assert OWN.may_claim(OURS, "BTC/USD", None)
    assert not OWN.may_claim(OURS, "BTC/USD", kind)


def test_an_id_that_is_no_text_may_be_ours() -> None:
    assert OWN.may_claim(None, "BTC/USD", None)
    assert all(OWN.may_claim(None, pair, "limit") for pair in ("XBTUSD", "XXBTZUSD", "", None, "BT}/USD", "NOPEUSD"))
    assert EVERY_MARK.may_claim(None, "SOL/EUR", None)


@pytest.mark.parametrize("pair", ["SOL/EUR", "DOGE/USD", "BTC/EUR"])
def test_an_id_that_is_no_text_on_a_pair_that_nobody_trades_is_not_ours(pair: str) -> None:
    assert not OWN.may_claim(None, pair, "limit")


def test_an_id_that_is_empty_is_not_ours() -> None:
    assert not OWN.may_claim("", "BTC/USD", None)


def test_money_that_is_traded_with_in_any_spelling() -> None:
    assert all(OWN.trades(asset) for asset in ("BTC", "XXBT", "XBT.F", "ZUSD", "USD", None, ""))
    assert not any(OWN.trades(asset) for asset in ("DOGE", "XXDG", "KFEE", "DOT.S"))
    assert EVERY_MARK.trades("DOGE")
