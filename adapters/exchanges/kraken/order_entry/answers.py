"""What an answer means for the orders of its request: placed, refused, or sent once more under the same ids."""

import logging
from collections.abc import Callable, Sequence
from typing import assert_never

import trio
from msgspec import Struct, field
from msgspec.structs import replace

from adapters.exchanges.kraken.account.stream import AccountStream
from adapters.exchanges.kraken.limits.budget import TradingBudget
from adapters.exchanges.kraken.limits.holds import Holds, scope_of, scopes_of
from adapters.exchanges.kraken.limits.request_queue import Batch, RequestQueue
from adapters.exchanges.kraken.limits.room import Room
from adapters.exchanges.kraken.order_entry.deferrals import Deferrals
from adapters.exchanges.kraken.transport.server_clock import SECOND, ServerClock
from adapters.exchanges.kraken.wire.error_texts import meaning_of, reject_reason
from adapters.exchanges.kraken.wire.private_socket import Placed
from adapters.exchanges.kraken.wire.values import WireError
from messages.about import about
from messages.counted import counted
from messages.ids import NO_VENUE_ID, ClientOrderId, Nanos
from messages.money import ZERO
from messages.orders import Canceled, Place, Rejected, RejectReason
from trading.ports import BotStateError

logger = logging.getLogger("infinity_grid.kraken")

KEY_SECONDS = 6 * 3600.0
"""Seconds of refusals after which a key that has worked will not work again by itself."""


class Pending(Struct):
    """A request without an answer yet."""

    batch: Batch
    deadline: int
    """Server time in nanoseconds."""
    sent_at: float
    number: int = 0
    """Number of the request (`req_id`) on its socket; 0 over REST."""
    answered: trio.Event = field(default_factory=trio.Event)
    error: str | None = None


class Limits(Struct, frozen=True):
    """What Kraken takes of one account; outlives its sessions."""

    budget: TradingBudget
    holds: Holds
    room: Room


