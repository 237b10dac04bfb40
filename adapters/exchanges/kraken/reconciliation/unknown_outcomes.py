"""Orders whose outcome is unknown: requests without an answer.

An order carries a deadline in server time, after which the engine refuses it. On a stream that was live and
gapless until then, an order that it did not show did not arrive, and the engine confirms that by not knowing its
client id. Where the stream began later, history is asked twice, since REST lags behind; all strategies that wait for
that are answered in one go. An order that was taken, never
rested and was not executed (post-only) may look as if it had not arrived: it is sent again, and nothing is doubled.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

import trio
from msgspec.structs import replace

from adapters.exchanges.kraken.account.stream import AccountStream
from adapters.exchanges.kraken.limits.budget import REST_HISTORY
from adapters.exchanges.kraken.limits.turns import Urgency
from adapters.exchanges.kraken.transport.rest_client import PrivateRest
from adapters.exchanges.kraken.transport.server_clock import SECOND
from adapters.exchanges.kraken.wire.names import PairTable
from adapters.exchanges.kraken.wire.rest_results import ClosedOrders, OpenOrders, Order, order_facts
from adapters.exchanges.kraken.wire.values import nanoseconds_of_unix
from messages.about import about
from messages.account import History, OrderFacts
from messages.ids import NO_CLIENT_ID, ClientOrderId, Nanos, VenueOrderId
from trading.ports import ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

DEADLINE_SECONDS = 3.0
"""How long the engine may take an order that was sent."""
MARGIN_SECONDS = 2.0
"""Seconds after the deadline, for clocks and for the stream to catch up."""
PAUSE_SECONDS = 5.0
"""Between two looks into history."""
LAG_SECONDS = 90.0
"""REST is up to a minute behind the stream."""
_BULK = 3
"""With more missing orders than this, one look at the newest closures comes first."""
_PAGE = 50
"""Closures that Kraken returns at once, the newest first."""
_CLOCK_MARGIN = 5 * SECOND
"""Nanoseconds by which our idea of the server's clock may be wrong."""

Fate = Literal["arrived", "canceled", "never"]

CancelById = Callable[[ClientOrderId], Awaitable[bool | None]]
"""Ask the engine to cancel by client id: True done, False unknown to it, None without an answer."""


async def fate_of(order_id: ClientOrderId, stream: AccountStream, cancel: CancelById) -> Fate:
    """What became of an order whose deadline and margin have passed on this stream.

    Raises `ExchangeUnavailable` when that cannot be known.
    """
    if stream.find(order_id) is not None:
        return "arrived"
    # An earlier question, perhaps of a session that is over, may still be on its way: a cancel has no deadline.
    asked_before = stream.orders.questions.ask(order_id)
    stream.orders.in_question.add(order_id)
    canceled = await cancel(order_id)
    if canceled is None:
        raise ExchangeUnavailable(f"the outcome of order {order_id} is unknown: no answer to its cancel")
    stream.orders.in_question.discard(order_id)
    if canceled is False and not asked_before:
        stream.orders.questions.over(order_id)
    if stream.find(order_id) is None:
        return "canceled" if canceled else "never"
    if not canceled:
        stream.confirmed(order_id)
    return "arrived"


class _Round:
    """Client ids that history does not show, of however many askers, and what became of them."""

    def __init__(self) -> None:
        self.order_ids: dict[ClientOrderId, None] = {}
        self.found: dict[ClientOrderId, OrderFacts] = {}
        self.failure = ""
        self.over = trio.Event()


