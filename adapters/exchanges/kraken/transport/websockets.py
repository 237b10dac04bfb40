"""WebSocket connections: frames in and out, silence noticed, no library's exception let through."""

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Protocol, cast
from urllib.parse import SplitResult, urlsplit

import trio
import trio_websocket

from adapters.exchanges.kraken.transport.server_clock import ServerClock
from adapters.exchanges.kraken.transport.tally import RequestTally
from adapters.exchanges.kraken.wire import socket as wire
from adapters.exchanges.kraken.wire.values import WireError, nanoseconds
from adapters.network.proxies import Proxy, proxy_for
from adapters.network.reachability import no_connection
from adapters.network.trust import certificate_advice, trusted
from adapters.network.tunnel import ProxyFailed, open_tcp
from trading.ports import ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

WS_URL = "wss://ws.kraken.com/v2"
WS_AUTH_URL = "wss://ws-auth.kraken.com/v2"

CONNECT_SECONDS = 15.0
SILENCE_SECONDS = 6.0
"""A subscribed connection says something each second, if only a heartbeat."""
_CLOSE_SECONDS = 1.0
_LARGEST_FRAME = 16 * 2**20
_LOST = (
    trio_websocket.HandshakeError,
    trio_websocket.ConnectionClosed,
    OSError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
)
"""How a connection that is lost or was never made shows itself."""


class Connection(Protocol):
    """What is used of a `trio_websocket.WebSocketConnection`."""

    async def send_message(self, message: str) -> None: ...

    async def get_message(self) -> str | bytes: ...


Dial = Callable[[str], AbstractAsyncContextManager[Connection]]
"""Connects to a URL. May raise what trio-websocket raises, and `OSError`."""


OpenStream = Callable[[SplitResult], Awaitable[trio.abc.Stream]]
"""Connects to the host of a URL."""


def dialler(open_stream: OpenStream) -> Dial:
    """How to connect over streams of any kind.

    The stream is opened and closed here: trio-websocket leaves its own open when the server hangs up first,
    and a program of months would lose a file descriptor at each reconnect.
    """

    @asynccontextmanager
    async def dial(url: str) -> AsyncIterator[trio_websocket.WebSocketConnection]:
        parts = urlsplit(url)
        stream = await open_stream(parts)
        try:
            async with trio.open_nursery() as nursery:
                connection = await _shake_hands(nursery, _Watched(stream), parts)
                try:
                    yield connection
                finally:
                    with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                        await connection.aclose()
                    nursery.cancel_scope.cancel()
        finally:
            await trio.aclose_forcefully(stream)

    return dial


class _Watched(trio.abc.Stream):
    """A stream that says when the other side has ended it."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self.ended = trio.Event()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data: bytes | bytearray = b""
        try:
            data = await self._stream.receive_some(max_bytes)
        finally:
            if not data:
                self.ended.set()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _shake_hands(
    nursery: trio.Nursery, stream: _Watched, parts: SplitResult
) -> trio_websocket.WebSocketConnection:
    """Open the WebSocket. trio-websocket waits for ever when the server hangs up before its answer."""
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    async def give_up(waiting: trio.CancelScope) -> None:
        await stream.ended.wait()
        waiting.cancel()

    with trio.CancelScope() as waiting:
        nursery.start_soon(give_up, waiting)
        # A `SocketStream` is what it is annotated with; any stream will do.
        return await trio_websocket.wrap_client_stream(
            nursery,
            cast("trio.SocketStream", stream),
            parts.netloc,
            resource,
            max_message_size=_LARGEST_FRAME,
        )
    raise ConnectionResetError("closed by the server before its answer")


async def _open_stream(parts: SplitResult) -> trio.abc.Stream:
    """Raises `OSError` that says which host cannot be reached, `ProxyFailed`."""
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)
    proxy = proxy_for(parts.geturl(), os.environ)
    if parts.scheme == "wss":
        trust = trusted()  # what is wrong with it is told first
        transport = await _reach(host, port, proxy)
        stream = trio.SSLStream(transport, trust, server_hostname=host, https_compatible=True)
        try:
            # Here, where what is wrong with a certificate is still told: the WebSocket would only hang.
            await stream.do_handshake()
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return stream
    return await _reach(host, port, proxy)


async def _reach(host: str, port: int, proxy: Proxy | None) -> trio.abc.Stream:
    if proxy is not None:
        return await open_tcp(host, port, proxy, trusted())
    try:
        return await trio.open_tcp_stream(host, port)
    except OSError as error:
        raise ConnectionError(no_connection(host, port, error)) from error


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the errors of a connection into `ExchangeUnavailable`, also inside the group of a nursery."""
    try:
        yield
    except (*_LOST, ExceptionGroup) as error:
        raise _translation(error, what) from None


