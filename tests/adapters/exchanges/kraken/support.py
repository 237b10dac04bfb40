"""Kraken's two sides in memory: a WebSocket peer that a test speaks for, and REST answers from a table."""

import json
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, cast

import httpx
import trio
import trio.testing
import trio_websocket

from adapters.exchanges.kraken.session import KrakenSession, Line, LiveAccount, open_session
from adapters.exchanges.kraken.transport.nonce import NonceSource
from adapters.exchanges.kraken.transport.request_signing import Signer
from adapters.exchanges.kraken.transport.rest_client import PrivateRest, PublicRest, make_client
from adapters.exchanges.kraken.transport.server_clock import SECOND, ServerClock
from adapters.exchanges.kraken.wire.names import PairName, PairTable
from adapters.exchanges.kraken.wire.values import stamp_of
from config.secrets import Secret
from messages.ids import ClientOrderId, Nanos, client_order_id
from messages.mailboxes import ExchangeEvent
from messages.orders import Deferred, OrderKind, Place

KEY = Secret("public")
PRIVATE = Secret("kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==")
"""The private half of the documentation's example."""

START = Nanos(1_790_000_000 * SECOND)
STAMP = "2026-09-21T14:13:20.000000Z"
SOON = "2026-09-21T14:13:50.000000Z"
"""Half a minute after the start."""
NAMES = PairTable(
    [
        PairName("XXBTZUSD", "XBTUSD", "BTC/USD"),
        PairName("XETHZUSD", "ETHUSD", "ETH/USD"),
        PairName("AAPLxUSD", "AAPLxUSD", "AAPLx/USD", tokenized=True),
    ]
)

Message = dict[str, Any]


def wall() -> int:
    """A wall clock that goes with trio's."""
    return START + int(trio.current_time() * SECOND)


def order_id(number: int) -> ClientOrderId:
    """A client id of strategy 1001."""
    return client_order_id(1001, str(number))


def place(
    number: int,
    price: str = "60000.0",
    volume: str = "0.00250000",
    *,
    side: str = "buy",
    kind: OrderKind = "ladder",
    symbol: str = "BTC/USD",
) -> Place:
    """A post-only order of strategy 1001."""
    return Place(
        strategy=1001,
        order_id=order_id(number),
        symbol=symbol,
        side="sell" if side == "sell" else "buy",
        price=Decimal(price),
        volume=Decimal(volume),
        post_only=True,
        kind=kind,
        cause=str(number),
        time=START,
    )


class RestTable:
    """REST answers by endpoint: a result, an exception, or a function of the request's body."""

    def __init__(self, **answers: object) -> None:
        self.answers: dict[str, object] = {
            "GetWebSocketsToken": {"token": "T", "expires": 900},
            "BalanceEx": {},
            "OpenOrders": {"open": {}},
            "Ledgers": "EGeneral:Permission denied",
            **answers,
        }
        self.calls: list[tuple[str, Message]] = []
        self.transport = httpx.MockTransport(self._answer)

    def asked(self, name: str) -> list[Message]:
        """Bodies or queries of all calls of this endpoint."""
        return [body for called, body in self.calls if called == name]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        body = json.loads(request.content) if request.content else dict(request.url.params)
        self.calls.append((name, body))
        answer = self.answers[name]
        if isinstance(answer, list) and name != "error":
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(body)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        if isinstance(answer, str):
            return httpx.Response(200, json={"error": [answer]})
        return httpx.Response(200, json={"error": [], "result": answer})


class MemoryNonces:
    """A store that forgets at the end of the test."""

    def __init__(self) -> None:
        self.until = 0
        self.writes = 0
        self.traded = False

    async def load(self) -> int:
        """What was reserved last."""
        return self.until

    async def reserve(self, until: int) -> None:
        """Only remembered."""
        self.until = until
        self.writes += 1

    async def has_traded(self) -> bool:
        """What was noted."""
        return self.traded

    async def note_trading(self) -> None:
        """Only remembered."""
        self.traded = True


