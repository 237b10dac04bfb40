"""Closed orders that the stream did not report: from before this program ran, and from a lost connection.

They are read once for all strategies. What a page shows as closed is a fact; what none shows is not: REST lags behind.
"""

import math
from collections.abc import Callable
from typing import Literal

import trio

from adapters.exchanges.kraken.limits.budget import REST_HISTORY
from adapters.exchanges.kraken.limits.turns import Urgency
from adapters.exchanges.kraken.transport.rest_client import PrivateRest
from adapters.exchanges.kraken.transport.server_clock import SECOND, ServerClock
from adapters.exchanges.kraken.wire.names import PairTable
from adapters.exchanges.kraken.wire.rest_results import ClosedOrders, Order, order_facts
from messages.account import History, OrderFacts
from messages.ids import VenueOrderId, userref_of

LOOK_BACK = 30 * 24 * 3600 * SECOND
"""Without a journal, in nanoseconds: each 50 closed orders cost a request."""
_OVERLAP = 60 * SECOND
_SILENCE = 120 * SECOND
"""Nanoseconds before its end during which a connection may have been dead."""

Tell = Callable[[int, int], None]
"""How many closed orders of how many have been read."""

Reach = Literal["deep", "recent"]


class _Walk:
    """From the newest closure back to `start`, page after page; goes on after a lost connection where it was."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.begun = trio.current_time()
        """When its first page was asked for, in seconds of trio's clock."""
        self._received = 0
        self._found: dict[VenueOrderId, Order] = {}

    async def read(self, rest: PrivateRest, urgency: Urgency, tell: Tell) -> dict[VenueOrderId, Order]:
        """All of them. New closures shift the pages, so that some orders are shown twice."""
        while True:
            answer = await rest.read(
                "ClosedOrders",
                ClosedOrders,
                REST_HISTORY,
                urgency=urgency,
                patient=True,
                start=str(self.start // SECOND),
                closetime="close",
                ofs=self._received,
            )
            self._found |= answer.closed
            self._received += len(answer.rows)
            if not answer.rows or (answer.count is not None and self._received >= answer.count):
                return self._found
            tell(self._received, answer.count or 0)


class Closures:
    """Closed orders of one account as far as they are known; outlives its sessions."""

    def __init__(self, rest: PrivateRest, names: PairTable, clock: ServerClock) -> None:
        self._rest = rest
        self._names = names
        self._clock = clock
        self._known: History | None = None
        self._fresh_at = -math.inf
        """Up to when, in seconds of trio's clock, the newest closures are read."""
        self._left_at = 0
        """Until when, in nanoseconds UTC, sessions have reported everything."""
        self._deep: _Walk | None = None
        self._turns: dict[Reach, trio.Lock] = {"deep": trio.Lock(), "recent": trio.Lock()}

    async def since(self, time: int, tell: Tell) -> History:
        """Orders with our mark that were closed since `time` (nanoseconds UTC), 0: since `LOOK_BACK` ago.

        Asked once: what was closed later than that, the journal of this run knows. The look far back gives way to all
        other questions. Raises `ExchangeUnavailable` and `BotStateError`.
        """
        start = time - _OVERLAP if time else self._clock.now() - LOOK_BACK
        async with self._turns["recent" if time else "deep"]:
            # The server's clock may have stepped back.
            if self._known is not None and start + (0 if time else _OVERLAP) >= self._known.since:
                return self._known
            walk = _Walk(start) if time else self._look_back(start)
            urgency = Urgency.FATE if time else Urgency.BACKGROUND
            history = self._take(walk, await walk.read(self._rest, urgency, tell))
            self._deep = self._deep if time else None
            return history

    async def shown(self, begun: float) -> History | None:
        """What was closed before a session that began then, as far as it matters; None before anybody asked `since`.

        `begun` is in seconds of trio's clock: the server's is corrected now and then, and may step back.

        Raises like `since`.
        """
        async with self._turns["recent"]:
            if self._known is not None and self._fresh_at < begun:
                start = max(self._left_at - _SILENCE, self._known.since)
                walk = _Walk(start)
                self._take(walk, await walk.read(self._rest, Urgency.FATE, _tell_nobody))
            return self._known

    def left(self, time: int) -> None:
        """A session has ended that reported everything until then, in nanoseconds UTC."""
        self._left_at = time

    def _look_back(self, start: int) -> _Walk:
        self._deep = self._deep or _Walk(start)
        return self._deep

    def _take(self, walk: _Walk, found: dict[VenueOrderId, Order]) -> History:
        news = {
            exchange_id: order_facts(exchange_id, order, self._names, frozenset())
            for exchange_id, order in found.items()
            if userref_of(order.cl_ord_id or "") is not None
        }
        known = self._known or History(walk.start, ())
        merged: dict[VenueOrderId, OrderFacts] = {facts.exchange_id: facts for facts in known.orders} | news
        self._known = History(min(known.since, walk.start), tuple(merged.values()))
        self._fresh_at = max(self._fresh_at, walk.begun)
        return self._known


def _tell_nobody(read: int, of: int) -> None:
    del read, of