class Lookup:
    """Closed orders by client id."""

    def __init__(self, rest: PrivateRest, names: PairTable) -> None:
        self._rest = rest
        self._names = names
        self._round: _Round | None = None

    async def lookup(
        self,
        order_ids: Sequence[ClientOrderId],
        stream: AccountStream,
        quiet_at: float,
        cancel: CancelById,
        sent: Mapping[ClientOrderId, Nanos],
        shown: History | None = None,
    ) -> dict[ClientOrderId, OrderFacts]:
        """Orders that the stream has not shown. Ids that are left out never arrived and will not arrive.

        `quiet_at` is when the deadline of everything that was sent before the stream began has passed, in
        seconds of trio's clock; `sent` are the times before which orders cannot have come into being, as far as that is
        known; `shown` is what this session has read of history. Raises `ExchangeUnavailable` when an id's fate cannot
        be told.
        """
        found = await self._closed(order_ids, sent) if shown is None else _told(shown, order_ids, sent)
        if missing := [order_id for order_id in order_ids if order_id not in found]:
            decided = await self._in_one_go(missing, stream, quiet_at, cancel, sent)
            found |= {order_id: decided[order_id] for order_id in missing if order_id in decided}
        if any(facts.status == "canceled" for facts in found.values()):
            # An earlier run may have sent it once more since: that one arrives by then, and the stream shows it.
            await trio.sleep_until(quiet_at)
        return _as_asked(found, stream)

    async def _in_one_go(
        self,
        order_ids: Sequence[ClientOrderId],
        stream: AccountStream,
        quiet_at: float,
        cancel: CancelById,
        sent: Mapping[ClientOrderId, Nanos],
    ) -> dict[ClientOrderId, OrderFacts]:
        """The first asker asks for all that come while the deadline passes."""
        joined = self._round or _Round()
        joined.order_ids |= dict.fromkeys(order_ids)
        if self._round is not None:
            await joined.over.wait()
            if joined.failure:
                raise ExchangeUnavailable(joined.failure)
            return joined.found
        self._round, joined.failure = joined, "the look-up of orders was given up"
        try:
            await trio.sleep_until(max(quiet_at, trio.current_time() + PAUSE_SECONDS))
            self._round = None
            joined.found = await self._decided(list(joined.order_ids), stream, cancel, sent)
            joined.failure = ""
        except ExchangeUnavailable as error:
            joined.failure = str(error)
            raise
        finally:
            self._round = None if self._round is joined else self._round
            joined.over.set()
        return joined.found

    async def _decided(
        self,
        missing: Sequence[ClientOrderId],
        stream: AccountStream,
        cancel: CancelById,
        sent: Mapping[ClientOrderId, Nanos],
    ) -> dict[ClientOrderId, OrderFacts]:
        """The engine's word, then the second look. The deadline of all of them has passed."""
        for order_id in missing:
            if await fate_of(order_id, stream, cancel) == "canceled":
                raise ExchangeUnavailable(f"order {order_id} was open although the stream did not show it")
        unseen = [order_id for order_id in missing if stream.find(order_id) is None]
        if unseen:
            # Before the closures are asked for: what is open in a view of the past is not among its closures.
            await self._wait_for_the_present(stream)
        found = await self._closed(unseen, sent)
        for order_id in unseen:
            if order_id not in found and order_id in stream.orders.recently_filled:
                raise ExchangeUnavailable(f"order {order_id} was filled, but history does not show it yet")
        return found

    async def _wait_for_the_present(self, stream: AccountStream) -> None:
        """Return once REST knows what the stream has shown of our orders. Raises `ExchangeUnavailable`."""
        behind: set[VenueOrderId] = set()
        with trio.move_on_after(LAG_SECONDS):
            while behind := await self._differences(stream):
                await trio.sleep(PAUSE_SECONDS)
                stream.feed.check()
            return
        raise ExchangeUnavailable(f"REST lags behind, by order {min(behind)}: what never arrived is not known yet")

    async def _differences(self, stream: AccountStream) -> set[VenueOrderId]:
        answer = await self._rest.read("OpenOrders", OpenOrders)
        own = stream.orders.own
        ours = {
            key for key, order in answer.open.items() if own.claims(order.cl_ord_id or NO_CLIENT_ID, order.descr.pair)
        }
        orders = [order for order in stream.orders.open_orders() if own.claims(order.order_id, order.symbol)]
        shown = {order.exchange_id for order in orders}
        return (ours - shown) | (shown - answer.rows.keys())

    async def _closed(
        self, order_ids: Sequence[ClientOrderId], sent: Mapping[ClientOrderId, Nanos]
    ) -> dict[ClientOrderId, OrderFacts]:
        """The newest closures cover orders that are no older; each other one costs a request of its own."""
        found: dict[ClientOrderId, OrderFacts] = {}
        covered_since: float = math.inf
        if len(order_ids) > _BULK or any(order_id in sent for order_id in order_ids):
            page = await self._ask()
            found = self._facts(page.closed, frozenset(order_ids))
            covered_since = _covered_since(page)
        for order_id in order_ids:
            if order_id not in found and sent.get(order_id, -math.inf) < covered_since:
                found |= self._facts(await self._of_id(order_id), frozenset({order_id}))
        return found

    async def _of_id(self, order_id: ClientOrderId) -> dict[VenueOrderId, Order]:
        """Raises `ExchangeUnavailable` for an answer that would prove an absence that is none."""
        page = await self._ask(cl_ord_id=order_id)
        orders = page.closed
        if page.hides_some:
            raise ExchangeUnavailable(f"the closed orders of {order_id} cannot be read")
        if strange := [exchange_id for exchange_id, order in orders.items() if order.cl_ord_id != order_id]:
            raise ExchangeUnavailable(f"asked for the closed orders of {order_id}, Kraken returned {strange[0]}")
        return orders

    async def _ask(self, **search: object) -> ClosedOrders:
        return await self._rest.read(
            "ClosedOrders",
            ClosedOrders,
            REST_HISTORY,
            urgency=Urgency.USUAL,
            patient=True,
            without_count=True,
            **search,
        )

    def _facts(
        self, orders: dict[VenueOrderId, Order], wanted: frozenset[ClientOrderId]
    ) -> dict[ClientOrderId, OrderFacts]:
        """By client id; of several orders with one id the one that was executed, else the newest."""
        found: dict[ClientOrderId, OrderFacts] = {}
        for exchange_id, order in orders.items():
            if order.cl_ord_id not in wanted:
                continue
            facts = order_facts(exchange_id, order, self._names, frozenset())
            other = found.get(facts.order_id)
            if other is not None:
                fields = about(order_id=facts.order_id, exchange_id=exchange_id, pair=facts.symbol)
                text = "two orders have the client id %s: %s, %s"
                logger.error(text, facts.order_id, exchange_id, other.exchange_id, extra=fields)
            if other is None or (facts.filled, facts.time) > (other.filled, other.time):
                found[facts.order_id] = facts
        return found


