"""The local Kraken in memory, on trio's clock: messages instead of sockets, the venue's own code behind them.

Everything the program says passes a `Gate`, which is where it dies: from that moment on nothing it does has
any effect, while what it said before still arrives.
"""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import httpx
import trio
from msgspec import Struct
from trio_websocket import CloseReason, ConnectionClosed, WebSocketConnection

from messages.ids import Nanos
from simulators.kraken import Control, Settings
from simulators.kraken.distortion import Direction, GatedStream
from simulators.kraken.faults import FaultPlan
from simulators.kraken.model import trading
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import RequestLog
from simulators.kraken.rest import RestApi
from simulators.kraken.sockets import Connection, Frame
from simulators.kraken.web import Answer, HttpRequest, Lost, Truncated
from simulators.kraken.ws_private import PrivateSession
from simulators.kraken.ws_public import PublicSession

START = Nanos(1_790_000_000 * SECOND)
REST_URL, WS_URL, WS_AUTH_URL = "https://venue.test", "wss://venue.test/v2", "wss://auth.venue.test/v2"
_TIMER_SECONDS = 60.0
"""The program uses neither orders that expire nor the dead man's switch."""
LARGEST_FRAME = 16 * 2**20
"""As the adapter tells trio-websocket."""
HEARTBEAT_SECONDS = 4.5
"""Longer than the venue's own, shorter than the adapter's patience: a day of silence costs less."""


def wall() -> int:
    """Nanoseconds UTC; the machine's clock and the venue's agree."""
    return START + round(trio.current_time() * SECOND)


class Gate:
    """Between one process and everything outside it."""

    def __init__(self) -> None:
        self.dead = trio.Event()
        self.moments = 0
        """How many things with an effect the process has done."""
        self.last = ""
        self._fatal = -1

    def kill_at(self, moment: int) -> None:
        """The process dies before its so manyth effect from now on; 0 is at once."""
        self._fatal = self.moments + moment
        if not moment:
            self.dead.set()

    def passes(self, moment: str) -> bool:
        """Whether the process lives to do this."""
        if not self.dead.is_set():
            self.moments += 1
            self.last = moment
            if self.moments == self._fatal:
                self.dead.set()
        return not self.dead.is_set()

    async def touch(self, moment: str) -> None:
        """Return if the process lives to do this; a dead one does nothing any more."""
        if not self.passes(moment):
            await trio.sleep_forever()


class Wire:
    """One connection: text messages in both directions."""

    def __init__(self) -> None:
        self.to_venue, self._at_venue = trio.open_memory_channel[str](math.inf)
        self.to_client, self._at_client = trio.open_memory_channel[str](math.inf)
        self.speaks = True
        self.hears = trio.Event()
        self.hears.set()

    def close(self) -> None:
        """Both ends learn of it once they have read what was on its way."""
        self.hears.set()
        self.to_venue.close()
        self.to_client.close()

    async def next_at_venue(self) -> str:
        """Raises `ConnectionClosed`."""
        text = await _next(self._at_venue)
        await self.hears.wait()
        return text

    async def next_at_client(self) -> str:
        """Raises `ConnectionClosed`."""
        return await _next(self._at_client)


async def _next(channel: trio.MemoryReceiveChannel[str]) -> str:
    try:
        return await channel.receive()
    except trio.EndOfChannel:
        raise ConnectionClosed(CloseReason(1006, "")) from None


async def _say(channel: trio.MemorySendChannel[str], text: str) -> None:
    await trio.lowlevel.checkpoint()
    try:
        channel.send_nowait(text)
    except trio.ClosedResourceError:
        raise ConnectionClosed(CloseReason(1006, "")) from None


