"""Fees of orders that were partly filled before a stream began. Pure.

The stream's snapshot has some of the fills, REST the sum, perhaps as it was a minute ago.
"""

from collections.abc import Container, Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from adapters.exchanges.kraken.wire.private_socket import Report, asset_of
from adapters.exchanges.kraken.wire.rest_results import Order
from messages.ids import VenueOrderId
from messages.money import ONE, ZERO, cost
from trading.ports import ExchangeUnavailable


class PartlyTold(Struct, frozen=True):
    """An open order, and those of its fills that the snapshot contains, newest first."""

    order: Report
    fills: Sequence[Report]

    @property
    def filled(self) -> Decimal:
        return self.order.cum_qty or ZERO


FEE_CREDITS = "FEE"
"""Common spelling of the asset that pays nothing but fees."""


def told_fees(reports: Iterable[Report], held: Container[str]) -> tuple[dict[VenueOrderId, Decimal], list[PartlyTold]]:
    """Fees by Kraken's id where the fills of the same snapshot are all there are; and the other orders with fills.

    `held`: assets of the account. A fill that was paid in anything else counts as one whose fee is unknown.
    """
    reports = list(reports)
    fees: dict[VenueOrderId, Decimal] = {}
    others = []
    for order in reports:
        if order.kind == "trade" or not order.cum_qty:
            continue
        fills = [fill for fill in reports if fill.kind == "trade" and fill.order_id == order.order_id]
        fills = [fill for fill in fills if strange_fee_asset(fill, order.symbol or "/", held) is None]
        fills.sort(key=lambda fill: fill.time, reverse=True)
        if sum((fill.last_qty or ZERO for fill in fills), ZERO) == order.cum_qty:
            fees[order.order_id] = sum((fee_in_quote(fill, order.symbol or "/") for fill in fills), ZERO)
        else:
            others.append(PartlyTold(order, fills))
    return fees, others


def paid_fee(told: PartlyTold, shown: Order | None) -> Decimal:
    """The fee of what the stream says is filled, from what REST shows of the order: its view may be newer or older.

    Of a newer one it is a share. What an older one lacks must be among the newest fills; else `ExchangeUnavailable`.
    """
    if shown is None:
        raise ExchangeUnavailable(f"REST lags behind: it does not show order {told.order.order_id} yet")
    if shown.vol_exec > told.filled:
        return (cost(shown.fee, told.filled) / shown.vol_exec).quantize(shown.fee)
    lacking, fee = told.filled - shown.vol_exec, shown.fee
    for fill in told.fills:
        if lacking <= 0:
            break
        lacking -= fill.last_qty or ZERO
        fee += fee_in_quote(fill, told.order.symbol or "/")
    if lacking:
        raise ExchangeUnavailable(f"REST lags behind: the fee of order {told.order.order_id} is not known yet")
    return fee


def strange_fee_asset(report: Report, symbol: str, held: Container[str]) -> str | None:
    """An asset of the fill's fees with which this account cannot have paid; None when there is none."""
    likely = (*symbol.split("/"), FEE_CREDITS)
    assets = (asset_of(fee) for fee in report.fees)
    return next((asset for asset in assets if asset not in likely and asset not in held), None)


def fee_in_quote(report: Report, symbol: str) -> Decimal:
    """The fee of one fill in quote currency, including what was taken in base.

    What was taken in a third asset (fee credits, for instance) cost no quote: it leaves that asset's own total.
    """
    base, _, quote = symbol.partition("/")
    price = report.last_price or ZERO
    worth = {base: price, quote: ONE}
    return sum((cost(worth.get(asset_of(fee), ZERO), fee.qty) for fee in report.fees), ZERO)
