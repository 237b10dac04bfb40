"""Trading requests on the WebSocket (facts, section 4.6): one result per answer."""

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct

from simulators.kraken.fields import Fields
from simulators.kraken.model import trading
from simulators.kraken.model.accounts import Account, ApiKey
from simulators.kraken.model.catalogue import Pair
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import INVALID_ARGUMENTS, UNKNOWN_PAIR, Refused
from simulators.kraken.model.orders import Order, OrderRequest, SelfTrade, TimeInForce
from simulators.kraken.model.venue import Venue
from simulators.kraken.trading_rest import (
    ORDER_TYPES,
    SIDES,
    cancel_all,
    cancel_all_orders_after,
    cancel_listed,
)
from simulators.kraken.wire import Json, rfc3339

NEAREST_DEADLINE = SECOND // 2
DEFAULT_DEADLINE = 5 * SECOND
_TIMES_IN_FORCE: Mapping[str, TimeInForce] = {"gtc": "GTC", "ioc": "IOC", "fok": "FOK", "gtd": "GTD"}
_SELF_TRADES: Mapping[str, SelfTrade] = {
    "cancel_newest": "cancel-newest",
    "cancel_oldest": "cancel-oldest",
    "cancel_both": "cancel-both",
}
_LEFT_OUT = ("conditional", "triggers", "display_qty", "cash_order_qty", "effective_time", "stop_price", "trigger")

Answer = Json | list[Json] | Refused


class Method(Struct, frozen=True):
    """A trading request and the alternatives of rights that open it."""

    call: Callable[[Venue, ApiKey, Fields], list[Answer]]
    rights: tuple[frozenset[str], ...]


def add_order(venue: Venue, key: ApiKey, fields: Fields) -> list[Answer]:
    pair = _pair(venue, fields)
    placed = trading.add(
        venue,
        key.account,
        pair,
        order_request(fields),
        deadline=fields.moment("deadline"),
        nearest_deadline=NEAREST_DEADLINE,
        validate=fields.flag("validate"),
    )
    return [{} if placed is None else _named(placed)]


def batch_add(venue: Venue, key: ApiKey, fields: Fields) -> list[Answer]:
    pair = _pair(venue, fields)
    placed = trading.add_batch(
        venue,
        key.account,
        pair,
        [order_request(row) for row in fields.rows("orders")],
        deadline=fields.moment("deadline"),
        nearest_deadline=NEAREST_DEADLINE,
        validate=fields.flag("validate"),
    )
    return [[_batch_row(result) for result in placed]]


def cancel_order(venue: Venue, key: ApiKey, fields: Fields) -> list[Answer]:
    """One answer per order."""
    account = key.account
    finders: list[Callable[[], list[Order]]] = [
        *(partial(_found, venue, account, txid) for txid in fields.names("order_id")),
        *(partial(_found_by_client_id, venue, account, name) for name in fields.names("cl_ord_id")),
        *(partial(trading.find_by_userref, venue, account, ref) for ref in _integers(fields, "order_userref")),
    ]
    answers: list[Answer] = []
    for find in finders:
        try:
            answers.extend(_named(trading.cancel(venue, account, order)) for order in find())
        except Refused as refusal:
            answers.append(refusal)
    if not answers:
        raise Refused(INVALID_ARGUMENTS)
    return answers


def batch_cancel(venue: Venue, key: ApiKey, fields: Fields) -> list[Answer]:
    names, client_ids = fields.names("orders"), fields.names("cl_ord_id")
    if not 1 <= len(names) + len(client_ids) <= trading.BATCH_CANCEL_MOST:
        raise Refused(INVALID_ARGUMENTS)
    return [{"count": cancel_listed(venue, key, names, client_ids)}]


METHODS: Mapping[str, Method] = {
    "add_order": Method(add_order, (frozenset({"modify-trades"}),)),
    "batch_add": Method(batch_add, (frozenset({"modify-trades", "close-trades"}),)),
    "cancel_order": Method(cancel_order, (frozenset({"modify-trades"}), frozenset({"close-trades"}))),
    "batch_cancel": Method(batch_cancel, (frozenset({"modify-trades"}), frozenset({"close-trades"}))),
    "cancel_all": Method(
        lambda venue, key, fields: [cancel_all(venue, key, fields)],
        (frozenset({"modify-trades"}), frozenset({"close-trades"})),
    ),
    "cancel_all_orders_after": Method(
        lambda venue, key, fields: [cancel_all_orders_after(venue, key, fields)],
        (frozenset({"modify-trades"}), frozenset({"close-trades"})),
    ),
}


def set_default_deadline(fields: Fields, arrived: int) -> None:
    """Orders without a deadline get five seconds from their arrival in nanoseconds UTC."""
    fields.values.setdefault("deadline", rfc3339(arrived + DEFAULT_DEADLINE))


def order_request(fields: Fields) -> OrderRequest:
    """The order fields of add_order. Raises `Refused`, also for what the local venue leaves out."""
    for name in _LEFT_OUT:
        if fields.has(name):
            raise Refused(f"{INVALID_ARGUMENTS}:{name}")
    if fields.flag("margin") or fields.flag("reduce_only") or fields.text("fee_preference") == "base":
        raise Refused(INVALID_ARGUMENTS)
    tif = fields.choice("time_in_force", _TIMES_IN_FORCE, "gtc")
    return OrderRequest(
        side=fields.choice("side", SIDES),
        ordertype=fields.choice("order_type", ORDER_TYPES),
        volume=fields.needed_decimal("order_qty"),
        price=fields.decimal("limit_price"),
        cl_ord_id=fields.text("cl_ord_id"),
        userref=fields.integer("order_userref"),
        post_only=fields.flag("post_only"),
        tif=tif,
        expires=(fields.moment("expire_time") or 0) if tif == "GTD" else 0,
        self_trade=fields.choice("stp_type", _SELF_TRADES, "cancel_newest"),
    )


def _found(venue: Venue, account: Account, txid: str) -> list[Order]:
    return [trading.find_to_cancel(venue, account, txid)]


def _found_by_client_id(venue: Venue, account: Account, cl_ord_id: str) -> list[Order]:
    return [trading.find_by_client_id(venue, account, cl_ord_id)]


def _pair(venue: Venue, fields: Fields) -> Pair:
    pair = venue.catalogue.by_symbol(fields.needed_text("symbol"))
    if pair is None:
        raise Refused(UNKNOWN_PAIR)
    return pair


def _named(order: Order) -> Json:
    request = order.request
    names: Json = {"order_id": order.txid}
    if request.cl_ord_id is not None:
        names["cl_ord_id"] = request.cl_ord_id
    if request.userref is not None:
        names["order_userref"] = request.userref
    return names


def _batch_row(result: Order | Refused | None) -> Json:
    if isinstance(result, Refused):
        return {"error": result.text}
    return {} if result is None else _named(result)


def _integers(fields: Fields, name: str) -> list[int]:
    value = fields.values.get(name, [])
    if not isinstance(value, list) or not all(isinstance(part, int) for part in value):
        raise Refused(f"{INVALID_ARGUMENTS}:{name}")
    return value
