"""Log lines about single orders, with their ids and causes: what was placed, looked up, and what became of it.

Fills and refusals are told by notices and conditions, which the log shows anyway; here they come at level DEBUG.
"""

import logging
from collections.abc import Iterable

from messages.about import about
from messages.account import Attach
from messages.ids import ClientOrderId
from messages.orders import Accepted, Amended, Canceled, Deferred, Filled, OrderEvent, PartiallyFilled, Place, Rejected

logger = logging.getLogger("infinity_grid.orders")

_KEPT = 20_000
"""Orders that are remembered at most: more than any account may have open."""


class OrderLog:
    """What one session of the order-manager says of its orders."""

    def __init__(self, level: int = logging.INFO) -> None:
        """`level` of the lines about placed and cancelled orders; in a replay there are too many for INFO."""
        self._level = level
        self._places: dict[ClientOrderId, Place] = {}
        """Orders of which we know what they are and why; the oldest are forgotten."""
        self._announced: set[ClientOrderId] = set()
        """Orders of which it has been said that they are open."""

    def counts_on(self, attach: Attach) -> None:
        """A strategy (re)starts with these orders: those that are open were told before."""
        for order in attach.orders:
            self._remember(order.place)
            if order.accepted:
                self._announced.add(order.place.order_id)

    def looks_up(self, order_ids: Iterable[ClientOrderId]) -> None:
        """The exchange is asked what became of these orders."""
        for order_id in order_ids:
            self._say(logging.DEBUG, order_id, "", "its fate is looked up")

    def sends(self, places: Iterable[Place]) -> None:
        """These orders are handed to the exchange's adapter."""
        for place in places:
            self._remember(place)
            self._announced.discard(place.order_id)
            self._say(logging.DEBUG, place.order_id, "", f"to be placed ({place.kind} order)")

    def cancels(self, order_ids: Iterable[ClientOrderId]) -> None:
        """These orders are to be cancelled."""
        for order_id in order_ids:
            self._say(logging.DEBUG, order_id, "", "to be cancelled")

    def happened(self, event: OrderEvent | Deferred) -> None:
        """Something became of an order."""
        match event:
            case Accepted():
                if event.order_id in self._places and event.order_id not in self._announced:
                    self._announced.add(event.order_id)
                    self._say(self._level, event.order_id, event.exchange_id, "placed")
            case PartiallyFilled() | Filled():
                part = "filled" if isinstance(event, Filled) else f"filled up to {event.filled:f}"
                self._say(logging.DEBUG, event.order_id, event.exchange_id, part)
            case Canceled():
                if event.reason == "requested":  # the exchange's words, "User requested", mean us
                    why = "by this program"
                elif event.reason == "unclear":  # the strategy's notice says whose request it was
                    why = event.text or "at a request"
                else:
                    why = event.reason if event.text in ("", event.reason) else f"{event.reason}: {event.text}"
                filled = f", {event.filled:f} of it filled" if event.filled else ""
                self._say(self._level, event.order_id, event.exchange_id, f"cancelled ({why}){filled}")
            case Amended():
                words = f"changed to {event.volume:f} at {event.price:f}"
                self._say(logging.DEBUG, event.order_id, event.exchange_id, words)
            case Rejected():
                self._say(logging.DEBUG, event.order_id, "", f"refused ({event.reason}): {event.text}")
            case Deferred():
                self._say(logging.DEBUG, event.order_id, "", f"waits ({event.reason}): {event.text}")
        if isinstance(event, Filled | Canceled | Rejected):
            self._places.pop(event.order_id, None)
            self._announced.discard(event.order_id)

    def _remember(self, place: Place) -> None:
        self._places[place.order_id] = place
        if len(self._places) > _KEPT:
            oldest = next(iter(self._places))
            del self._places[oldest]
            self._announced.discard(oldest)

    def _say(self, level: int, order_id: ClientOrderId, exchange_id: str, words: str) -> None:
        if not logger.isEnabledFor(level):
            return
        place = self._places.get(order_id)
        what = f"{place.symbol}: {place.side} {place.volume:f} at {place.price:f} " if place else ""
        fields = about(
            order_id=order_id,
            exchange_id=exchange_id,
            pair=place.symbol if place else "",
            cause=place.cause if place else "",
        )
        logger.log(level, "%s%s (order %s)", what, words, order_id, extra=fields)
