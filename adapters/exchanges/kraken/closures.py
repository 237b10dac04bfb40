"""Closed orders of the time before this program ran: what a lost part of the journal may have known."""

from adapters.exchanges.kraken.budget import REST_HISTORY
from adapters.exchanges.kraken.clock import SECOND, ServerClock
from adapters.exchanges.kraken.names import PairTable
from adapters.exchanges.kraken.rest import PrivateRest
from adapters.exchanges.kraken.wire.rest import ClosedOrders, Order, order_facts
from messages.account import History, OrderFacts
from messages.ids import userref_of

LOOK_BACK = 30 * 24 * 3600 * SECOND
"""Without a journal, in nanoseconds: each 50 closed orders cost a request."""
_OVERLAP = 60 * SECOND


class Closures:
    """Asks once: what was closed later than that, the journal of this run knows."""

    def __init__(self, rest: PrivateRest, names: PairTable, clock: ServerClock) -> None:
        self._rest = rest
        self._names = names
        self._clock = clock
        self._known: History | None = None

    async def since(self, time: int) -> History:
        """Orders with our mark that were closed since `time` (nanoseconds UTC), 0: since `LOOK_BACK` ago.

        Raises `ExchangeUnavailable` and `BotStateError`.
        """
        start = time - _OVERLAP if time else self._clock.now() - LOOK_BACK
        if self._known is None or start < self._known.since:
            self._known = History(start, await self._read(start))
        return self._known

    async def _read(self, start: int) -> tuple[OrderFacts, ...]:
        """Page after page, newest first. New closures shift the pages, so that some orders are shown twice."""
        found: dict[str, Order] = {}
        received = 0
        while True:
            answer = await self._rest.read(
                "ClosedOrders",
                ClosedOrders,
                REST_HISTORY,
                start=str(start // SECOND),
                closetime="close",
                ofs=received,
            )
            found |= answer.closed
            received += len(answer.closed)
            if not answer.closed or (answer.count is not None and received >= answer.count):
                break
        return tuple(
            order_facts(exchange_id, order, self._names, frozenset())
            for exchange_id, order in found.items()
            if userref_of(order.cl_ord_id or "") is not None
        )
