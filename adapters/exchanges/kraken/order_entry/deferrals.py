"""Reports what is put off: once per order and reason, and in one log line for all that wait for the same."""

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import trio

from adapters.exchanges.kraken.limits.budget import TradingBudget
from adapters.exchanges.kraken.limits.holds import Holds, RequestHold, scopes_of
from adapters.exchanges.kraken.limits.request_queue import Ages, Batch, RequestQueue
from adapters.exchanges.kraken.transport.server_clock import SECOND
from adapters.exchanges.kraken.wire.error_texts import throttled_until
from messages.about import about
from messages.counted import counted
from messages.ids import ClientOrderId, Nanos
from messages.orders import DeferReason, Deferred

logger = logging.getLogger("infinity_grid.kraken")

MOMENT = "; asked again at "
MOMENT_SECONDS = 120.0
"""Seconds of a wait beyond which its end is stated with it."""
TELL_SECONDS = 1.0
"""Seconds of a wait for our own budget below which it is not reported."""

KEPT = "buys of {symbol} go after the sells: it is not known yet whether sells of filled buys need the room first"


class Deferrals:
    """Deferred orders of one session and the notices about them."""

    def __init__(
        self, holds: Holds, budget: TradingBudget, post: Callable[[Deferred], None], now: Callable[[], Nanos]
    ) -> None:
        """`now` is the server's clock in nanoseconds UTC."""
        self._holds = holds
        self._budget = budget
        self._post = post
        self._now = now
        self._told: dict[ClientOrderId, tuple[DeferReason, str]] = {}
        """By client id: the reason, and the end of the wait that was stated with it."""

    def held(self, batch: Batch) -> float:
        """Seconds until Kraken is asked again for what this request asks for."""
        now = trio.current_time()
        hold = self._holds.find(scopes_of(batch), now)
        return hold.until - now if hold else 0.0

    def tell_waiting(
        self,
        outbox: RequestQueue,
        ages: Ages,
        closed: Callable[[Batch], str],
        kept_back: Callable[[Batch, float], float],
    ) -> None:
        """All that cannot leave now; `closed` says why the exchange as a whole does not take it.

        `kept_back`: seconds from now on for which the room of the pair is kept for sells.
        """
        groups: dict[tuple[str, DeferReason, str], list[ClientOrderId]] = {}
        for batch in outbox.waiting():
            why = self._why(outbox, batch, ages, closed(batch))
            if why is None and kept_back(batch, trio.current_time()) >= TELL_SECONDS:
                why = "no room", KEPT.format(symbol=batch.symbol)
            if why is not None:
                groups.setdefault((batch.symbol, *why), []).extend(batch.ids)
        for (symbol, reason, text), ids in groups.items():
            self.tell(symbol, ids, reason, text)

    def tell(self, symbol: str, ids: Iterable[ClientOrderId], reason: DeferReason, text: str) -> None:
        """These orders, or their cancels, wait for this."""
        key = reason, text.partition(MOMENT)[2]
        news = [order_id for order_id in ids if self._told.get(order_id) != key]
        for order_id in news:
            self._told[order_id] = key
            self._post(Deferred(order_id=order_id, reason=reason, text=text, time=self._now()))
        if news:
            fields = about(order_id=" ".join(news), pair=symbol, cause=reason)
            logger.warning(
                "waiting: %s for %s (%s): %s", counted(len(news), "request"), symbol, reason, text, extra=fields
            )

    def _moment(self, hold: RequestHold, now: float) -> str:
        """When a long wait ends; shorter ones go on in growing pauses."""
        lasts = hold.reason == "locked out" or throttled_until(hold.text) is not None
        if not lasts or hold.pause < MOMENT_SECONDS or hold.asking:
            return ""
        at = datetime.fromtimestamp((self._now() + round((hold.until - now) * SECOND)) // SECOND, UTC)
        return f"{MOMENT}{at:%H:%M:%S} UTC"

    def over(self, order_id: ClientOrderId) -> None:
        """The order or its cancel was taken, refused or withdrawn."""
        self._told.pop(order_id, None)

    def _why(self, outbox: RequestQueue, batch: Batch, ages: Ages, closed: str) -> tuple[DeferReason, str] | None:
        now = trio.current_time()
        if closed:
            return "market mode", closed
        if hold := self._holds.find(scopes_of(batch), now):
            return hold.reason, f"{hold.text}{self._moment(hold, now)}"
        wait = self._budget.counter(batch.symbol).wait(batch.cost(ages), now, outbox.share(batch, now))
        if wait >= TELL_SECONDS and outbox.is_heavy(batch, now):
            return "rate limit", f"this strategy has used its part of the requests for {batch.symbol}; others go first"
        if wait >= TELL_SECONDS:
            return "rate limit", f"as many requests for {batch.symbol} as Kraken takes were sent, the next ones follow"
        return None
