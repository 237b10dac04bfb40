"""The private side of one account: an `trading.ports.TradingSession`."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from functools import partial

import trio
from msgspec import Raw, Struct

from adapters.exchanges.kraken.account.fee_backfill import PartlyTold, paid_fee
from adapters.exchanges.kraken.account.order_view import CLOSED_KEPT
from adapters.exchanges.kraken.account.probe_cancels import Questions
from adapters.exchanges.kraken.account.stream import AccountStream
from adapters.exchanges.kraken.limits.budget import TradingBudget
from adapters.exchanges.kraken.limits.request_queue import cancel_batches, place_batches
from adapters.exchanges.kraken.limits.room import Room
from adapters.exchanges.kraken.limits.turns import Urgency
from adapters.exchanges.kraken.order_entry.answers import Limits
from adapters.exchanges.kraken.order_entry.requests import METHODS, Requests
from adapters.exchanges.kraken.order_entry.rest_orders import RestOrders
from adapters.exchanges.kraken.reconciliation.balance_check import Differences, DriftCheck
from adapters.exchanges.kraken.reconciliation.order_check import watch_ledger, watch_orders
from adapters.exchanges.kraken.reconciliation.order_history import Closures
from adapters.exchanges.kraken.reconciliation.unknown_outcomes import DEADLINE_SECONDS, MARGIN_SECONDS, Lookup
from adapters.exchanges.kraken.transport.plausible import Plausible
from adapters.exchanges.kraken.transport.rest_client import LOOK_AT_THE_KEY, PrivateRest
from adapters.exchanges.kraken.transport.server_clock import ServerClock
from adapters.exchanges.kraken.transport.websockets import Dial, Socket, open_socket, subscription, translated
from adapters.exchanges.kraken.wire import socket as wire
from adapters.exchanges.kraken.wire.error_texts import meaning_of
from adapters.exchanges.kraken.wire.names import PairTable
from adapters.exchanges.kraken.wire.rest_results import Token, orders_of
from adapters.exchanges.kraken.wire.values import WireError
from messages.about import about
from messages.account import AccountSnapshot, History, HistoryProgress, OrderFacts
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.mailboxes import ExchangeEvent
from messages.orders import Place
from trading.ports import BotStateError, ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

SNAPSHOT_SECONDS = 15.0
_NAME = "Kraken's private WebSocket"
_ORDERS_AT_ONCE = 50
"""That QueryOrders takes."""


class LiveAccount:
    """What outlives one session of an account."""

    def __init__(self, rest: PrivateRest, names: PairTable, clock: ServerClock) -> None:
        self.rest = rest
        self.names = names
        self.clock = clock
        self.budget = TradingBudget()
        self.limits = Limits(self.budget, rest.holds, Room())
        self.closures = Closures(rest, names, clock)
        self.quiet_at = trio.current_time() + DEADLINE_SECONDS + MARGIN_SECONDS
        """When no request of an earlier session or an earlier run of the program can arrive any more."""
        self.sent: dict[ClientOrderId, Nanos] = {}
        """When orders of this run were put on their way, in server time: they cannot be older. The newest ones."""
        self.questions = Questions(clock.now)
        self.drift: Differences = {}
        """What a resync did not remove."""
        self.odd_orders: set[str] = set()
        """Orders of others, by Kraken's id, about which stream and REST differ for good."""

        self.wake: Callable[[], None] = lambda: None
        """Makes the present session look again at what may leave."""

    def opened(self, symbol: str = "") -> None:
        """The pair, or without a symbol the whole exchange, is heard to take orders again."""
        if self.limits.holds.opened(symbol):
            logger.info("%s takes orders again", symbol or "Kraken", extra=about(pair=symbol))
        self.wake()

    def sending(self, order_id: ClientOrderId) -> None:
        """This order is put on its way, perhaps once more."""
        self.sent.setdefault(order_id, self.clock.now())
        if len(self.sent) > CLOSED_KEPT:
            del self.sent[next(iter(self.sent))]


class Line(Struct, frozen=True):
    """How to reach the private WebSocket."""

    dial: Dial
    url: str


def _socket_of(account: LiveAccount, line: Line) -> AbstractAsyncContextManager[Socket]:
    return open_socket(line.dial, line.url, _NAME, account.clock, account.rest.tally)


@asynccontextmanager
async def open_session(account: LiveAccount, line: Line) -> AsyncIterator["KrakenSession"]:
    """Connected, subscribed, and the snapshots taken. Raises `ExchangeUnavailable` and `BotStateError`."""
    token = (await account.rest.read("GetWebSocketsToken", Token)).token
    with translated(_NAME):
        async with _socket_of(account, line) as socket, trio.open_nursery() as nursery:
            session = KrakenSession(account, socket, token, nursery)
            try:
                await session.open()
                yield session
            finally:
                session.close()
                nursery.cancel_scope.cancel()


