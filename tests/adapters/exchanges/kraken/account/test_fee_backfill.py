"""Fees of orders that were partly filled before the stream began, with REST ahead of it, behind it or lacking some."""

from decimal import Decimal

import msgspec
import pytest

from adapters.exchanges.kraken.account.fee_backfill import PartlyTold, fee_in_quote, paid_fee, told_fees
from adapters.exchanges.kraken.wire.private_socket import Report
from adapters.exchanges.kraken.wire.rest_results import Order
from tests.adapters.exchanges.kraken.support import opening, order_id, trade
from trading.ports import ExchangeUnavailable

D = Decimal


def reports(filled: str, *fills: dict[str, object]) -> list[Report]:
    """An open order of which so much is filled, and fills that the snapshot tells of."""
    content = msgspec.json.encode([opening(1, cum_qty=filled), *fills])
    return msgspec.json.decode(content, type=list[Report], strict=False)


def fill(number: int, volume: str, fee: str) -> dict[str, object]:
    stamp = f"2026-09-21T14:13:{number:02}.000000Z"
    fees = [{"asset": "USD", "qty": fee}]
    return {**trade(1, volume, volume, f"T{number}", fees=fees), "timestamp": stamp}


def at_rest(filled: str, fee: str) -> Order:
    """What REST shows of it."""
    description = {"pair": "XBTUSD", "type": "buy", "price": "60000.0"}
    order = {"status": "open", "descr": description, "vol": "0.0025", "cl_ord_id": order_id(1)}
    return msgspec.convert({**order, "vol_exec": filled, "fee": fee}, Order, strict=False)


def partly(filled: str, *fills: dict[str, object]) -> PartlyTold:
    (told,) = told_fees(reports(filled, *fills), ())[1]
    return told


def test_fills_that_explain_the_order_tell_its_fee() -> None:
    fees, others = told_fees(reports("0.003", fill(1, "0.001", "0.10"), fill(2, "0.002", "0.21")), ())
    assert (fees, others) == ({"O1": D("0.31")}, [])


def test_rest_tells_what_the_snapshot_does_not() -> None:
    assert paid_fee(partly("0.002"), at_rest("0.002", "0.20")) == D("0.20")
    assert paid_fee(partly("0.002", fill(2, "0.001", "0.11")), at_rest("0.002", "0.20")) == D("0.20")


def test_of_more_than_the_stream_has_told_it_is_a_share() -> None:
    assert paid_fee(partly("0.001"), at_rest("0.002", "0.48000")) == D("0.24000")


def test_what_a_view_of_the_past_lacks_is_among_the_newest_fills() -> None:
    told = partly("0.0015", fill(1, "0.0003", "0.03"), fill(3, "0.0005", "0.07"), fill(2, "0.0006", "0.05"))
    assert paid_fee(told, at_rest("0.0010", "0.09")) == D("0.16")
    assert paid_fee(told, at_rest("0.0004", "0.02")) == D("0.14")


@pytest.mark.parametrize("filled", ["0.0001", "0.0006", "0"])
def test_what_nobody_tells_is_waited_for(filled: str) -> None:
    with pytest.raises(ExchangeUnavailable, match="lags behind"):
        paid_fee(partly("0.0015", fill(3, "0.0005", "0.07")), at_rest(filled, "0.01"))
    with pytest.raises(ExchangeUnavailable, match="does not show"):
        paid_fee(partly("0.0015"), None)


def test_a_fee_in_base_counts_at_the_price_of_the_fill() -> None:
    (_, report) = reports("0.001", {**fill(1, "0.001", "0"), "fees": [{"asset": "BTC", "qty": "0.0001"}]})
    assert fee_in_quote(report, "BTC/USD") == 6


def test_a_fee_in_a_third_asset_costs_no_quote() -> None:
    fees = [{"asset": "KFEE", "qty": "12"}, {"asset": "ZUSD", "qty": "0.05"}, {"asset": "ETH", "qty": "0.01"}]
    (_, report) = reports("0.001", {**fill(1, "0.001", "0"), "fees": fees})
    assert fee_in_quote(report, "BTC/USD") == D("0.05")


@pytest.mark.parametrize(("held", "told"), [((), False), (("ETH",), True)])
def test_a_fee_in_what_the_account_does_not_hold_is_asked_for(held: tuple[str, ...], *, told: bool) -> None:
    strange = {**fill(1, "0.001", "0"), "fees": [{"asset": "ETH", "qty": "0.1"}]}
    fees, [*others] = told_fees(reports("0.001", strange), held)
    assert ("O1" in fees, bool(others)) == (told, not told)
    if others:
        assert paid_fee(others[0], at_rest("0.001", "0.25")) == D("0.25")
