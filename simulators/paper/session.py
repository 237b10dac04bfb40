"""The private side of the paper exchange."""

import math
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import trio

from messages.account import AccountSnapshot, History, OrderFacts
from messages.ids import ClientOrderId
from messages.mailboxes import ExchangeEvent
from messages.market import RowEnd
from messages.orders import Place
from trading.ports import ExchangeUnavailable

_CLOSED = "the session with the paper exchange is closed"


class PaperVenue(Protocol):
    """What a session needs of its exchange."""

    async def snapshot(self) -> AccountSnapshot: ...

    async def lookup(self, order_ids: Sequence[ClientOrderId]) -> dict[ClientOrderId, OrderFacts]: ...

    async def closed(self, since: int) -> History: ...

    async def place(self, orders: Sequence[Place]) -> None: ...

    async def cancel(self, order_ids: Sequence[ClientOrderId]) -> None: ...

    def settled(self, row: int, *, again: bool) -> None: ...


class _WithRows:
    """Not a generator: one that its reader drops half-way would have to be closed."""

    def __init__(self, receive: trio.MemoryReceiveChannel[ExchangeEvent | RowEnd]) -> None:
        self._receive = receive

    def __aiter__(self) -> "_WithRows":
        return self

    async def __anext__(self) -> ExchangeEvent | RowEnd:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise ExchangeUnavailable(_CLOSED) from None


class _Events:
    def __init__(self, with_rows: _WithRows) -> None:
        self._with_rows = with_rows

    def __aiter__(self) -> "_Events":
        return self

    async def __anext__(self) -> ExchangeEvent:
        while isinstance(event := await anext(self._with_rows), RowEnd):
            pass
        return event


class PaperSession:
    """A `trading.ports.SessionInRounds`. What a closed one is asked for is `ExchangeUnavailable`."""

    def __init__(self, desk: PaperVenue) -> None:
        self._desk = desk
        self._open = True
        self._send, self._receive = trio.open_memory_channel[ExchangeEvent | RowEnd](math.inf)

    async def snapshot(self) -> AccountSnapshot:
        """Balances and open orders, durable."""
        self._refuse_closed()
        return await self._desk.snapshot()

    async def lookup(self, order_ids: Sequence[ClientOrderId]) -> dict[ClientOrderId, OrderFacts]:
        """Orders by client id. An id that is left out has not arrived and is not on its way."""
        self._refuse_closed()
        return await self._desk.lookup(order_ids)

    async def closed(self, since: int) -> History:
        """Orders that were closed since then, as far as they are kept."""
        self._refuse_closed()
        return await self._desk.closed(since)

    def events(self) -> AsyncIterator[ExchangeEvent]:
        """All since the session was opened, in order."""
        return _Events(_WithRows(self._receive))

    def events_in_rounds(self) -> AsyncIterator[ExchangeEvent | RowEnd]:
        """All since the session was opened, in order, with the ends of rows; none ends at a pace of its own."""
        return _WithRows(self._receive)

    async def place(self, orders: Sequence[Place]) -> None:
        """Place the batch; durable when this returns, and its events are waiting then."""
        self._refuse_closed()
        await self._desk.place(orders)

    async def cancel(self, order_ids: Sequence[ClientOrderId]) -> None:
        """Cancel the batch, likewise."""
        self._refuse_closed()
        await self._desk.cancel(order_ids)

    async def settled(self, row: int, *, again: bool) -> None:
        """Every decision on that row has been applied."""
        self._desk.settled(row, again=again)

    def post(self, event: ExchangeEvent | RowEnd) -> None:
        """The exchange says something."""
        self._send.send_nowait(event)

    def close(self) -> None:
        """Nothing more will be said."""
        self._open = False
        self._send.close()

    def _refuse_closed(self) -> None:
        if not self._open:
            raise ExchangeUnavailable(_CLOSED)