class Socket:
    """One connection. One task receives; any task may send."""

    def __init__(
        self, connection: Connection, name: str, clock: ServerClock, tally: RequestTally | None = None
    ) -> None:
        """`name` is for errors."""
        self._tally = tally or RequestTally()
        self._asked: dict[int, str] = {}
        """Methods of requests without an answer, by number."""
        self._connection = connection
        self._name = name
        self._clock = clock
        self._numbers = iter(range(1, 2**53))
        self.heard = trio.current_time()
        """When the last frame came, in seconds of trio's clock."""

    def number(self) -> int:
        """A number for a request, new on this connection."""
        return next(self._numbers)

    async def send(self, method: str, params: dict[str, object], number: int) -> None:
        """Raises `ExchangeUnavailable`; then it is not known whether the request left."""
        self._asked[number] = method
        with translated(self._name):
            await self._connection.send_message(wire.request(method, params, number))

    def ended(self) -> None:
        """No answer comes any more."""
        for method in self._asked.values():
            self._tally.unanswered(method)
        self._asked.clear()

    async def receive(self) -> wire.Frame:
        """The next frame. Raises `ExchangeUnavailable` after silence, `WireError` for what is no frame."""
        with translated(self._name):
            with trio.move_on_after(SILENCE_SECONDS):
                content = await self._connection.get_message()
                self.heard = trio.current_time()
                self._clock.watch(self.heard)
                frame = wire.read_frame(content)
                self._note_time(frame)
                if frame.req_id is not None and (method := self._asked.pop(frame.req_id, None)):
                    self._note_end(method, frame)
                return frame
        raise ExchangeUnavailable(f"{self._name}: silent for {SILENCE_SECONDS:g} s, without a heartbeat")

    def _note_end(self, method: str, frame: wire.Frame) -> None:
        if frame.success is False:
            self._tally.refused(method, frame.failure)
        else:
            self._tally.answered(method)

    def _note_time(self, frame: wire.Frame) -> None:
        """Answers carry the server's time to the microsecond."""
        if frame.time_out is None:
            return
        try:
            self._clock.stated(nanoseconds(frame.time_out))
        except WireError:
            logger.debug("%s: an answer with an unusable time", self._name)


@asynccontextmanager
async def open_socket(
    dial: Dial, url: str, name: str, clock: ServerClock, tally: RequestTally | None = None
) -> AsyncIterator[Socket]:
    """A connected socket. Raises `ExchangeUnavailable`."""
    with translated(name):
        with trio.move_on_after(CONNECT_SECONDS) as limit:
            async with dial(url) as connection:
                limit.deadline = float("inf")
                socket = Socket(connection, name, clock, tally)
                try:
                    yield socket
                finally:
                    socket.ended()
                return
        raise ExchangeUnavailable(f"{name}: no connection within {CONNECT_SECONDS:g} s")


def subscription(channel: str, symbols: Sequence[str] = (), **more: object) -> dict[str, object]:
    """Parameters of a subscription."""
    params: dict[str, object] = {"channel": channel, **more}
    if symbols:
        params["symbol"] = list(symbols)
    return params


def _translation(error: Exception, what: str) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ProxyFailed):
        return ExchangeUnavailable(f"{what}: {error}", advice=error.advice)
    if advice := certificate_advice(error):
        return ExchangeUnavailable(f"{what}: {advice}", advice=advice)
    return ExchangeUnavailable(f"{what}: {_describe(error)}") if isinstance(error, _LOST) else error


def _describe(error: Exception) -> str:
    if isinstance(error, trio_websocket.ConnectionRejected):
        return f"refused with HTTP status {error.status_code}"
    if isinstance(error, trio_websocket.ConnectionClosed):
        return f"connection closed ({error.reason})"
    return str(error) or type(error).__name__


dial_network: Dial = dialler(_open_stream)
"""Over the network."""