class Far:
    """The far end of one WebSocket."""

    def __init__(self, socket: trio_websocket.WebSocketConnection) -> None:
        self._socket = socket
        self._sequences: dict[str, int] = {}
        self.beating = True

    async def heard(self) -> Message:
        """The next request."""
        request: Message = json.loads(await self._socket.get_message())
        return request

    async def say(self, message: Message | str) -> None:
        """Any frame."""
        text = message if isinstance(message, str) else json.dumps(message, default=str)
        await self._socket.send_message(text)

    async def answer(self, request: Message, result: object = None, error: str = "") -> None:
        """Success with a result, or a refusal."""
        outcome: Message = {"error": error, "success": False} if error else {"result": result, "success": True}
        stamp = stamp_of(wall())
        await self.say({"method": request["method"], "req_id": request["req_id"], "time_out": stamp, **outcome})

    async def channel(self, name: str, *data: object, kind: str = "update", sequence: int | None = None) -> None:
        """A frame of a private channel; numbers of the data are literal texts."""
        self._sequences[name] = self._sequences.get(name, 0) + 1 if sequence is None else sequence
        head = f'"channel":"{name}","type":"{kind}","sequence":{self._sequences[name]}'
        await self.say(f'{{{head},"data":[{",".join(literal(item) for item in data)}]}}')

    async def open_account(self, orders: Sequence[object] = (), holdings: Sequence[object] = ()) -> None:
        """Confirm both subscriptions and show the account."""
        for _ in range(2):
            request = await self.heard()
            channel = request["params"]["channel"]
            result = {"channel": channel} | ({"maxratecount": 125} if channel == "executions" else {})
            await self.answer(request, result)
        await self.channel("executions", *orders, kind="snapshot")
        default = [{"asset": "USD", "balance": "1000.0000"}, {"asset": "BTC", "balance": "0.0500000000"}]
        await self.channel("balances", *(holdings or default), kind="snapshot")

    async def beat(self) -> None:
        """Heartbeats, until told to stop."""
        while True:
            await trio.sleep(1)
            if self.beating:
                await self.say({"channel": "heartbeat"})

    async def cut(self) -> None:
        """Close the connection."""
        await self._socket.aclose()


_NUMBERS = frozenset(
    [
        "balance",
        "amount",
        "fee",
        "order_qty",
        "limit_price",
        "cum_qty",
        "cum_cost",
        "avg_price",
        "last_qty",
        "last_price",
        "cost",
        "price",
        "qty",
    ]
)


def literal(item: object) -> str:
    """JSON in which money has the exact digits of its text."""
    if not isinstance(item, dict):
        return json.dumps(item)
    parts = []
    for name, value in item.items():
        if name in _NUMBERS and isinstance(value, str):
            text = value
        elif isinstance(value, list):
            text = f"[{','.join(literal(part) for part in value)}]"
        else:
            text = json.dumps(value)
        parts.append(f"{json.dumps(name)}:{text}")
    return f"{{{','.join(parts)}}}"


