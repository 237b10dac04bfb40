"""What another party does with an order while a request of its owner is on the way."""

from collections.abc import Iterator

from simulators.kraken.model import matching
from simulators.kraken.model.venue import Venue
from simulators.kraken.wire import Json

_NAMES = ("txid", "order_id", "orders", "cl_ord_id", "cl_ord_ids")
"""Fields by which requests name orders, on both transports."""


def fill_named(venue: Venue, params: Json) -> None:
    """Fill the open orders that a request names, each at its limit."""
    wanted = set(_named(params))
    for order in list(venue.orders.open.values()):
        if {order.txid, order.request.cl_ord_id} & wanted:
            matching.fill_by_hand(venue, order, order.remaining)


def _named(params: Json) -> Iterator[str]:
    for field in _NAMES:
        value = params.get(field)
        if isinstance(value, str):
            yield from value.split(",")
        elif isinstance(value, list):
            yield from (part for part in value if isinstance(part, str))
