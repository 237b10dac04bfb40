"""A network in memory: streams of bytes between the program and the local Kraken, on trio's clock."""

import ssl
from collections.abc import AsyncIterable, Iterable
from typing import Any
from urllib.parse import SplitResult

import httpcore
import httpx
import trio
import trio.testing

from adapters.exchanges.kraken.transport.websockets import Dial, dialler
from simulators.kraken import Doors

REST_PORT, WS_PORT, WS_AUTH_PORT = 8100, 8101, 8102
REST_URL = f"http://127.0.0.1:{REST_PORT}"
WS_URL = f"ws://127.0.0.1:{WS_PORT}/v2"
WS_AUTH_URL = f"ws://127.0.0.1:{WS_AUTH_PORT}/v2"


class MemoryNetwork:
    """Connects to the doors of a venue; their serving ends run in `nursery`."""

    def __init__(self, doors: Doors, nursery: trio.Nursery) -> None:
        self._doors = {REST_PORT: doors.rest, WS_PORT: doors.ws, WS_AUTH_PORT: doors.ws_auth}
        self._nursery = nursery
        self.unplugged = False
        """No new connection comes about, as without a network."""

    def dial(self) -> Dial:
        """WebSockets over this network."""
        return dialler(self._open)

    def transport(self) -> httpx.AsyncBaseTransport:
        """HTTP over this network: httpx's own pool, with its timeouts, on our streams."""
        transport = httpx.AsyncHTTPTransport()
        transport._pool = httpcore.AsyncConnectionPool(network_backend=_Backend(self))
        return transport

    async def _open(self, parts: SplitResult) -> trio.abc.Stream:
        return await self.connect(parts.port or 0)

    async def connect(self, port: int) -> trio.abc.Stream:
        """The near end of a new connection. Raises `OSError`."""
        await trio.lowlevel.checkpoint()
        if self.unplugged:
            raise OSError("network is unreachable")
        near, far = trio.testing.memory_stream_pair()
        self._nursery.start_soon(self._serve, port, far)
        return near

    async def _serve(self, port: int, stream: trio.abc.Stream) -> None:
        try:
            await self._doors[port](stream)
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            await trio.aclose_forcefully(stream)


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._network.connect(port))
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from None

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        with trio.move_on_after(float("inf") if timeout is None else timeout):
            try:
                return bytes(await self._stream.receive_some(max_bytes))
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise httpcore.ReadError(str(error)) from None
        raise httpcore.ReadTimeout

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        with trio.move_on_after(float("inf") if timeout is None else timeout):
            try:
                await self._stream.send_all(buffer)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise httpcore.WriteError(str(error)) from None
            return
        raise httpcore.WriteTimeout

    async def aclose(self) -> None:
        await trio.aclose_forcefully(self._stream)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("no TLS in memory")

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's interface
        """An idle connection that can be read has been closed by the other side."""
        if info == "is_readable":
            incoming = self._stream.receive_stream._incoming  # type: ignore[attr-defined]
            return incoming._closed or bool(incoming._data)
        return None


__all__ = ["REST_URL", "WS_AUTH_URL", "WS_URL", "AsyncIterable", "MemoryNetwork"]