class Peer:
    """Takes connections; a test gets the far end of each."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.refuse: Exception | None = None
        self._send, self._receive = trio.open_memory_channel[Far](math.inf)

    async def accepted(self) -> Far:
        """The far end of the next connection."""
        return await self._receive.receive()

    @asynccontextmanager
    async def dial(self, url: str) -> AsyncIterator[trio_websocket.WebSocketConnection]:
        """What stands for the network."""
        self.urls.append(url)
        if self.refuse is not None:
            raise self.refuse
        near, far = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._serve, nursery, far)
            stream = cast("trio.SocketStream", near)
            connection = await trio_websocket.wrap_client_stream(nursery, stream, "kraken", "/v2")
            yield connection
            nursery.cancel_scope.cancel()

    async def _serve(self, nursery: trio.Nursery, stream: trio.abc.Stream) -> None:
        request = await trio_websocket.wrap_server_stream(nursery, stream)
        far = Far(await request.accept())
        self._send.send_nowait(far)
        try:
            await far.beat()
        except trio_websocket.ConnectionClosed:
            return


class Rig:
    """One open session and its far end."""

    def __init__(self, session: KrakenSession, far: Far, rest: RestTable, account: LiveAccount) -> None:
        self.session = session
        self.far = far
        self.rest = rest
        self.account = account
        self._events = session.events()
        self.waits: list[Deferred] = []
        """What was said of orders that wait; it changes nothing for an order, so `events` and `quiet` leave it out."""

    async def events(self, count: int) -> list[ExchangeEvent]:
        """The next so many events; none may take long."""
        with trio.fail_after(60):
            return [await self._event() for _ in range(count)]

    async def quiet(self, seconds: float = 0.5) -> bool:
        """Whether nothing is said for a while."""
        with trio.move_on_after(seconds):
            await self._event()
            return False
        return True

    async def _event(self) -> ExchangeEvent:
        while isinstance(event := await anext(self._events), Deferred):
            self.waits.append(event)
        return event

    async def silent(self, seconds: float) -> bool:
        """Whether no request is sent for so long."""
        with trio.move_on_after(seconds):
            await self.far.heard()
            return False
        return True

    async def failure(self) -> Exception:
        """How the events end."""
        with trio.fail_after(60):
            while True:
                try:
                    await anext(self._events)
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    return error

    async def placed(self, *orders: Place) -> Message:
        """Place these, and hear the request."""
        await self.session.place(orders)
        with trio.fail_after(5):
            return await self.far.heard()


def private_rest(rest: RestTable) -> PrivateRest:
    """Private REST with nonces in memory."""
    client = make_client("https://kraken.test", rest.transport)
    return PrivateRest(client, Signer(KEY, PRIVATE), NonceSource(MemoryNonces(), wall))


def public_rest(rest: RestTable) -> PublicRest:
    """Public REST."""
    return PublicRest(make_client("https://kraken.test", rest.transport))


def make_account(rest: RestTable) -> LiveAccount:
    """An account before its first session."""
    clock = ServerClock(wall)
    clock.stated(wall())
    return LiveAccount(private_rest(rest), NAMES, clock)


@asynccontextmanager
async def opened(
    rest: RestTable | None = None,
    orders: Sequence[object] = (),
    holdings: Sequence[object] = (),
    account: LiveAccount | None = None,
) -> AsyncIterator[Rig]:
    """A session whose account shows these orders and holdings."""
    rest = rest or RestTable()
    account = account or make_account(rest)
    peer = Peer()
    far: list[Far] = []

    async def answer() -> None:
        far.append(await peer.accepted())
        await far[0].open_account(orders, holdings)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        async with open_session(account, Line(peer.dial, "wss://kraken.test/v2")) as session:
            yield Rig(session, far[0], rest, account)
        nursery.cancel_scope.cancel()


def report(number: int, exec_type: str, **fields: object) -> Message:
    """An execution report of order `number`; its exchange id is `O<number>`."""
    statuses = {"trade": "partially_filled"}
    return {
        "order_id": f"O{number}",
        "cl_ord_id": order_id(number),
        "exec_type": exec_type,
        "order_status": statuses.get(exec_type, exec_type),
        "timestamp": STAMP,
        **fields,
    }


def opening(number: int, **fields: object) -> Message:
    """The first report of an order, with all that describes it."""
    described = {"symbol": "BTC/USD", "side": "buy", "order_qty": "0.00250000", "limit_price": "60000.0"}
    return report(number, "pending_new", **{**described, **fields})


def trade(number: int, qty: str, cum: str, fill: str, **fields: object) -> Message:
    """A fill at 60000."""
    spent = Decimal(qty) * 60000
    described: Message = {
        "exec_id": fill,
        "symbol": "BTC/USD",
        "side": "buy",
        "last_qty": qty,
        "last_price": "60000.0",
        "cost": f"{spent:.5f}",
        "cum_qty": cum,
        "cum_cost": f"{Decimal(cum) * 60000:.5f}",
        "fees": [{"asset": "USD", "qty": f"{spent * Decimal('0.004'):.5f}"}],
    }
    return report(number, "trade", **{**described, **fields})


def closed(number: int, status: str = "closed", filled: str = "0.00250000") -> Message:
    """An order of ClosedOrders."""
    return {
        "status": status,
        "cl_ord_id": order_id(number),
        "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "60000.0"},
        "vol": "0.00250000",
        "vol_exec": filled,
        "cost": "150.00000",
        "fee": "0.60000",
        "opentm": 1790000001.118233,
        "closetm": 1790000055.402911,
    }


async def acknowledged(far: Far, request: Message, *numbers: int) -> None:
    """Kraken takes the orders of a request."""
    results = [{"order_id": f"O{number}", "cl_ord_id": order_id(number)} for number in numbers]
    await far.answer(request, results if request["method"] == "batch_add" else results[0])
