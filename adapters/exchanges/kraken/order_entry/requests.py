"""Trading requests on their way: sent within the budget, answered, repeated or their fate found out.

A request is never sent again before it is certain that nothing happened the first time.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

import trio
from msgspec.structs import replace

from adapters.exchanges.kraken.account.stream import AccountStream
from adapters.exchanges.kraken.limits.holds import ALL, scopes_of
from adapters.exchanges.kraken.limits.request_queue import Batch, RequestQueue
from adapters.exchanges.kraken.order_entry.answers import Answers, Limits, Pending
from adapters.exchanges.kraken.order_entry.deferrals import Deferrals
from adapters.exchanges.kraken.order_entry.reserve import Reserve
from adapters.exchanges.kraken.order_entry.rest_orders import RestOrders
from adapters.exchanges.kraken.reconciliation.unknown_outcomes import DEADLINE_SECONDS, MARGIN_SECONDS, Fate, fate_of
from adapters.exchanges.kraken.transport.server_clock import SECOND, ServerClock
from adapters.exchanges.kraken.transport.websockets import Socket
from adapters.exchanges.kraken.wire import socket as wire
from adapters.exchanges.kraken.wire.error_texts import meaning_of
from adapters.exchanges.kraken.wire.private_socket import (
    ADD,
    ADD_BATCH,
    CANCEL,
    CANCEL_BATCH,
    add_request,
    cancel_request,
    read_placed,
)
from adapters.exchanges.kraken.wire.values import nanoseconds
from messages.about import about
from messages.account import OrderOfAnother
from messages.ids import ClientOrderId
from messages.orders import Place
from trading.ports import ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

_PUT_OFF_CANCELS = frozenset({"wait", "lockout", "credentials", "nonce", "token", "refused", "forbidden"})

_FATES: dict[Fate, str] = {
    "arrived": "Kraken has it",
    "canceled": "Kraken had it, and it is cancelled",
    "never": "Kraken has never seen it",
}

METHODS = frozenset({ADD, ADD_BATCH, CANCEL, CANCEL_BATCH})
ATTEMPTS = 3
"""How often an order that did not arrive is sent, at most."""
ANSWER_SECONDS = 3.0
"""A cancel is answered in milliseconds."""
CONFIRM_SECONDS = 3.0
"""Between the answer to a cancel and its event."""
_SHORTEST_WAIT = 0.001
"""What rounding leaves of a wait may be too short to move any clock."""


Start = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs something in the session's nursery; its failure ends the session."""


