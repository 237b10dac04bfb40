"""Clients of a running venue: httpx for REST, trio-websocket for the sockets."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, Sandbox
from simulators.kraken.signing import sign
from simulators.kraken.wire import decode, encode

Message = dict[str, Any]
PATIENCE = 5
"""Seconds after which a test gives up waiting."""


class Rest:
    """A REST client with one key."""

    def __init__(self, kraken: Sandbox, http: httpx.AsyncClient) -> None:
        self._url = kraken.rest_url
        self._http = http
        self._nonce = 0

    async def public(self, name: str, **params: str) -> Message:
        reply = await self._http.get(f"{self._url}/0/public/{name}", params=params)
        decoded: Message = decode(reply.text)
        return decoded

    async def raw(self, name: str, **fields: object) -> httpx.Response:
        self._nonce += 1
        body, path = urlencode({"nonce": self._nonce} | fields), f"/0/private/{name}"
        headers = {
            "API-Key": DEMO_KEY,
            "API-Sign": sign(DEMO_PRIVATE, path, str(self._nonce), body.encode()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return await self._http.post(self._url + path, content=body, headers=headers)

    async def private(self, name: str, **fields: object) -> Message:
        decoded: Message = decode((await self.raw(name, **fields)).text)
        return decoded

    async def buy(self, price: str = "60000.0", **fields: object) -> Message:
        order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": price, "volume": "0.01"}
        return await self.private("AddOrder", **(order | fields))


class Wire:
    """A WebSocket client that keeps what it passed over."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket
        self.passed: list[Message] = []

    async def send(self, method: str, req_id: int | None = None, **params: object) -> None:
        message: Message = {"method": method, "params": params} | ({} if req_id is None else {"req_id": req_id})
        await self.socket.send_message(encode(message).decode())

    async def receive(self) -> Message:
        with trio.fail_after(PATIENCE):
            decoded: Message = decode(await self.socket.get_message())
            return decoded

    async def until(self, wanted: Callable[[Message], bool]) -> Message:
        """The next message that is wanted."""
        while True:
            message = await self.receive()
            if wanted(message):
                return message
            self.passed.append(message)

    async def channel(self, name: str) -> Message:
        """The next message of a channel."""
        return await self.until(lambda message: message.get("channel") == name)

    async def answer(self, method: str) -> Message:
        """The next answer to a method."""
        return await self.until(lambda message: message.get("method") == method)

    async def ask(self, method: str, req_id: int | None = None, **params: object) -> Message:
        await self.send(method, req_id, **params)
        return await self.answer(method)

    async def end(self) -> None:
        """Read until the venue ends the connection."""
        with trio.fail_after(PATIENCE):
            try:
                while True:
                    self.passed.append(await self.receive())
            except ConnectionClosed:
                return

    async def pong(self, req_id: int) -> Message:
        """Ping, and the answer."""
        await self.send("ping", req_id)
        return await self.answer("pong")


@asynccontextmanager
async def rest_client(kraken: Sandbox) -> AsyncGenerator[Rest]:
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        yield Rest(kraken, http)


@asynccontextmanager
async def wire_client(url: str) -> AsyncGenerator[Wire]:
    """The stream is opened and closed here: trio-websocket leaves it open when the other side ends."""
    parts = urlsplit(url)
    stream = await trio.open_tcp_stream(parts.hostname or "", parts.port or 0)
    async with stream, trio.open_nursery() as nursery:
        socket = await wrap_client_stream(nursery, stream, parts.netloc, parts.path)
        yield Wire(socket)
        with trio.move_on_after(PATIENCE):
            await socket.aclose()
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def subscribed(kraken: Sandbox, rest: Rest, *channels: str) -> AsyncGenerator[tuple[Wire, str]]:
    """A private connection with its token; acks and snapshots are read already."""
    token = (await rest.private("GetWebSocketsToken"))["result"]["token"]
    async with wire_client(kraken.ws_auth_url) as wire:
        for channel in channels:
            assert (await wire.ask("subscribe", channel=channel, token=token))["success"]
            assert (await wire.channel(channel))["sequence"] == 1
        yield wire, token
