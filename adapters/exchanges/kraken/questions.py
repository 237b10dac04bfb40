"""Cancels by client id that asked for the fate of an order.

A cancel has no deadline: one that was never answered may reach the engine after another session has sent the order
anew, and close it. Nobody wanted that, so the order is due again; Kraken calls it "User requested" all the same. Pure.
"""

from collections.abc import Callable

from msgspec import Struct

from adapters.exchanges.kraken.clock import SECOND
from messages.orders import CloseReason

LATE = 60 * SECOND
"""So long after it was sent a cancel may still take effect, in nanoseconds."""
_CLOCK_MARGIN = SECOND // 2
"""How far our idea of the server's time may be ahead of it: answers state it to the microsecond and come late."""


class _Asked(Struct):
    first: int
    last: int


class Questions:
    """Of one account; outlives its sessions."""

    def __init__(self, now: Callable[[], int]) -> None:
        """`now` is the server's clock in nanoseconds UTC."""
        self._now = now
        self._asked: dict[str, _Asked] = {}

    def ask(self, order_id: str) -> bool:
        """A cancel that is a question is about to be sent; whether an earlier one has not been answered."""
        now = self._now()
        before = self._asked.get(order_id)
        self._asked[order_id] = _Asked(before.first if before else now, now)
        return before is not None

    def over(self, order_id: str) -> None:
        """It found nothing, or the order has ended: no cancel of it is on its way."""
        self._asked.pop(order_id, None)

    def reason(self, order_id: str, told: CloseReason, time: int) -> CloseReason:
        """Why an order ended at `time`: what looks like its owner's wish may have been a question."""
        asked = self._asked.get(order_id)
        if told != "by hand" or asked is None:
            return told
        return "post-only" if asked.first - _CLOCK_MARGIN <= time <= asked.last + LATE else told