class KrakenSession:
    """One connection with the subscriptions of executions and balances."""

    def __init__(self, account: LiveAccount, socket: Socket, token: str, nursery: trio.Nursery) -> None:
        self._account = account
        self._socket = socket
        self._token = token
        self._nursery = nursery
        self._stream = AccountStream(account.questions, account.rest.own)
        self._history = Lookup(account.rest, account.names)
        self._plausible = Plausible(account.clock.now)
        self._begun = trio.current_time()
        self._heard_at = 0
        """When the last frame came, in nanoseconds UTC."""
        self._requests = Requests(
            socket,
            token,
            self._stream,
            account.limits,
            account.clock,
            RestOrders(account.rest, account.names),
            self._start,
        )

    async def open(self) -> None:
        """Subscribe and wait for the snapshots. Raises `ExchangeUnavailable`, `BotStateError`."""
        self._start(self._read)
        for params in (
            subscription(
                wire.EXECUTIONS,
                snap_orders=True,
                snap_trades=True,
                order_status=True,
                ratecounter=True,
                token=self._token,
            ),
            subscription(wire.BALANCES, snapshot=True, token=self._token),
        ):
            await self._socket.send(wire.SUBSCRIBE, params, self._socket.number())
        with trio.move_on_after(SNAPSHOT_SECONDS):
            await self._stream.shown.wait()
        self._stream.feed.check()
        if not self._stream.shown.is_set():
            raise ExchangeUnavailable(f"{_NAME}: no snapshot within {SNAPSHOT_SECONDS:g} s")
        self._account.rest.worked = True
        fees, others = self._stream.told_fees()
        self._stream.begin(fees | await self._old_fees(others))
        self._start(self._requests.run)
        self._account.wake = self._requests.wake
        self._start(partial(watch_ledger, self._stream))
        self._start(partial(watch_orders, self._account.rest, self._stream, self._account.odd_orders))
        since = self._account.clock.now()
        self._start(DriftCheck(self._account.rest, self._stream, self._account.drift, since).run)

    async def snapshot(self) -> AccountSnapshot:
        """The account when the subscription began; `events` go on from there."""
        self._stream.feed.check()
        return self._plausible.snapshot(self._stream.snapshot)

    async def lookup(self, order_ids: Sequence[ClientOrderId]) -> dict[ClientOrderId, OrderFacts]:
        """Orders by client id, from the stream or from history.

        An id that is left out never arrived: its deadline has passed, the engine does not know it, and history
        did not show it twice. That takes some seconds. Raises `ExchangeUnavailable` when it cannot be known.
        """
        found: dict[ClientOrderId, OrderFacts] = {}
        for order_id in order_ids:
            while self._requests.in_flight(order_id):
                await self._changed()
            if known := self._stream.find(order_id):
                found[order_id] = known.facts
        missing = [order_id for order_id in order_ids if order_id not in found]
        if missing:
            quiet_at = max(self._account.quiet_at, self._requests.quiet_at)
            cancel, sent = self._requests.cancel_by_id, self._account.sent
            with self._stream.orders.looking_up(missing):
                shown = await self._account.closures.shown(self._begun)
                found |= await self._history.lookup(missing, self._stream, quiet_at, cancel, sent, shown)
                self._stream.orders.found_filled(found.values())
            self._requests.wake()
            # What arrived meanwhile was shown by the stream.
            found |= {order_id: known.facts for order_id in missing if (known := self._stream.find(order_id))}
        self._stream.feed.check()
        return {order_id: self._plausible.of(facts) for order_id, facts in found.items()}

    async def closed(self, since: int) -> History:
        """Closed orders since then; of an earlier run of the program, so they are asked for once."""
        history = await self._account.closures.since(since, self._tell_progress)
        # A look far back may have been begun by an earlier session.
        return self._plausible.history((not since and await self._account.closures.shown(self._begun)) or history)

    def events(self) -> AsyncIterator[ExchangeEvent]:
        """Everything since the snapshot; ends with `ExchangeUnavailable` or `BotStateError`."""
        return self._plausible.events(aiter(self._stream.feed))

    async def place(self, orders: Sequence[Place]) -> None:
        """Put the batch on its way; it leaves at once while the budget suffices."""
        self._stream.feed.check()
        await self._account.rest.trades()
        for order in orders:
            if order.order_id in self._account.sent:
                self._requests.sent_before.add(order.order_id)
            self._account.sending(order.order_id)
        for batch in place_batches(orders):
            self._requests.put(batch)

    async def cancel(self, order_ids: Sequence[ClientOrderId]) -> None:
        """Ask for cancellation as one batch; an order that was not sent yet is withdrawn."""
        self._stream.feed.check()
        now: list[ClientOrderId] = []
        for order_id in order_ids:
            self._stream.orders.canceling.add(order_id)
            if self._requests.answers.withdraw(order_id):
                continue
            if self._stream.find(order_id) is None and self._requests.in_flight(order_id):
                self._requests.answers.cancel_later(order_id)
            else:
                now.append(order_id)
        for batch in cancel_batches(now, self._symbol):
            self._requests.put(batch)

    def close(self) -> None:
        """What is in flight now may still arrive; the next session knows until when."""
        self._account.quiet_at = max(self._account.quiet_at, self._requests.quiet_at)
        if self._heard_at:
            self._account.closures.left(self._heard_at)
        self._stream.feed.fail(ExchangeUnavailable("the session with Kraken is closed"))

    async def _read(self) -> None:
        while True:
            frame = await self._socket.receive()
            self._heard_at = self._account.clock.now()
            if frame.method in METHODS:
                self._requests.on_answer(frame)
            elif frame.method == wire.SUBSCRIBE:
                self._subscribed(frame)
            elif frame.channel in (wire.EXECUTIONS, wire.BALANCES):
                self._stream.on_frame(frame)
                self._note_rates()
            elif frame.channel == wire.STATUS:
                self._note_system(wire.read_system(frame.data) or self._requests.system)
            elif frame.channel is None and frame.method is None:
                logger.warning("%s complains: %s", _NAME, frame.failure)

    def _subscribed(self, frame: wire.Frame) -> None:
        if not frame.success:
            if meaning_of(frame.failure) in ("credentials", "forbidden"):
                worked = self._account.rest.worked
                text = f"Kraken refuses this API key for the account's stream: {frame.failure}"
                raise BotStateError(f"{text}{'' if worked else LOOK_AT_THE_KEY}", has_worked=worked)
            raise ExchangeUnavailable(f"{_NAME}: {frame.failure}")
        threshold = wire.read_subscribed(frame.result).maxratecount
        if threshold is not None:
            self._account.budget.set_threshold(threshold)
            tier = self._account.budget.tier
            self._account.rest.budget.maximum, self._account.rest.budget.decay = tier.rest_maximum, tier.rest_decay

    def _note_system(self, system: str) -> None:
        changed, self._requests.system = system != self._requests.system, system
        if changed and system in wire.TAKES_ORDERS:
            self._account.opened()
        self._requests.wake()

    def _note_rates(self) -> None:
        """The exchange's own count is better than ours, which cannot see other programs."""
        counts = self._stream.rate_counts
        while counts:
            symbol, level = counts.popitem()
            self._account.budget.counter(symbol).correct(level, trio.current_time())

    def _start(self, body: Callable[[], Awaitable[None]]) -> None:
        self._nursery.start_soon(self._guarded, body)

    async def _guarded(self, body: Callable[[], Awaitable[None]]) -> None:
        """A task of the session: its failure ends the session, and surfaces at each caller's next call."""
        try:
            await body()
        except (ExchangeUnavailable, BotStateError) as error:
            failure: Exception = error
        except WireError as error:
            failure = ExchangeUnavailable(f"{_NAME}: {error}")
        else:
            return
        self._stream.feed.fail(failure)
        self._stream.shown.set()
        self._stream.wake()

    def _tell_progress(self, read: int, of: int) -> None:
        self._stream.feed.post(HistoryProgress(read, of))

    async def _changed(self) -> None:
        self._stream.feed.check()
        await self._stream.changed()
        self._stream.feed.check()

    def _symbol(self, order_id: ClientOrderId) -> str:
        known = self._stream.find(order_id)
        return known.facts.symbol if known else "/"

    async def _old_fees(self, orders: Sequence[PartlyTold]) -> dict[VenueOrderId, Decimal]:
        """Fees of orders some of whose fills are older than the snapshot's. Raises `ExchangeUnavailable`."""
        fees: dict[VenueOrderId, Decimal] = {}
        for start in range(0, len(orders), _ORDERS_AT_ONCE):
            part = {told.order.order_id: told for told in orders[start : start + _ORDERS_AT_ONCE]}
            shown = await self._account.rest.read(
                "QueryOrders", dict[VenueOrderId, Raw], urgency=Urgency.FATE, txid=",".join(part)
            )
            read = orders_of(shown)
            fees |= {name: paid_fee(told, read.get(name)) for name, told in part.items()}
        return fees
