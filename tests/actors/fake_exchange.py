"""An exchange in memory: a test says what it tells, and reads what it was asked for."""

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import trio

from messages.account import AccountSnapshot, History, OrderFacts
from messages.ids import ClientOrderId
from messages.mailboxes import ExchangeEvent
from messages.market import RowEnd, Tick
from messages.money import ZERO, Pair
from messages.orders import Place

Call = tuple[str, object]


class FakeSession:
    """A trading session; `calls` is what it was asked for, in its order."""

    def __init__(self, snapshot: AccountSnapshot) -> None:
        self.calls: list[Call] = []
        self.history: dict[ClientOrderId, OrderFacts] = {}
        self.closures: tuple[OrderFacts, ...] = ()
        self.refusal: Exception | None = None
        """Raised by every request."""
        self.slow: dict[str, trio.Event] = {}
        """Questions that name this client id, or `closed`, are answered once the event is set."""
        self._snapshot = snapshot
        self._send, self._receive = trio.open_memory_channel[ExchangeEvent | RowEnd | Exception | None](math.inf)

    def say(self, *events: ExchangeEvent | RowEnd | Exception | None) -> None:
        """Events, an exception that ends them, or None for an end without one."""
        for event in events:
            self._send.send_nowait(event)

    def asked(self) -> list[Call]:
        """The calls since the last time."""
        calls, self.calls = self.calls, []
        return calls

    async def snapshot(self) -> AccountSnapshot:
        """What the test gave."""
        self._take("snapshot", None)
        self.calls.clear()
        return self._snapshot

    async def lookup(self, order_ids: Sequence[ClientOrderId]) -> dict[ClientOrderId, OrderFacts]:
        """From `history`."""
        self._take("lookup", list(order_ids))
        for order_id in self.slow.keys() & set(order_ids):
            await self.slow[order_id].wait()
        return {order_id: self.history[order_id] for order_id in order_ids if order_id in self.history}

    async def closed(self, since: int) -> History:
        """What the test put into `closures`."""
        if "closed" in self.slow:
            await self.slow["closed"].wait()
        return History(since, self.closures)

    async def events(self) -> AsyncIterator[ExchangeEvent]:
        """What `say` was given."""
        async for event in self._said():
            assert not isinstance(event, RowEnd)
            yield event

    async def _said(self) -> AsyncIterator[ExchangeEvent | RowEnd]:
        async for event in self._receive:
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            yield event

    async def place(self, orders: Sequence[Place]) -> None:
        """Only noted."""
        self._take("place", [order.order_id for order in orders])

    async def cancel(self, order_ids: Sequence[ClientOrderId]) -> None:
        """Only noted."""
        self._take("cancel", list(order_ids))

    def _take(self, what: str, argument: object) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.calls.append((what, argument))


class FakeSessionInRounds(FakeSession):
    """One of a simulated exchange in lock-step."""

    def events_in_rounds(self) -> AsyncIterator[ExchangeEvent | RowEnd]:
        """What `say` was given."""
        return self._said()

    async def settled(self, row: int, *, again: bool) -> None:
        """Only noted."""
        self._take("again" if again else "settled", row)


class FakeExchange:
    """A `trading.ports.Exchange` around one session and one feed of prices; it has what a real one must have."""

    simulated = True

    def __init__(self, snapshot: AccountSnapshot | None = None, session: FakeSession | None = None) -> None:
        self.session = session or FakeSession(snapshot or AccountSnapshot({}, ()))
        self.session_is_open = False
        self.subscribed: tuple[str, ...] = ()
        self._send, self._receive = trio.open_memory_channel[Tick | Exception | None](math.inf)

    def quote(self, *ticks: Tick | Exception | None) -> None:
        """Prices, an exception that ends them, or None for an end without one."""
        for tick in ticks:
            self._send.send_nowait(tick)

    async def pair(self, symbol: str) -> Pair:
        """Some rules."""
        return Pair(symbol, Decimal("0.1"), 8, 5, ZERO, ZERO)

    async def maker_fee(self, symbol: str) -> Decimal:
        """None for all pairs."""
        return ZERO

    async def last_price(self, symbol: str) -> Decimal | None:
        """Unknown."""
        return None

    @asynccontextmanager
    async def prices(self, symbols: Sequence[str]) -> AsyncIterator[AsyncIterator[Tick]]:
        """What `quote` was given."""
        self.subscribed = tuple(symbols)
        yield self._ticks()

    async def _ticks(self) -> AsyncIterator[Tick]:
        async for tick in self._receive:
            if tick is None:
                return
            if isinstance(tick, Exception):
                raise tick
            yield tick

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[FakeSession]:
        """The one session."""
        self.session_is_open = True
        try:
            yield self.session
        finally:
            self.session_is_open = False

    def market_open(self, symbol: str) -> bool:
        """Always."""
        return True

    def clock_offset(self) -> int | None:
        """It has no clock."""
        return None


class FakeReplay(FakeExchange):
    """The same in lock-step: a `trading.ports.InRounds`."""

    lock_step = True

    def __init__(self, snapshot: AccountSnapshot | None = None) -> None:
        self.in_rounds = FakeSessionInRounds(snapshot or AccountSnapshot({}, ()))
        super().__init__(session=self.in_rounds)

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[FakeSessionInRounds]:
        """The one session."""
        async with super().trading():
            yield self.in_rounds