class Answers:
    """What becomes of the orders that one session has sent."""

    def __init__(
        self,
        outbox: RequestQueue,
        limits: Limits,
        deferrals: Deferrals,
        stream: AccountStream,
        clock: ServerClock,
        wake: Callable[[], None],
    ) -> None:
        """`wake` is called when something new may leave."""
        self._outbox = outbox
        self._limits = limits
        self._deferrals = deferrals
        self._stream = stream
        self._clock = clock
        self._wake = wake
        self.socket_refuses = False
        """Whether REST has to take the requests."""
        self.in_flight: set[ClientOrderId] = set()
        """Orders that were sent and whose fate is not known."""
        self._cancel_later: set[ClientOrderId] = set()

    def cancel_later(self, order_id: ClientOrderId) -> None:
        """Cancel an order once its placing is answered: the engine may take requests in another order."""
        self._cancel_later.add(order_id)

    def withdraw(self, order_id: ClientOrderId) -> bool:
        """Take an order back that waits to be sent, or to be sent again; False when it does not."""
        if not self._outbox.withdraw(order_id):
            return False
        self.in_flight.discard(order_id)
        self._cancel_later.discard(order_id)
        self._deferrals.over(order_id)
        self._stream.feed.post(never_sent(order_id, self._clock.now()))
        return True

    def placed(self, pending: Pending, placed: Sequence[Placed], time: Nanos) -> None:
        """One answer per order, in their order; an unclear one leaves its order in flight."""
        orders = pending.batch.orders
        if len(placed) != len(orders):
            raise WireError(f"{counted(len(placed), 'answer')} to {counted(len(orders), 'order')}")
        if any(answer.order_id for answer in placed):
            self.taken(pending.batch)
        for order, answer in zip(orders, placed, strict=True):
            if answer.order_id:
                self._stream.acknowledged(order.order_id, answer.order_id, time)
                self.settled(order.order_id)
            else:
                self.refused(
                    Pending(replace(pending.batch, orders=(order,), rest=()), pending.deadline, pending.sent_at),
                    answer.error or "an answer without an id",
                    pending,
                )
        self.go_on(pending.batch)

    def refused(self, pending: Pending, error: str, whole: Pending | None = None) -> None:
        """A request, or one order of the request `whole`, failed."""
        batch = pending.batch
        meaning = meaning_of(error)
        match meaning:
            case "token" if (whole or pending).number:
                self._go_by_rest(pending, error)
            case "credentials" | "wait" | "nonce" | "lockout" | "token":
                self._put_off(batch, error, whole or pending)
            case "refused" | "forbidden" if batch.orders:
                self.taken(batch)
                self._refused_for_good(batch, error)
            case "refused" | "forbidden" if len(batch.cancels) == 1 and batch.symbol:
                self._put_off(batch, error, whole or pending)
            case "refused" | "forbidden" | "ambiguous" | "duplicate id" | "unknown order":
                (whole or pending).error = error
            case _:
                assert_never(meaning)

    def _go_by_rest(self, pending: Pending, error: str) -> None:
        """The socket's token is void; requests that left beside the first one that met it hold up nothing either."""
        if not self.socket_refuses:
            logger.warning("requests over the WebSocket are refused (%s); REST takes over", error)
        self.socket_refuses = True
        batch = pending.batch
        if batch.orders:
            self._limits.room.give_back(batch.symbol, len(batch.orders))
            self.again(batch)
        elif batch.symbol:
            self._put(batch)
        else:  # whoever cancels by id waits for the answer, and asks over REST
            pending.error = error

    def refuse_without_room(self, batch: Batch) -> None:
        """The account has as many orders of this pair as it may: nothing is sent."""
        text = f"EOrder:Orders limit exceeded: no room for another order of {batch.symbol} before one is closed"
        for order in (*batch.orders, *batch.rest):
            self._reject_without_room(order, text)

    def _reject_without_room(self, order: Place, text: str) -> None:
        """Where strategies share the pair, none of them takes its own limit from that."""
        if order.kind == "counter" and order.side == "sell":
            self._limits.room.owe(order.symbol, order.order_id, trio.current_time())
        shared = self._stream.orders.own.is_shared(order.symbol)
        self.reject(order, "no room" if shared else "order limit", text)

    def go_on(self, batch: Batch) -> None:
        """These orders are answered; now those that were refused together with them."""
        if batch.rest:
            self.again(replace(batch, orders=batch.rest, rest=()))

    def again(self, batch: Batch) -> None:
        """These orders did not come into being: send them once more, under the same ids."""
        for order in batch.orders:
            self._stream.orders.not_placed(order.order_id)
            self.in_flight.discard(order.order_id)
        self._outbox.put(batch)
        self._withdraw_canceled(batch.orders)
        self._wake()

    def taken(self, batch: Batch) -> None:
        """The exchange has answered as it should: what was put off goes on."""
        if self._limits.holds.taken(scopes_of(batch)):
            logger.info("requests for %s are taken again", batch.symbol or "orders", extra=about(pair=batch.symbol))
            self._wake()

    def reject(self, order: Place, reason: RejectReason, text: str) -> None:
        """The order never came into being."""
        self._stream.rejected(Rejected(order_id=order.order_id, reason=reason, text=text, time=self._clock.now()))
        self.in_flight.discard(order.order_id)
        self._cancel_later.discard(order.order_id)
        self._deferrals.over(order.order_id)

    def settled(self, order_id: ClientOrderId) -> None:
        """Note that an order was placed: it is in flight no longer, and a cancel that waited for it is queued."""
        self.in_flight.discard(order_id)
        self._deferrals.over(order_id)
        self._stream.wake()
        if order_id in self._cancel_later:
            self._cancel_later.discard(order_id)
            if known := self._stream.find(order_id):
                self._put(Batch("cancel", known.facts.symbol, cancels=(order_id,)))

    def _put_off(self, batch: Batch, error: str, pending: Pending) -> None:
        """Not now: asked again after a pause that grows, one request for all that are put off for the same.

        Raises `BotStateError` for a key that is refused for hours.
        """
        now = trio.current_time()
        if "ate limit" in error:
            self._limits.budget.exhausted(batch.symbol, now)
        hold = self._limits.holds.refused(scope_of(batch, error), error, now, self._clock.now() / SECOND)
        refused_for = now - hold.since
        if hold.reason == "credentials" and refused_for > KEY_SECONDS:
            text = f"Kraken has refused orders with this API key for {refused_for / 3600:.0f} hours: {error}"
            raise BotStateError(text, has_worked=True, refused_for=refused_for)
        if not batch.orders:
            pending.error = error
            return
        self._limits.room.give_back(batch.symbol, len(batch.orders))
        maker = tuple(order for order in batch.orders if order.post_only)
        taker = tuple(order for order in batch.orders if not order.post_only)
        if maker and taker:  # a market may take the one and not the other
            self.again(replace(batch, orders=taker, rest=()))
            batch = replace(batch, orders=maker)
        self.again(batch)

    def _refused_for_good(self, batch: Batch, error: str) -> None:
        """One bad order refuses a whole batch: it is looked for by halves."""
        reason = reject_reason(error)
        if reason != "order limit" or len(batch.orders) > 1:
            self._limits.room.give_back(batch.symbol, len(batch.orders))
        if len(batch.orders) > 1:
            if reason == "order limit":
                self._limits.room.ran_short(batch.symbol, trio.current_time())
            half = len(batch.orders) // 2
            parts = replace(batch, orders=batch.orders[:half], rest=batch.orders[half:] + batch.rest)
            self.again(parts)
            return
        for order in batch.orders:
            if reason == "order limit":
                self._limits.room.used_up(batch.symbol, self._stream.orders.ended, trio.current_time())
                self._reject_without_room(order, error)
            else:
                self.reject(order, reason, error)
        self.go_on(batch)

    def _put(self, batch: Batch) -> None:
        self._outbox.put(batch)
        self._wake()

    def _withdraw_canceled(self, orders: Sequence[Place]) -> None:
        """Orders that were to be canceled once they are there need not be sent again."""
        for order in orders:
            if order.order_id in self._cancel_later:
                self.withdraw(order.order_id)


def never_sent(order_id: ClientOrderId, time: Nanos) -> Canceled:
    """The closure of an order that was withdrawn before it left."""
    nowhere = NO_VENUE_ID
    return Canceled(
        order_id=order_id, exchange_id=nowhere, filled=ZERO, cost=ZERO, fee=ZERO, reason="requested", time=time
    )