class Requests:
    """The sending side of one session."""

    def __init__(
        self,
        socket: Socket,
        token: str,
        stream: AccountStream,
        limits: Limits,
        clock: ServerClock,
        by_rest: RestOrders,
        start: Start,
    ) -> None:
        self.outbox = RequestQueue(limits.budget)
        self._limits = limits
        self._deferrals = Deferrals(limits.holds, limits.budget, stream.feed.post, clock.now)
        self.system = wire.ONLINE
        self.quiet_at = 0.0
        """When the deadline and margin of everything that was sent have passed, in seconds of trio's clock."""
        self.sent_before: set[ClientOrderId] = set()
        """Client ids that an earlier session has sent, too."""
        self._socket = socket
        self._token = token
        self._stream = stream
        self._clock = clock
        self._by_rest = by_rest
        self._start = start
        self._pending: dict[int, Pending] = {}
        self._unanswered: dict[str, int] = {}
        """Orders of each pair that wait for their answer."""
        self._reserve = Reserve(self.outbox, limits.budget, limits.room, lambda: stream.orders, self._unanswered)
        self._news = trio.Event()
        self.answers = Answers(self.outbox, limits, self._deferrals, stream, clock, self.wake)

    def put(self, batch: Batch) -> None:
        """Send this as soon as the budget allows."""
        self.outbox.put(batch)
        self.wake()

    def wake(self) -> None:
        """Look again at what may leave."""
        self._news.set()
        self._news = trio.Event()

    def in_flight(self, order_id: ClientOrderId) -> bool:
        """Whether an order was sent and its fate is not known, or it waits to be sent."""
        return order_id in self.answers.in_flight or self.outbox.holds(order_id)

    async def run(self) -> None:
        """Send, for ever. Raises `ExchangeUnavailable` when the connection does."""
        while True:
            step = self.outbox.take(
                trio.current_time(),
                self._age,
                orders=self.system in wire.TAKES_ORDERS,
                cancels=self.system in wire.TAKES_CANCELS,
                held=self._held,
            )
            if isinstance(step, Batch):
                await self._send(step)
                continue
            self._deferrals.tell_waiting(self.outbox, self._age, self._closed, self._reserve.wait)
            with trio.move_on_after(max(step, _SHORTEST_WAIT)):
                await self._news.wait()

    def on_answer(self, frame: wire.Frame) -> None:
        """The exchange answers a request. Raises `WireError`, `BotStateError`."""
        pending = self._pending.pop(frame.req_id or 0, None)
        if pending is None:
            return
        if not frame.success:
            self.answers.refused(pending, frame.failure)
        elif pending.batch.cancels:
            self.answers.taken(pending.batch)
        else:
            time = nanoseconds(frame.time_out) if frame.time_out else self._clock.now()
            self.answers.placed(pending, read_placed(frame.method or "", frame.result), time)
        pending.answered.set()

    async def cancel_by_id(self, order_id: ClientOrderId) -> bool | None:
        """Ask the engine: True canceled, False unknown to it, None without a clear answer."""
        while hold := self._limits.holds.find([ALL], trio.current_time()):  # noqa: ASYNC110 - it may be prolonged
            await trio.sleep_until(hold.until)
        if not self.answers.socket_refuses:
            batch = Batch("cancel", "", cancels=(order_id,))
            self._limits.holds.asks(scopes_of(batch), trio.current_time())  # one asks, the others wait for its answer
            pending = await self._transmit(batch)
            with trio.move_on_after(ANSWER_SECONDS):
                await pending.answered.wait()
            if not pending.answered.is_set():
                self._pending.pop(pending.number, None)
                return None
            error = pending.error
        if self.answers.socket_refuses:
            error = await self._by_rest.cancel([order_id])
        if error is None:
            return True
        return False if meaning_of(error) == "unknown order" else None

    async def _send(self, batch: Batch) -> None:
        if batch.cancels:
            batch = replace(batch, cancels=tuple(order_id for order_id in batch.cancels if not self._is_over(order_id)))
            if not batch.cancels:
                return
        now = trio.current_time()
        ended = self._stream.orders.ended
        if batch.orders and not self._limits.room.left(batch.symbol, ended, now):
            self.answers.refuse_without_room(batch)
            return
        batch, later = self._reserve.split(batch, now)
        for part in later:
            self.outbox.put(part)
        self._limits.room.take(batch.symbol, len(batch.orders), ended, now)
        if not self.answers.socket_refuses:  # else REST says so itself
            self._limits.holds.asks(scopes_of(batch), now)
        self._limits.budget.counter(batch.symbol).charge(batch.cost(self._age), now)
        self.answers.in_flight.update(order.order_id for order in batch.orders)
        for order in batch.orders:
            self._stream.orders.placing(order)
        if batch.orders:
            self._unanswered[batch.symbol] = self._unanswered.get(batch.symbol, 0) + len(batch.orders)
        if self.answers.socket_refuses:
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
            exchange_ids = [order.facts.exchange_id if order else None for order in known]
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
        self._unanswered[pending.batch.symbol] -= len(pending.batch.orders)
        self.wake()
        if pending.answered.is_set() and pending.error is None:
            return
        await self._find_out(pending.batch.orders, pending)

    async def _find_out(self, orders: Sequence[Place], pending: Pending) -> None:
        """The outcome of these orders is unknown."""
        self.answers.go_on(pending.batch)
        unseen = [order.order_id for order in orders if self._is_unseen(order.order_id)]
        words = pending.error or "no answer"
        self._deferrals.tell(
            pending.batch.symbol, unseen, "no answer", f"{words}; whether it arrived is being found out"
        )
        await trio.sleep_until(pending.sent_at + DEADLINE_SECONDS + MARGIN_SECONDS)
        # From here on the engine and the stream decide: an answer that comes after all is about a try that is over.
        self._pending.pop(pending.number, None)
        never = []
        for order in orders:
            if order.order_id in self.answers.in_flight:
                fate = await fate_of(order.order_id, self._stream, self.cancel_by_id)
                fields = about(order_id=order.order_id, pair=order.symbol, cause=order.cause)
                logger.warning("order %s had no answer; %s", order.order_id, _FATES[fate], extra=fields)
                if fate == "never":
                    never.append(order)
                elif fate == "canceled":
                    await self._canceled_unseen(order)
                else:
                    self.answers.settled(order.order_id)
                    self._tell_of_another(order, pending)
        if not never:
            return
        self._limits.room.give_back(pending.batch.symbol, len(never))
        if pending.batch.attempt < ATTEMPTS:
            self.answers.again(replace(pending.batch, orders=tuple(never), rest=(), attempt=pending.batch.attempt + 1))
        else:
            for order in never:
                self.answers.reject(order, "refused", "Kraken did not answer, and the order did not arrive")

    def _tell_of_another(self, order: Place, pending: Pending) -> None:
        """A first try that met an order of its own id: another process gave the same answer before us."""
        first = pending.batch.attempt == 1 and order.order_id not in self.sent_before
        if first and meaning_of(pending.error or "") == "duplicate id" and (known := self._stream.find(order.order_id)):
            self._stream.feed.post(OrderOfAnother(order.order_id, known.facts.exchange_id, self._clock.now()))

    async def _canceled_unseen(self, order: Place) -> None:
        """The engine had it and the stream must report its end; else the stream is not to be trusted."""
        with trio.move_on_after(CONFIRM_SECONDS):
            while self._stream.find(order.order_id) is None:
                await self._stream.changed()
            self.answers.settled(order.order_id)
            return
        raise ExchangeUnavailable(f"order {order.order_id} was open although the stream did not show it")

    async def _follow_cancel(self, pending: Pending) -> None:
        batch = pending.batch
        with trio.move_on_after(ANSWER_SECONDS):
            await pending.answered.wait()
        self._pending.pop(pending.number, None)
        if pending.error is not None and meaning_of(pending.error) in _PUT_OFF_CANCELS:
            self._cancel_again(batch)
            return
        with trio.move_on_after(CONFIRM_SECONDS):
            while not all(self._is_over(order_id) for order_id in batch.cancels):
                await self._stream.changed()
            for order_id in batch.cancels:
                self._deferrals.over(order_id)
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
            error = await self._by_rest.cancel(batch.cancels)
            if error is None:
                self.answers.taken(batch)
            else:
                self.answers.refused(pending, error)
            pending.answered.set()
        else:
            placed = await self._by_rest.place(batch.orders, pending.deadline)
            if isinstance(placed, str):
                self.answers.refused(pending, placed)
            else:
                self.answers.placed(pending, placed, self._clock.now())
            pending.answered.set()
        await self._follow(pending)

    def _cancel_again(self, batch: Batch) -> None:
        """A cancel that was put off; of several that were refused together, each by itself."""
        for order_id in batch.cancels:
            if not self._is_over(order_id):
                self.put(replace(batch, cancels=(order_id,)))

    def _held(self, batch: Batch) -> float:
        """Seconds for which this request is kept back; without end while an answer decides on it."""
        waits = batch.orders and self._unanswered.get(batch.symbol)
        if waits and self._limits.room.is_short(batch.symbol, trio.current_time()):
            return float("inf")
        return max(self._deferrals.held(batch), self._reserve.wait(batch, trio.current_time()))

    def _closed(self, batch: Batch) -> str:
        """Why the exchange as a whole does not take this now; empty when it does."""
        takes = wire.TAKES_CANCELS if batch.cancels else wire.TAKES_ORDERS
        return "" if self.system in takes else f"Kraken is in {self.system} mode"

    def _is_unseen(self, order_id: ClientOrderId) -> bool:
        return order_id in self.answers.in_flight and self._stream.find(order_id) is None

    def _is_over(self, order_id: ClientOrderId) -> bool:
        known = self._stream.find(order_id)
        return known is not None and known.facts.status != "open"

    def _age(self, order_id: ClientOrderId) -> float:
        known = self._stream.find(order_id)
        return trio.current_time() - known.seen_at if known else 0.0
