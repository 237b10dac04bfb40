"""Cancels by client id that asked for the fate of an order.

A cancel has no deadline: one that was never answered may reach the engine after another session has sent the order
anew, and close it. Nobody wanted that, so the order is due again; Kraken calls it "User requested" all the same. Pure.
"""

from collections.abc import Callable

from msgspec import Struct

from adapters.exchanges.kraken.transport.clock import SECOND
from messages.orders import CloseReason

LATE = 60 * SECOND
"""So long after it was sent a cancel may still take effect, in nanoseconds."""
_CLOCK_MARGIN = SECOND // 2
"""How far our idea of the server's time may be ahead of it: answers state it to the microsecond and come late."""


class _Asked(Struct):
    """Questions about one order, each so soon after the one before that either could be meant."""

    first: int
    last: int

    def may_have_closed_at(self, time: int) -> bool:
        return self.first - _CLOCK_MARGIN <= time <= self.last + LATE


class Questions:
    """Probe cancels sent for one account; outlives its sessions."""

    def __init__(self, now: Callable[[], int]) -> None:
        """`now` is the server's clock in nanoseconds UTC."""
        self._now = now
        self._born = now()
        self._asked: dict[str, list[_Asked]] = {}

    def ask(self, order_id: str) -> bool:
        """A cancel that is a question is about to be sent; whether an earlier one has not been answered."""
        now, before = self._now(), self._asked.get(order_id)
        if before and now <= before[-1].last + LATE:
            before[-1].last = now
        else:
            self._asked.setdefault(order_id, []).append(_Asked(now, now))
        return before is not None

    def over(self, order_id: str) -> None:
        """It found nothing, or the order has ended: no cancel of it is on its way."""
        self._asked.pop(order_id, None)

    def reason(self, order_id: str, told: CloseReason, time: int) -> CloseReason:
        """Why an order ended at `time`: what looks like its owner's wish may have been a question.

        Whether an earlier run of the program asked one, nobody knows.
        """
        if told != "by hand":
            return told
        if any(asked.may_have_closed_at(time) for asked in self._asked.get(order_id, [])):
            return "post-only"
        return "unclear" if time <= self._born + LATE else "by hand"
