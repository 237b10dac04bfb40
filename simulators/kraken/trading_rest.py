"""The private REST endpoints that place and cancel (facts, sections 2.10, 2.11 and 2.13)."""

import re
from collections.abc import Mapping

from simulators.kraken import wire
from simulators.kraken.fields import Fields
from simulators.kraken.model import trading
from simulators.kraken.model.accounts import ApiKey
from simulators.kraken.model.catalogue import Pair
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import INVALID_ARGUMENTS, UNKNOWN_PAIR, Refused
from simulators.kraken.model.orders import Order, OrderRequest, OrderType, SelfTrade, Side, TimeInForce
from simulators.kraken.model.venue import Venue
from simulators.kraken.views import description
from simulators.kraken.wire import Json

NEAREST_DEADLINE = 2 * SECOND
SWITCH_MOST = 86_400
SIDES: Mapping[str, Side] = {"buy": "buy", "sell": "sell"}
ORDER_TYPES: Mapping[str, OrderType] = {"limit": "limit", "market": "market"}
TIMES_IN_FORCE: Mapping[str, TimeInForce] = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "GTD": "GTD"}
SELF_TRADES: Mapping[str, SelfTrade] = {
    "cancel-newest": "cancel-newest",
    "cancel-oldest": "cancel-oldest",
    "cancel-both": "cancel-both",
}
_FLAGS = frozenset({"post", "fciq", "nompp"})
_USERREF = re.compile(r"-?[0-9]{1,10}")
_LEFT_OUT = ("close", "close[ordertype]", "leverage", "reduce_only", "displayvol", "trigger", "starttm", "price2")


def add_order(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    pair = _pair(venue, fields)
    placed = trading.add(
        venue,
        key.account,
        pair,
        request := order_request(fields, venue.clock.now()),
        deadline=fields.moment("deadline"),
        nearest_deadline=NEAREST_DEADLINE,
        validate=fields.flag("validate"),
    )
    descr = {"order": description(pair, placed.request if placed else request)}
    return {"descr": descr} if placed is None else {"descr": descr, "txid": [placed.txid]}


def add_order_batch(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    pair = _pair(venue, fields)
    requests = [order_request(row, venue.clock.now()) for row in fields.rows("orders")]
    placed = trading.add_batch(
        venue,
        key.account,
        pair,
        requests,
        deadline=fields.moment("deadline"),
        nearest_deadline=NEAREST_DEADLINE,
        validate=fields.flag("validate"),
    )
    return {"orders": [_batch_row(pair, request, result) for request, result in zip(requests, placed, strict=True)]}


def _batch_row(pair: Pair, request: OrderRequest, result: Order | Refused | None) -> Json:
    row: Json = {"descr": {"order": description(pair, request)}}
    if isinstance(result, Refused):
        return {"error": result.text} | row
    return row if result is None else {"txid": result.txid} | row


def cancel_order(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    txid, cl_ord_id = fields.text("txid"), fields.text("cl_ord_id")
    if (txid is None) == (cl_ord_id is None):
        raise Refused(INVALID_ARGUMENTS)
    if cl_ord_id is not None:
        trading.cancel(venue, key.account, trading.find_by_client_id(venue, key.account, cl_ord_id))
        return {"count": 1}
    orders = _by_text(venue, key, txid or "")
    for order in orders:
        trading.cancel(venue, key.account, order)
    return {"count": len(orders)}


def cancel_order_batch(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    """What is not open is passed over; only the canceled ones count."""
    names = [str(name) for name in _list(fields, "orders")]
    client_ids = [str(name) for name in _list(fields, "cl_ord_ids")]
    if not 1 <= len(names) + len(client_ids) <= trading.BATCH_CANCEL_MOST:
        raise Refused(INVALID_ARGUMENTS)
    return {"count": cancel_listed(venue, key, names, client_ids)}


def cancel_listed(venue: Venue, key: ApiKey, names: list[str], client_ids: list[str]) -> int:
    """Cancel a batch given as order ids or references, and client ids."""
    found: dict[str, Order] = {}
    for name in names:
        try:
            found |= {order.txid: order for order in _by_text(venue, key, name)}
        except Refused:
            continue
    for cl_ord_id in client_ids:
        order = venue.orders.open_by_client_id(key.account.name, cl_ord_id)
        if order is not None:
            found[order.txid] = order
    return trading.cancel_many(venue, key.account, found.values())


def cancel_all(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    return {"count": trading.cancel_many(venue, key.account, venue.orders.open_of(key.account.name))}


def cancel_all_orders_after(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    timeout = fields.integer("timeout")
    if timeout is None or not 0 <= timeout < SWITCH_MOST:
        raise Refused(f"{INVALID_ARGUMENTS}:timeout")
    fires = trading.set_switch(venue, key.account, timeout)
    return {
        "currentTime": wire.rfc3339(venue.clock.now(), 0),
        "triggerTime": wire.rfc3339(fires, 0) if fires else "0",
    }


def order_request(fields: Fields, now: int) -> OrderRequest:
    """The order fields of AddOrder. Raises `Refused`, also for what the local venue leaves out."""
    ordertype = fields.choice("ordertype", ORDER_TYPES)
    side = fields.choice("type", SIDES)
    for name in _LEFT_OUT:
        if fields.values.get(name) not in (None, "", "none", "0", 0):
            raise Refused(f"{INVALID_ARGUMENTS}:{name}")
    flags = set(fields.names("oflags"))
    if not flags <= _FLAGS:
        raise Refused(f"{INVALID_ARGUMENTS}:oflags")
    tif = fields.choice("timeinforce", TIMES_IN_FORCE, "GTC")
    return OrderRequest(
        side=side,
        ordertype=ordertype,
        volume=fields.needed_decimal("volume"),
        price=fields.decimal("price"),
        cl_ord_id=fields.text("cl_ord_id"),
        userref=fields.integer("userref"),
        post_only="post" in flags,
        tif=tif,
        expires=(fields.unix_time("expiretm", now) or 0) if tif == "GTD" else 0,
        self_trade=fields.choice("stptype", SELF_TRADES, "cancel-newest"),
    )


def _pair(venue: Venue, fields: Fields) -> Pair:
    pair = venue.catalogue.pair(fields.needed_text("pair"))
    if pair.aclass == "tokenized_asset" and fields.text("asset_class") != "tokenized_asset":
        raise Refused(UNKNOWN_PAIR)
    return pair


def _by_text(venue: Venue, key: ApiKey, text: str) -> list[Order]:
    """Orders by txid, or by a reference in digits."""
    if _USERREF.fullmatch(text):
        return trading.find_by_userref(venue, key.account, int(text))
    return [trading.find_to_cancel(venue, key.account, text)]


def _list(fields: Fields, name: str) -> list[str | int]:
    value = fields.values.get(name, [])
    if not isinstance(value, list) or not all(isinstance(part, str | int) for part in value):
        raise Refused(f"{INVALID_ARGUMENTS}:{name}")
    return value
