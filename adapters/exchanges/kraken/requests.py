"""Trading requests on their way: sent within the budget, answered, repeated or their fate found out.

A request is never sent again before it is certain that nothing happened the first time.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

import trio
from msgspec import Struct, field
from msgspec.structs import replace

from adapters.exchanges.kraken.budget import TradingBudget
from adapters.exchanges.kraken.clock import SECOND, ServerClock
from adapters.exchanges.kraken.errors import meaning_of, reject_reason
from adapters.exchanges.kraken.outbox import Batch, Outbox
from adapters.exchanges.kraken.rest_orders import RestOrders
from adapters.exchanges.kraken.sockets import Socket
from adapters.exchanges.kraken.stream import AccountStream
from adapters.exchanges.kraken.unknown import DEADLINE_SECONDS, MARGIN_SECONDS, fate_of
from adapters.exchanges.kraken.wire import socket as wire
from adapters.exchanges.kraken.wire.trading import (
    ADD,
    ADD_BATCH,
    CANCEL,
    CANCEL_BATCH,
    Placed,
    add_request,
    cancel_request,
    read_placed,
)
from adapters.exchanges.kraken.wire.values import WireError, nanoseconds
from adapters.interfaces import BotStateError, ExchangeUnavailable
from messages.money import ZERO
from messages.orders import Canceled, Place, Rejected, RejectReason

logger = logging.getLogger("infinity_grid.kraken")

METHODS = frozenset({ADD, ADD_BATCH, CANCEL, CANCEL_BATCH})
ATTEMPTS = 3
"""How often an order that did not arrive is sent, at most."""
ANSWER_SECONDS = 3.0
"""A cancel is answered in milliseconds."""
CONFIRM_SECONDS = 3.0
"""Between the answer to a cancel and its event."""
_SHORTEST_WAIT = 0.001
"""What rounding leaves of a wait may be too short to move any clock."""
_WAIT_SECONDS = 5.0
"""Before a request is repeated that the exchange did not take at that moment."""


class Pending(Struct):
    """A request without an answer yet."""

    batch: Batch
    deadline: int
    """Server time in nanoseconds."""
    sent_at: float
    number: int = 0
    """Of the request on its socket; REST has none."""
    answered: trio.Event = field(default_factory=trio.Event)
    error: str | None = None


Start = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs something in the session's nursery; its failure ends the session."""


