"""The place that a filled buy leaves among the open orders of its pair is its sell's: new buys wait for that. Pure.

Many strategies of one pair reach Kraken's limit together. After a fall, or a start with fills, new buys of the first
ones would take the room of the others' sells, and nothing would give it back.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from adapters.exchanges.kraken.budget import TradingBudget
from adapters.exchanges.kraken.orders import AccountOrders
from adapters.exchanges.kraken.outbox import Batch, Outbox
from messages.orders import Place

KEPT_SECONDS = 5.0
"""A sell comes within milliseconds of its fill; not every fill asks for one."""


class Reserve:
    """Of one session. Seconds of trio's clock."""

    def __init__(
        self, outbox: Outbox, budget: TradingBudget, orders: Callable[[], AccountOrders], unanswered: Mapping[str, int]
    ) -> None:
        """`orders` are there once the session is open; `unanswered`: how many of each pair have no answer yet."""
        self._outbox = outbox
        self._budget = budget
        self._orders = orders
        self._unanswered = unanswered
        self._seen: dict[str, int] = {}
        self._kept: dict[str, list[float]] = {}
        """Until when each place of a pair is kept, the oldest first."""

    def wait(self, batch: Batch, now: float) -> float:
        """Seconds for which ladder orders are kept back; none while the pair has room for them and for the sells."""
        if batch.urgency != "grid":
            return 0.0
        kept = self._look(batch.symbol, now)
        if not (kept or self._sells_that_wait(batch.symbol)) or not self._is_full(batch, now):
            return 0.0
        return kept[0] - now if kept else KEPT_SECONDS

    def split(self, batch: Batch, now: float) -> tuple[Batch, Batch | None]:
        """What leaves now of a request that leaves, and its ladder orders where there may be no room for them."""
        counters = tuple(order for order in batch.orders if _is_counter(order))
        grid = tuple(order for order in batch.orders if not _is_counter(order))
        if not counters:
            return batch, None
        self._look(batch.symbol, now)
        del self._kept[batch.symbol][: len(counters)]
        if not grid or batch.rest or not self._is_full(batch, now):
            return batch, None
        return replace(batch, orders=counters), Batch("grid", batch.symbol, orders=grid)

    def _is_full(self, batch: Batch, now: float) -> bool:
        """Whether there may be no room for these and for the sells to come."""
        symbol = batch.symbol
        kept = max(len(self._look(symbol, now)), self._sells_that_wait(symbol))
        used = self._orders().open_count(symbol) + self._unanswered.get(symbol, 0) + kept + len(batch.orders)
        return used > self._budget.tier.open_orders

    def _sells_that_wait(self, symbol: str) -> int:
        """For the rate limit, for instance."""
        waiting = (batch for batch in self._outbox.waiting() if batch.urgency == "counter" and batch.symbol == symbol)
        return sum(_is_counter(order) for batch in waiting for order in (*batch.orders, *batch.rest))

    def _look(self, symbol: str, now: float) -> list[float]:
        """The places that are kept now."""
        filled = self._orders().filled_buys.get(symbol, 0)
        new = filled - self._seen.get(symbol, 0)
        self._seen[symbol] = filled
        kept = [until for until in self._kept.get(symbol, []) if until > now] + [now + KEPT_SECONDS] * new
        self._kept[symbol] = kept
        return kept


def _is_counter(order: Place) -> bool:
    return order.kind == "counter"
