"""Probe cancels: cancels by client id that ask whether an order exists.

A cancel carries no deadline: an unanswered probe may reach the engine after a later session has resubmitted the order,
and close it. Kraken reports that as "User requested"; it is recognised here, and the order is resubmitted. Pure.
"""

from collections.abc import Callable

from msgspec import Struct

from adapters.exchanges.kraken.transport.server_clock import SECOND
from messages.ids import ClientOrderId, Nanos
from messages.orders import CloseReason

LATE = 60 * SECOND
"""Nanoseconds after sending within which a cancel may still take effect."""
_CLOCK_MARGIN = SECOND // 2
"""How far our idea of the server's time may be ahead of it: answers state it to the microsecond and come late."""


class _Asked(Struct):
    """Probe cancels of one order, sent so close together that any of them may have closed it."""

    first: Nanos
    last: Nanos

    def may_have_closed_at(self, time: Nanos) -> bool:
        return self.first - _CLOCK_MARGIN <= time <= self.last + LATE


class Questions:
    """Probe cancels sent for one account; outlives its sessions."""

    def __init__(self, now: Callable[[], Nanos]) -> None:
        """`now` is the server's clock in nanoseconds UTC."""
        self._now = now
        self._born = now()
        self._asked: dict[ClientOrderId, list[_Asked]] = {}

    def ask(self, order_id: ClientOrderId) -> bool:
        """A cancel that is a question is about to be sent; whether an earlier one has not been answered."""
        now, before = self._now(), self._asked.get(order_id)
        if before and now <= before[-1].last + LATE:
            before[-1].last = now
        else:
            self._asked.setdefault(order_id, []).append(_Asked(now, now))
        return before is not None

    def over(self, order_id: ClientOrderId) -> None:
        """It found nothing, or the order has ended: no cancel of it is on its way."""
        self._asked.pop(order_id, None)

    def reason(self, order_id: ClientOrderId, told: CloseReason, time: Nanos) -> CloseReason:
        """Why an order ended at `time`: what looks like its owner's wish may have been a question.

        Whether an earlier run of the program sent one is not known.
        """
        if told != "by hand":
            return told
        if any(asked.may_have_closed_at(time) for asked in self._asked.get(order_id, [])):
            return "post-only"
        return "unclear" if time <= self._born + LATE else "by hand"
