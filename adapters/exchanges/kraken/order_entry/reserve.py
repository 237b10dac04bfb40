"""The place that a filled buy leaves among the open orders of its pair is its sell's: new buys wait for that. Pure.

Many strategies of one pair reach Kraken's limit together. After a fall, or a start with fills, new buys of the first
ones would take the room of the others' sells, and nothing would give it back.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from adapters.exchanges.kraken.account.order_view import AccountOrders
from adapters.exchanges.kraken.limits.budget import TradingBudget
from adapters.exchanges.kraken.limits.request_queue import Batch, RequestQueue
from adapters.exchanges.kraken.limits.room import Room
from messages.orders import Place

KEPT_SECONDS = 15.0
"""A sell comes within milliseconds of its fill, within seconds where many are filled; not every fill asks for one."""
LOOK_SECONDS = 5.0
"""Until it is looked again whether a place came free."""
ATTACH_SECONDS = 1.0
"""After the first new buy of a session: by then all strategies that share its pair have asked what they missed."""
START_SECONDS = 10.0
"""Seconds after a session's start for which new buys wait for what the start finds, whatever limit is known."""


class Reserve:
    """Order slots that one session keeps free for counter-sells. Seconds of trio's clock."""

    def __init__(
        self,
        outbox: RequestQueue,
        budget: TradingBudget,
        room: Room,
        orders: Callable[[], AccountOrders],
        unanswered: Mapping[str, int],
    ) -> None:
        """`orders` are there once the session is open; `unanswered`: how many of each pair have no answer yet."""
        self._outbox = outbox
        self._budget = budget
        self._room = room
        self._orders = orders
        self._unanswered = unanswered
        self._begun: float | None = None
        self._seen: dict[str, int] = {}
        self._kept: dict[str, list[float]] = {}
        """Until when each place of a pair is kept, the soonest first."""

    def wait(self, batch: Batch, now: float) -> float:
        """Seconds for which ladder orders are kept back; none while the pair has room for them and for the sells.

        None, too, where the pair has no room at all: then they are refused.
        """
        if batch.urgency != "grid":
            return 0.0
        self._begin(now)
        kept, symbol = self._look(batch.symbol, now), batch.symbol
        if not self._left(symbol, now) or (self._fitting(symbol, now) and not self._is_starting(symbol, now)):
            return 0.0
        attached = self._begin(now) + ATTACH_SECONDS
        soonest = attached - now if now < attached else LOOK_SECONDS
        return min(kept[0] - now if kept else soonest, soonest)

    def split(self, batch: Batch, now: float) -> tuple[Batch, list[Batch]]:
        """What leaves now of a request that leaves, and what comes after it because there may be no room for all."""
        counters = tuple(order for order in batch.orders if _is_counter(order))
        grid = tuple(order for order in batch.orders if not _is_counter(order))
        symbol = batch.symbol
        self._look(symbol, now)
        if batch.rest or not batch.orders:
            return batch, []
        if not counters:
            return _parted(batch, max(self._fitting(symbol, now), 1))
        starting = self._is_starting(symbol, now)
        del self._kept[symbol][: len(counters)]
        for order in counters:
            self._room.settle(symbol, order.order_id)
        beside = min(self._fitting(symbol, now), self._by_level(symbol) - self._owed(symbol, now)) - len(counters)
        if grid and len(grid) <= beside and not starting:
            return batch, []
        sent, later = _parted(replace(batch, orders=counters), self._left(symbol, now))
        # The ladder orders keep their place: what the same decision asks for behind them lies farther from the market.
        return sent, [*later, Batch("grid", symbol, orders=grid, number=batch.number)] if grid else later

    def _is_starting(self, symbol: str, now: float) -> bool:
        """Whether missed fills are still being found and answered: how many orders fit is not known yet."""
        begun, orders = self._begin(now), self._orders()
        if now < begun + ATTACH_SECONDS and orders.open_count(symbol) and orders.own.is_shared(symbol):
            return True
        found = orders.in_doubt.get(symbol, 0) or (orders.found_buys.get(symbol, 0) and self._kept.get(symbol))
        return bool(found) and now < begun + START_SECONDS

    def _begin(self, now: float) -> float:
        """When the first new buy of the session wanted to leave."""
        self._begun = now if self._begun is None else self._begun
        return self._begun

    def _fitting(self, symbol: str, now: float) -> int:
        """How many ladder orders fit beside the sells to come."""
        return max(self._free(symbol, now) - self._owed(symbol, now), 0)

    def _left(self, symbol: str, now: float) -> int:
        """Order slots left, as far as refusals have shown the limit."""
        return self._room.left(symbol, self._orders().ended, now)

    def _free(self, symbol: str, now: float) -> int:
        """Order slots left for this pair; while sells are due, also by the limit of the account's level."""
        free = self._left(symbol, now)
        return min(free, self._by_level(symbol)) if self._owed(symbol, now) else free

    def _by_level(self, symbol: str) -> int:
        used = self._orders().open_count(symbol) + self._unanswered.get(symbol, 0)
        return max(self._budget.tier.open_orders - used, 0)

    def _owed(self, symbol: str, now: float) -> int:
        """Places that belong to sells: of fills, refused ones, and what may turn out to be filled."""
        coming = max(len(self._look(symbol, now)), self._sells_that_wait(symbol))
        return coming + self._room.owed(symbol, now) + self._orders().in_doubt.get(symbol, 0)

    def _sells_that_wait(self, symbol: str) -> int:
        """For the rate limit, for instance."""
        waiting = (batch for batch in self._outbox.waiting() if batch.urgency == "counter" and batch.symbol == symbol)
        return sum(_is_counter(order) for batch in waiting for order in (*batch.orders, *batch.rest))

    def _look(self, symbol: str, now: float) -> list[float]:
        """The places that are kept now."""
        orders = self._orders()
        kept = [until for until in self._kept.get(symbol, []) if until > now]
        filled = orders.filled_buys.get(symbol, 0) + orders.found_buys.get(symbol, 0)
        self._kept[symbol] = kept + [now + KEPT_SECONDS] * (filled - self._seen.get(symbol, 0))
        self._seen[symbol] = filled
        return self._kept[symbol]


def _parted(batch: Batch, fitting: int) -> tuple[Batch, list[Batch]]:
    """As many as fit, and the others, which keep their place in the outbox."""
    if len(batch.orders) <= fitting:
        return batch, []
    return replace(batch, orders=batch.orders[:fitting]), [replace(batch, orders=batch.orders[fitting:])]


def _is_counter(order: Place) -> bool:
    return order.kind == "counter"
