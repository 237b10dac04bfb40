"""What an order must satisfy before it exists, in the order of the facts' section 9."""

import re
from decimal import ROUND_DOWN, Decimal

from msgspec.structs import replace

from simulators.kraken.model.accounts import Account
from simulators.kraken.model.catalogue import Pair
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import (
    CL_ORD_ID,
    CL_ORD_ID_NOT_UNIQUE,
    COST_MINIMUM,
    DEADLINE_ELAPSED,
    ENGINE_LIMIT,
    INSUFFICIENT_FUNDS,
    INVALID_ARGUMENTS,
    INVALID_PRICE,
    ORDER_MINIMUM,
    ORDERS_LIMIT,
    TICK_SIZE,
    UNAVAILABLE,
    VOLUME_MINIMUM,
    Refused,
    market_mode,
)
from simulators.kraken.model.orders import Order, OrderRequest
from simulators.kraken.model.venue import Venue

_CLIENT_ID = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|[0-9a-fA-F]{32}"
    r"|[a-z0-9_-]{1,18}"
)
"""Long UUID, short UUID, free text. Upper-case free text is refused, as one report says."""

_INT32 = 1 << 31
FURTHEST_DEADLINE = 60 * SECOND
_NEAREST_EXPIRY = 5 * SECOND
_FURTHEST_EXPIRY = 31 * 86_400 * SECOND


def check_client_id(cl_ord_id: str) -> None:
    if _CLIENT_ID.fullmatch(cl_ord_id) is None:
        raise Refused(CL_ORD_ID)


def check_arguments(request: OrderRequest, now: int) -> None:
    """What is wrong with the request itself, whatever the market."""
    if request.cl_ord_id is not None:
        if request.userref is not None:
            raise Refused(INVALID_ARGUMENTS)
        check_client_id(request.cl_ord_id)
    if request.userref is not None and not -_INT32 <= request.userref < _INT32:
        raise Refused(f"{INVALID_ARGUMENTS}:userref")
    limit = request.ordertype == "limit"
    if limit and request.price is None:
        raise Refused(f"{INVALID_ARGUMENTS}:price")
    if not limit and (request.post_only or request.tif != "GTC"):
        raise Refused(INVALID_ARGUMENTS)
    if request.post_only and request.tif in ("IOC", "FOK"):
        raise Refused(INVALID_ARGUMENTS)
    if request.volume <= 0:
        raise Refused(f"{INVALID_ARGUMENTS}:volume")
    if request.tif == "GTD" and not now + _NEAREST_EXPIRY <= request.expires <= now + _FURTHEST_EXPIRY:
        raise Refused(f"{INVALID_ARGUMENTS}:expiretm")


def check_status(venue: Venue, pair: Pair, request: OrderRequest) -> None:
    """System first, then pair."""
    if venue.system == "maintenance":
        raise Refused(UNAVAILABLE)
    for mode in (venue.system, venue.markets[pair.id].status):
        if mode in ("cancel_only", "reduce_only", "maintenance", "work_in_progress", "delisted"):
            raise market_mode(mode)
        if mode == "post_only" and not request.post_only:
            raise market_mode(mode)
        if mode == "limit_only" and request.ordertype != "limit":
            raise market_mode(mode)


def check_permission(account: Account, pair: Pair) -> None:
    """Whether the account may trade the pair at all, where its owner lives."""
    if pair.id in account.restricted:
        raise Refused(account.restricted[pair.id])


def check_size(venue: Venue, pair: Pair, request: OrderRequest) -> OrderRequest:
    """Decimals, tick, minimums; returns the request with the volume that counts."""
    step = Decimal(1).scaleb(-pair.lot_decimals)
    volume = request.volume.quantize(step, ROUND_DOWN)
    if volume != request.volume and venue.behaviour.excess_volume_decimals == "refuse":
        raise Refused(f"{INVALID_ARGUMENTS}:volume")
    price = request.price
    if request.ordertype == "limit" and price is not None:
        _check_price(pair, price)
    if volume < pair.ordermin:
        documented = venue.behaviour.minimum_text == "documented"
        raise Refused(ORDER_MINIMUM if documented else VOLUME_MINIMUM)
    market = venue.markets[pair.id]
    at = price if price is not None else market.ask if request.side == "buy" else market.bid
    if at is not None and at * volume < pair.costmin:
        raise Refused(COST_MINIMUM)
    return replace(request, volume=volume)


def _check_price(pair: Pair, price: Decimal) -> None:
    if price <= 0:
        raise Refused(INVALID_PRICE)
    if price != price.quantize(Decimal(1).scaleb(-pair.pair_decimals), ROUND_DOWN):
        raise Refused(f"{INVALID_PRICE}:{pair.symbol} price can only be specified up to {pair.pair_decimals} decimals.")
    if price % pair.tick_size:
        raise Refused(TICK_SIZE)


def check_limits(venue: Venue, account: Account, pair: Pair, requests: tuple[OrderRequest, ...]) -> None:
    """Client ids unique among the open orders, room for open orders, engine counter."""
    seen = set()
    for cl_ord_id in (request.cl_ord_id for request in requests if request.cl_ord_id is not None):
        if cl_ord_id in seen or venue.orders.open_by_client_id(account.name, cl_ord_id):
            raise Refused(CL_ORD_ID_NOT_UNIQUE)
        seen.add(cl_ord_id)
    if len(venue.orders.open_of(account.name, pair.id)) + len(requests) > account.tier.open_orders:
        raise Refused(ORDERS_LIMIT)
    if account.counter(pair.id).value(venue.clock.now()) > account.tier.engine_threshold:
        raise Refused(ENGINE_LIMIT)


def check_deadline(venue: Venue, deadline: int | None, nearest: int) -> None:
    """`nearest` is the documented minimum distance in nanoseconds; it counts only where that is switched on."""
    if deadline is None:
        return
    distance = deadline - venue.clock.now()
    if distance <= 0:
        raise Refused(DEADLINE_ELAPSED)
    if distance > FURTHEST_DEADLINE or (venue.behaviour.strict_deadline and distance < nearest):
        raise Refused(f"{INVALID_ARGUMENTS}:deadline")


def check_funds(venue: Venue, account: Account, order: Order) -> Order:
    """The order with its hold. Raises `Refused` when that is not free."""
    need = venue.hold_for(order)
    if need > account.free(venue.paid_in(order)):
        raise Refused(INSUFFICIENT_FUNDS)
    return replace(order, held=need)