class VenueEnd:
    """What `sandbox.sockets.Connection` uses of a WebSocket and of its stream."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def get_message(self) -> str:
        return await self._wire.next_at_venue()

    async def send_message(self, text: str) -> None:
        if self._wire.speaks:
            await _say(self._wire.to_client, text)
        else:
            await trio.lowlevel.checkpoint()

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        del code, reason
        self._wire.close()

    async def cut(self) -> None:
        self._wire.close()

    def silence(self, direction: Direction = "both") -> None:
        if direction != "in":
            self._wire.speaks = False
        if direction != "out" and self._wire.hears.is_set():
            self._wire.hears = trio.Event()

    def restore(self) -> None:
        self._wire.speaks = True
        self._wire.hears.set()


class ClientEnd:
    """What the adapter uses of a WebSocket."""

    def __init__(self, wire: Wire, gate: Gate, distort: Callable[[str], str]) -> None:
        self._wire = wire
        self._gate = gate
        self._distort = distort

    async def send_message(self, message: str) -> None:
        await self._gate.touch("socket")
        await _say(self._wire.to_venue, message)

    async def get_message(self) -> str:
        text = self._distort(await self._wire.next_at_client())
        await self._gate.touch("frame")
        if len(text) > LARGEST_FRAME:
            self._wire.close()
            raise ConnectionClosed(CloseReason(1009, "too large"))
        return text


class _Connection(Connection):
    """Looks at the clock when a heartbeat may be due, instead of all the time."""

    async def _beat(self) -> None:
        while True:
            frame = self._last_channel_frame
            await trio.sleep_until(max(frame + HEARTBEAT_SECONDS, self._last_subscribed))
            if not self._session.subscribed():
                self._last_subscribed = trio.current_time() + HEARTBEAT_SECONDS
            elif frame == self._last_channel_frame:
                self._push([Frame({"channel": "heartbeat"}, "heartbeat")])


class Weather(Struct):
    """What the network does to new connections and requests."""

    refusing: bool = False
    """Nobody answers at once: connection refused."""
    swallowing: bool = False
    """Nobody answers at all."""


class Network:
    """The venue and the way to it; it outlives every process."""

    def __init__(self, nursery: trio.Nursery, settings: Settings) -> None:
        self._nursery = nursery
        self.venue = Venue(settings, wall)
        self.faults = FaultPlan()
        self.log = RequestLog()
        self.control = Control(self.venue, self.faults, self.log)
        self.weather = Weather()
        self.distort: Callable[[str], str] = lambda text: text
        """What becomes of each frame and reply on its way to the program."""
        self._rest = RestApi(self.venue, self.faults, self.log)
        for symbol, price in settings.prices.items():
            self.control.price(symbol, price)

    async def keep_time(self) -> None:
        """The venue's own timers."""
        while True:
            trading.pass_time(self.venue)
            await trio.sleep(_TIMER_SECONDS)

    @asynccontextmanager
    async def dial(self, gate: Gate, url: str) -> AsyncIterator[ClientEnd]:
        """A connection of one process."""
        await gate.touch("dial")
        await trio.lowlevel.checkpoint()
        if self.weather.swallowing:
            await trio.sleep_forever()
        if self.weather.refusing:
            raise OSError("connection refused")
        wire = Wire()
        self._nursery.start_soon(self._serve, wire, url == WS_AUTH_URL)
        try:
            yield ClientEnd(wire, gate, self._distorted)
        finally:
            wire.close()

    def _distorted(self, text: str) -> str:
        return self.distort(text)

    async def _serve(self, wire: Wire, private: bool) -> None:
        end = VenueEnd(wire)
        socket, stream = cast("WebSocketConnection", end), cast("GatedStream", end)
        session = PrivateSession if private else PublicSession
        connection = _Connection(self.venue, self.faults, self.log, socket, stream, session)
        self.control.connections[connection.id] = connection
        if private:
            self.control.private.add(connection.id)
        try:
            await connection.run()
        finally:
            wire.close()
            self.control.connections.pop(connection.id, None)
            self.control.private.discard(connection.id)

    def transport(self, gate: Gate) -> httpx.AsyncBaseTransport:
        """REST of one process."""
        return _Transport(self, gate)

    async def ask(self, request: HttpRequest) -> Answer:
        """A request on its way: whoever asked may be gone before the answer comes."""
        answered, replies = trio.Event(), list[Answer]()
        self._nursery.start_soon(partial(self._answer, request, answered, replies))
        await answered.wait()
        return replies[0]

    async def _answer(self, request: HttpRequest, answered: trio.Event, replies: list[Answer]) -> None:
        replies.append(await self._rest.handle(request))
        answered.set()


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, network: Network, gate: Gate) -> None:
        self._network = network
        self._gate = gate

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._gate.touch(f"rest {request.url.path}")
        await trio.lowlevel.checkpoint()
        if self._network.weather.refusing:
            raise httpx.ConnectError("connection refused")
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = HttpRequest(request.method, request.url.path, request.url.query.decode(), headers, request.content)
        with trio.move_on_after(request.extensions["timeout"]["read"]):
            if self._network.weather.swallowing:
                await trio.sleep_forever()
            reply = await self._network.ask(asked)
            if isinstance(reply, Lost) and reply.hang:
                await trio.sleep_forever()
            await self._gate.touch("reply")
            if isinstance(reply, Lost | Truncated):
                raise httpx.RemoteProtocolError("server disconnected")
            body = self._network.distort(reply.body.decode())
            return httpx.Response(reply.status, headers={"Content-Type": reply.content_type}, content=body.encode())
        raise httpx.ReadTimeout("timed out")


__all__ = ["REST_URL", "START", "WS_AUTH_URL", "WS_URL", "Gate", "Network", "wall"]