class Requests:
    """The sending side of one session."""

    def __init__(
        self,
        socket: Socket,
        token: str,
        stream: AccountStream,
        budget: TradingBudget,
        clock: ServerClock,
        by_rest: RestOrders,
        start: Start,
    ) -> None:
        self.outbox = Outbox(budget)
        self.system = wire.ONLINE
        self.quiet_at = 0.0
        """When the deadline and margin of everything that was sent have passed, in seconds of trio's clock."""
        self._socket = socket
        self._token = token
        self._stream = stream
        self._budget = budget
        self._clock = clock
        self._by_rest = by_rest
        self._start = start
        self._socket_refuses = False
        self._pending: dict[int, Pending] = {}
        self._in_flight: set[str] = set()
        self._cancel_later: set[str] = set()
        self._news = trio.Event()

    def put(self, batch: Batch) -> None:
        """Send this as soon as the budget allows."""
        self.outbox.put(batch)
        self.wake()

    def wake(self) -> None:
        """Look again at what may leave."""
        self._news.set()
        self._news = trio.Event()

    def in_flight(self, order_id: str) -> bool:
        """Whether an order was sent and its fate is not known, or it waits to be sent."""
        return order_id in self._in_flight or self.outbox.holds(order_id)

    def cancel_later(self, order_id: str) -> None:
        """Cancel an order once its placing is answered: the engine may take requests in another order."""
        self._cancel_later.add(order_id)

    async def run(self) -> None:
        """Send, for ever. Raises `ExchangeUnavailable` when the connection does."""
        while True:
            step = self.outbox.take(
                trio.current_time(),
                self._age,
                orders=self.system in wire.TAKES_ORDERS,
                cancels=self.system in wire.TAKES_CANCELS,
            )
            if isinstance(step, Batch):
                await self._send(step)
                continue
            with trio.move_on_after(max(step, _SHORTEST_WAIT)):
                await self._news.wait()

    def on_answer(self, frame: wire.Frame) -> None:
        """The exchange answers a request. Raises `WireError`, `BotStateError`."""
        pending = self._pending.pop(frame.req_id or 0, None)
        if pending is None:
            return
        if not frame.success:
            self._refused(pending, frame.failure)
        elif pending.batch.orders:
            time = nanoseconds(frame.time_out) if frame.time_out else self._clock.now()
            self._placed(pending, read_placed(frame.method or "", frame.result), time)
        pending.answered.set()

    async def cancel_by_id(self, order_id: str) -> bool | None:
        """Ask the engine: True canceled, False unknown to it, None without a clear answer."""
        if self._socket_refuses:
            error = await self._by_rest.cancel([order_id])
        else:
            pending = await self._transmit(Batch("cancel", "", cancels=(order_id,)))
            with trio.move_on_after(ANSWER_SECONDS):
                await pending.answered.wait()
            if not pending.answered.is_set():
                self._pending.pop(pending.number, None)
                return None
            error = pending.error
        if error is None:
            return True
        return False if meaning_of(error) == "unknown order" else None

    async def _send(self, batch: Batch) -> None:
        if batch.cancels:
            batch = replace(batch, cancels=tuple(order_id for order_id in batch.cancels if not self._is_over(order_id)))
            if not batch.cancels:
                return
        now = trio.current_time()
        self._budget.counter(batch.symbol).charge(batch.cost(self._age), now)
        self._in_flight.update(order.order_id for order in batch.orders)
        for order in batch.orders:
            self._stream.orders.placing(order)
        if self._socket_refuses:
            self._start(lambda: self._send_by_rest(batch))
            return
        pending = await self._transmit(batch)
        self._start(lambda: self._follow(pending))

    async def _transmit(self, batch: Batch) -> Pending:
        number = self._socket.number()
        pending = self._pending[number] = self._register(batch, number)
        if batch.orders:
            method, params = add_request(batch.orders, pending.deadline, self._token)
        else:
            known = [self._stream.find(order_id) for order_id in batch.cancels]
            exchange_ids = [order.facts.exchange_id if order else "" for order in known]
            method, params = cancel_request(batch.cancels, exchange_ids, self._token)
        await self._socket.send(method, params, number)
        return pending

    def _register(self, batch: Batch, number: int = 0) -> Pending:
        now = trio.current_time()
        if batch.orders:
            self.quiet_at = max(self.quiet_at, now + DEADLINE_SECONDS + MARGIN_SECONDS)
        return Pending(batch, self._clock.now() + int(DEADLINE_SECONDS * SECOND), now, number)

    async def _follow(self, pending: Pending) -> None:
        if pending.batch.cancels:
            await self._follow_cancel(pending)
            return
        with trio.move_on_at(pending.sent_at + DEADLINE_SECONDS + MARGIN_SECONDS):
            await pending.answered.wait()
            if pending.error is None:
                return
        await self._find_out(pending.batch.orders, pending)

    async def _find_out(self, orders: Sequence[Place], pending: Pending) -> None:
        """Nobody said what became of these orders."""
        await trio.sleep_until(pending.sent_at + DEADLINE_SECONDS + MARGIN_SECONDS)
        # From here on the engine and the stream decide: an answer that comes after all is about a try that is over.
        self._pending.pop(pending.number, None)
        never = []
        for order in orders:
            if order.order_id in self._in_flight:
                fate = await fate_of(order.order_id, self._stream, self.cancel_by_id)
                logger.warning("no clear answer to order %s: %s", order.order_id, fate)
                if fate == "never":
                    never.append(order)
                elif fate == "canceled":
                    await self._canceled_unseen(order)
                else:
                    self._settled(order.order_id)
        if not never:
            return
        if pending.batch.attempt < ATTEMPTS:
            self._again(pending.batch, never)
        else:
            for order in never:
                self._reject(order, "refused", "Kraken did not answer, and the order did not arrive")

    async def _canceled_unseen(self, order: Place) -> None:
        """The engine had it and the stream must tell its end; else the stream is not to be trusted."""
        with trio.move_on_after(CONFIRM_SECONDS):
            while self._stream.find(order.order_id) is None:
                await self._stream.changed()
            self._settled(order.order_id)
            return
        raise ExchangeUnavailable(f"order {order.order_id} was open although the stream did not show it")

    async def _follow_cancel(self, pending: Pending) -> None:
        batch = pending.batch
        with trio.move_on_after(ANSWER_SECONDS):
            await pending.answered.wait()
        self._pending.pop(pending.number, None)
        if pending.error is not None and meaning_of(pending.error) == "wait":
            self.put(replace(batch, not_before=trio.current_time() + self._delay(batch, pending.error)))
            return
        with trio.move_on_after(CONFIRM_SECONDS):
            while not all(self._is_over(order_id) for order_id in batch.cancels):
                await self._stream.changed()
            return
        left = [order_id for order_id in batch.cancels if not self._is_over(order_id)]
        if batch.attempt >= ATTEMPTS:
            raise ExchangeUnavailable(f"the cancel of order {left[0]} is not confirmed")
        for order_id in left:
            self.put(Batch("cancel", batch.symbol, cancels=(order_id,), attempt=batch.attempt + 1))

    async def _send_by_rest(self, batch: Batch) -> None:
        """The fallback: the stream is live, but requests are not taken over it."""
        pending = self._register(batch)
        if batch.cancels:
            pending.error = await self._by_rest.cancel(batch.cancels)
            pending.answered.set()
        else:
            placed = await self._by_rest.place(batch.orders, pending.deadline)
            if isinstance(placed, str):
                self._refused(pending, placed)
            else:
                self._placed(pending, placed, self._clock.now())
            pending.answered.set()
        await self._follow(pending)

    def _placed(self, pending: Pending, placed: Sequence[Placed], time: int) -> None:
        """One answer per order, in their order; an unclear one leaves its order in flight."""
        orders = pending.batch.orders
        if len(placed) != len(orders):
            raise WireError(f"{len(placed)} answers to {len(orders)} orders")
        for order, answer in zip(orders, placed, strict=True):
            if answer.order_id:
                self._stream.acknowledged(order.order_id, answer.order_id, time)
                self._settled(order.order_id)
            else:
                self._refused(
                    Pending(replace(pending.batch, orders=(order,)), pending.deadline, pending.sent_at),
                    answer.error or "an answer without an id",
                    pending,
                )

    def _refused(self, pending: Pending, error: str, whole: Pending | None = None) -> None:
        """A request, or one order of the request `whole`, failed."""
        batch = pending.batch
        meaning = meaning_of(error)
        match meaning:
            case "credentials":
                raise BotStateError(f"Kraken refuses this API key for orders: {error}")
            case "wait" | "nonce" | "lockout":
                if batch.orders:
                    self._again(batch, batch.orders, self._delay(batch, error))
                else:
                    (whole or pending).error = error
            case "token" if not batch.symbol:
                (whole or pending).error = error  # a question about one order: its asker decides
            case "token":
                logger.warning("requests over the WebSocket are refused (%s); REST takes over", error)
                self._socket_refuses = True
                self._again(batch, batch.orders) if batch.orders else self.put(batch)
            case "refused" | "forbidden" if batch.orders:
                self._refused_for_good(batch, error)
            case "refused" | "forbidden" | "ambiguous" | "duplicate id" | "unknown order":
                (whole or pending).error = error
            case _:
                assert_never(meaning)

    def _refused_for_good(self, batch: Batch, error: str) -> None:
        if len(batch.orders) > 1:
            # One bad order refuses the whole batch; alone, each gets its own verdict.
            for order in batch.orders:
                self._again(batch, (order,), attempt=batch.attempt)
            return
        for order in batch.orders:
            self._reject(order, reject_reason(error), error)

    def _again(
        self, batch: Batch, orders: Sequence[Place], delay: float | None = None, attempt: int | None = None
    ) -> None:
        """These orders did not come into being: send them once more, under the same ids."""
        for order in orders:
            self._stream.orders.not_placed(order.order_id)
            self._in_flight.discard(order.order_id)
        counted = batch.attempt if delay is not None else batch.attempt + 1
        self.outbox.put(
            replace(
                batch,
                orders=tuple(orders),
                attempt=attempt or counted,
                not_before=trio.current_time() + (delay or 0.0),
            )
        )
        self._withdraw_canceled(orders)
        self.wake()

    def _withdraw_canceled(self, orders: Sequence[Place]) -> None:
        """Orders that were to be canceled once they are there need not be sent again."""
        for order in orders:
            if order.order_id in self._cancel_later and self.outbox.withdraw(order.order_id):
                self._cancel_later.discard(order.order_id)
                self._stream.feed.post(never_sent(order.order_id, self._clock.now()))

    def _reject(self, order: Place, reason: RejectReason, text: str) -> None:
        self._stream.rejected(Rejected(order.order_id, reason, text, self._clock.now()))
        self._in_flight.discard(order.order_id)
        self._cancel_later.discard(order.order_id)

    def _settled(self, order_id: str) -> None:
        """The order came into being."""
        self._in_flight.discard(order_id)
        self._stream.wake()
        if order_id in self._cancel_later:
            self._cancel_later.discard(order_id)
            if known := self._stream.find(order_id):
                self.put(Batch("cancel", known.facts.symbol, cancels=(order_id,)))

    def _delay(self, batch: Batch, error: str) -> float:
        """Seconds until the request may be repeated."""
        if "ate limit" in error:
            self._budget.exhausted(batch.symbol, trio.current_time())
            return 1.0
        return _WAIT_SECONDS

    def _is_over(self, order_id: str) -> bool:
        known = self._stream.find(order_id)
        return known is not None and known.facts.status != "open"

    def _age(self, order_id: str) -> float:
        known = self._stream.find(order_id)
        return trio.current_time() - known.seen_at if known else 0.0


def never_sent(order_id: str, time: int) -> Canceled:
    """The closure of an order that was withdrawn before it left."""
    return Canceled(order_id, "", ZERO, ZERO, ZERO, "requested", time)