def _told(
    shown: History, order_ids: Sequence[ClientOrderId], sent: Mapping[ClientOrderId, Nanos]
) -> dict[ClientOrderId, OrderFacts]:
    """Those that history shows as closed; of several with one id the executed one, else the newest.

    What ended before the order of this run was sent is an earlier one of its name.
    """
    wanted = frozenset(order_ids)
    found: dict[ClientOrderId, OrderFacts] = {}
    for facts in sorted(shown.orders, key=lambda facts: (facts.filled, facts.time)):
        if facts.order_id in wanted and facts.time >= sent.get(facts.order_id, 0) - _CLOCK_MARGIN:
            found[facts.order_id] = facts
    return found


def _as_asked(found: Mapping[ClientOrderId, OrderFacts], stream: AccountStream) -> dict[ClientOrderId, OrderFacts]:
    """Mark closures by our own probe cancels: they do not count as the account owner's."""
    reason = stream.orders.questions.reason
    return {key: replace(facts, reason=reason(key, facts.reason, facts.time)) for key, facts in found.items()}


def _covered_since(page: ClosedOrders) -> float:
    """Nanoseconds UTC after which every closure is on this page; rows that cannot be read count as rows too."""
    if page.hides_some:
        return math.inf
    if len(page.rows) < _PAGE:
        return -math.inf
    closures = [nanoseconds_of_unix(order.closetm) for order in page.closed.values()]
    return float(min(closures)) + _CLOCK_MARGIN if closures else math.inf
