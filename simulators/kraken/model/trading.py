"""Placing and cancelling, alone and in batches: what both transports call."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from simulators.kraken.model import checks, matching
from simulators.kraken.model.accounts import Account
from simulators.kraken.model.catalogue import Pair
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import (
    ENGINE_LIMIT,
    INVALID_ARGUMENTS,
    INVALID_ORDER,
    POST_ONLY,
    UNAVAILABLE,
    UNKNOWN_ORDER,
    Refused,
)
from simulators.kraken.model.ids import is_well_formed
from simulators.kraken.model.orders import Order, OrderRequest
from simulators.kraken.model.rates import cancel_penalty
from simulators.kraken.model.venue import Venue

BATCH_ADD = range(2, 16)
BATCH_CANCEL_MOST = 50
USER_REQUESTED = "User requested"
SWITCH_FIRED = "CancelAllOrdersAfter Timeout"


def add(
    venue: Venue,
    account: Account,
    pair: Pair,
    request: OrderRequest,
    *,
    deadline: int | None,
    nearest_deadline: int,
    validate: bool = False,
) -> Order | None:
    """Place one order; None when it was only to be validated. Raises `Refused`."""
    account.counter(pair.id).add(Decimal(1), venue.clock.now())
    request = _checked(venue, account, pair, request)
    checks.check_limits(venue, account, pair, (request,))
    checks.check_deadline(venue, deadline, nearest_deadline)
    return None if validate else _place(venue, account, pair, request)


def add_batch(
    venue: Venue,
    account: Account,
    pair: Pair,
    requests: Sequence[OrderRequest],
    *,
    deadline: int | None,
    nearest_deadline: int,
    validate: bool = False,
) -> list[Order | Refused | None]:
    """Place 2 to 15 orders of one pair. Raises `Refused` when one is invalid; lacking funds hit single orders."""
    if len(requests) not in BATCH_ADD:
        raise Refused(INVALID_ARGUMENTS)
    account.counter(pair.id).add(Decimal(len(requests)) / 2, venue.clock.now())
    checked = tuple(_checked(venue, account, pair, request) for request in requests)
    checks.check_limits(venue, account, pair, checked)
    checks.check_deadline(venue, deadline, nearest_deadline)
    placed: list[Order | Refused | None] = []
    for request in checked:
        try:
            placed.append(None if validate else _place(venue, account, pair, request))
        except Refused as refusal:
            placed.append(refusal)
    return placed


def _checked(venue: Venue, account: Account, pair: Pair, request: OrderRequest) -> OrderRequest:
    checks.check_arguments(request, venue.clock.now())
    checks.check_permission(account, pair)
    checks.check_status(venue, pair, request)
    return checks.check_size(venue, pair, request)


def _place(venue: Venue, account: Account, pair: Pair, request: OrderRequest) -> Order:
    now = venue.clock.now()
    order = Order(
        txid=venue.mint.order(),
        number=venue.mint.number(),
        account=account.name,
        pair=pair.id,
        request=request,
        opened=now,
        changed=now,
        price=request.price if request.price is not None and request.ordertype == "limit" else Decimal(0),
        volume=request.volume,
    )
    order = checks.check_funds(venue, account, order)
    crossing = request.post_only and matching.crosses(venue, order)
    if crossing and _refuses_post_only(venue):
        raise Refused(POST_ONLY)
    order = venue.keep(order, "pending_new")
    if not (crossing and not venue.behaviour.new_before_cancellation):
        order = matching.live(venue, order)
    if not crossing:
        return matching.take(venue, order)
    if venue.behaviour.post_only_penalty:
        account.counter(pair.id).add(cancel_penalty(0), now)
    return venue.end(order, "canceled", matching.POST_ONLY)


def _refuses_post_only(venue: Venue) -> bool:
    venue.post_only_refusals += 1
    way = venue.behaviour.post_only
    return way == "refuse" or (way == "alternate" and venue.post_only_refusals % 2 == 0)


def find_to_cancel(venue: Venue, account: Account, txid: str) -> Order:
    """An open order by its id. Raises `Refused`: an id never minted and one that is closed differ in text."""
    order = venue.orders.get(txid) if is_well_formed(txid) else None
    if order is None or order.account != account.name:
        raise Refused(INVALID_ORDER)
    if not order.is_open:
        raise Refused(UNKNOWN_ORDER)
    return order


def find_by_client_id(venue: Venue, account: Account, cl_ord_id: str) -> Order:
    """An open order by the client's id. Raises `Refused`."""
    checks.check_client_id(cl_ord_id)
    order = venue.orders.open_by_client_id(account.name, cl_ord_id)
    if order is None:
        raise Refused(UNKNOWN_ORDER)
    return order


def find_by_userref(venue: Venue, account: Account, userref: int) -> list[Order]:
    """All open orders with the reference. Raises `Refused` when there is none."""
    found = [order for order in venue.orders.open_of(account.name) if order.request.userref == userref]
    if not found:
        raise Refused(UNKNOWN_ORDER)
    return found


def cancel(venue: Venue, account: Account, order: Order) -> Order:
    """Cancel one order on its owner's request. Raises `Refused` when the engine's counter has no room."""
    _check_system(venue)
    now, counter = venue.clock.now(), account.counter(order.pair)
    penalty = cancel_penalty(now - order.opened)
    if counter.value(now) + penalty > account.tier.engine_threshold:
        raise Refused(ENGINE_LIMIT)
    counter.add(penalty, now)
    return venue.end(order, "canceled", USER_REQUESTED)


def cancel_many(venue: Venue, account: Account, orders: Iterable[Order], reason: str = USER_REQUESTED) -> int:
    """Cancel a batch, which is carried out even if it overflows the counter; returns how many there were."""
    _check_system(venue)
    now, count = venue.clock.now(), 0
    for order in orders:
        account.counter(order.pair).add(cancel_penalty(now - order.opened), now)
        venue.end(order, "canceled", reason)
        count += 1
    return count


def set_switch(venue: Venue, account: Account, seconds: int) -> int:
    """Arm the dead man's switch, or disarm it with 0; returns when it fires, 0 when it does not."""
    account.switch = venue.clock.now() + seconds * SECOND if seconds else 0
    return account.switch


def pass_time(venue: Venue) -> None:
    """Do what is due by now: switches that fire, orders that expire."""
    now = venue.clock.now()
    for account in venue.accounts.values():
        if account.switch and account.switch <= now and venue.system != "maintenance":
            account.switch = 0
            cancel_many(venue, account, venue.orders.open_of(account.name), SWITCH_FIRED)
    due = [order for order in venue.orders.open.values() if 0 < order.request.expires <= now]
    for order in due:
        venue.end(order, "expired")


def _check_system(venue: Venue) -> None:
    if venue.system == "maintenance":
        raise Refused(UNAVAILABLE)
