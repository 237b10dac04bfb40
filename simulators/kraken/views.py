"""Orders, trades and ledger entries as REST shows them (facts, sections 2.6 and 2.8)."""

from decimal import Decimal

from simulators.kraken.model.catalogue import Pair
from simulators.kraken.model.orders import LedgerEntry, Order, OrderRequest, Trade
from simulators.kraken.model.venue import Venue
from simulators.kraken.wire import Json, average, fixed, kept_text, seconds

_TRADE_TIME_DIGITS = 6
_LEDGER_TIME_DIGITS = 4
_PRICE_DECIMALS = 5


def description(pair: Pair, request: OrderRequest) -> str:
    """`buy 0.00250000 XBTUSD @ limit 60000.0`."""
    volume = kept_text(request.volume, pair.lot_decimals)
    at = "market" if request.ordertype == "market" else f"limit {_limit(pair, request.price)}"
    leverage = f" with {request.leverage}:1 leverage" if request.leverage else ""
    return f"{request.side} {volume} {pair.altname} @ {at}{leverage}"


def order_view(venue: Venue, order: Order, *, trades: bool) -> Json:
    """One order object; closed ones carry reason and closing time."""
    pair, request = venue.pair_of(order), order.request
    view: Json = {
        "refid": None,
        "userref": request.userref,
        "status": order.status,
        "opentm": seconds(order.opened),
        "starttm": 0,
        "expiretm": seconds(request.expires),
        "descr": {
            "pair": pair.altname,
            "aclass": "forex",
            "type": order.side,
            "ordertype": request.ordertype,
            "price": "0" if request.ordertype == "market" else kept_text(order.price, pair.pair_decimals),
            "price2": "0",
            "leverage": f"{request.leverage}:1" if request.leverage else "none",
            "order": description(pair, request),
            "close": "",
        },
        "vol": kept_text(order.volume, pair.lot_decimals),
        "vol_exec": kept_text(order.filled, pair.lot_decimals),
        "cost": fixed(order.cost, pair.cost_decimals),
        "fee": fixed(order.fee, pair.cost_decimals),
        "price": f"{average(order.average, pair.pair_decimals):f}" if order.filled else fixed(Decimal(0), 5),
        "stopprice": fixed(Decimal(0), 5),
        "limitprice": fixed(Decimal(0), 5),
        "misc": "amended" if order.amended else "",
        "oflags": "fciq,post" if request.post_only else "fciq",
    }
    if request.cl_ord_id is not None:
        view["cl_ord_id"] = request.cl_ord_id
    if trades and order.trades:
        view["trades"] = list(order.trades)
    if not order.is_open:
        view["reason"] = order.reason or None
        view["closetm"] = seconds(order.closed)
    if request.leverage:
        view["margin"] = True
    return request.odd.shown(view)


def trade_view(venue: Venue, trade: Trade, *, ledgers: bool) -> Json:
    """One row of TradesHistory; the pair is the pair id here."""
    pair = venue.catalogue.known(trade.pair)
    view: Json = {
        "ordertxid": trade.order,
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": pair.id,
        "time": seconds(trade.time, _TRADE_TIME_DIGITS),
        "type": trade.side,
        "ordertype": trade.ordertype,
        "price": kept_text(trade.price, max(pair.pair_decimals, _PRICE_DECIMALS)),
        "cost": fixed(trade.cost, pair.cost_decimals),
        "fee": fixed(trade.fee, pair.cost_decimals),
        "vol": kept_text(trade.volume, pair.lot_decimals),
        "margin": fixed(trade.cost / trade.leverage if trade.leverage else Decimal(0), 5),
        "leverage": f"{trade.leverage}",
        "misc": "",
        "trade_id": trade.trade_id,
        "maker": trade.maker,
    }
    if trade.leverage:
        view["posstatus"] = "open"
    if ledgers:
        view["ledgers"] = list(trade.ledgers)
    return view


def ledger_view(venue: Venue, entry: LedgerEntry) -> Json:
    """One ledger entry."""
    asset = venue.catalogue.assets[entry.asset]
    return {
        "refid": entry.refid,
        "time": seconds(entry.time, _LEDGER_TIME_DIGITS),
        "type": entry.kind,
        "subtype": entry.subtype,
        "aclass": asset.aclass,
        "asset": entry.row,
        "amount": fixed(entry.amount, asset.decimals),
        "fee": fixed(entry.fee, asset.decimals),
        "balance": fixed(entry.balance, asset.decimals),
    }


def _limit(pair: Pair, price: Decimal | None) -> str:
    return kept_text(price or Decimal(0), pair.pair_decimals)
