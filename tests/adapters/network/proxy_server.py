"""An HTTP proxy on loopback that knows CONNECT and can refuse, hang or talk nonsense."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio


@dataclass
class ProxyServer:
    """What it was asked, and how it answers."""

    port: int
    status: int = 200
    """Of its answers to CONNECT; 0: nothing, for ever."""
    raw: bytes | None = None
    """Said in place of HTTP."""
    leads_to: dict[str, int] = field(default_factory=dict)
    """Ports of this machine that stand for `host:port`: names that nobody else knows."""
    asked: list[str] = field(default_factory=list)
    """First lines of requests."""
    authorizations: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


async def _serve(server: ProxyServer, stream: trio.SocketStream) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        if not (more := await stream.receive_some()):
            return
        head += more
    first, *lines = head.decode().split("\r\n")
    server.asked.append(first)
    server.authorizations += [line for line in lines if line.lower().startswith("proxy-authorization")]
    if server.raw is not None:
        await stream.send_all(server.raw)
        return
    if not server.status:
        await trio.sleep_forever()
    await stream.send_all(f"HTTP/1.1 {server.status} Whatever\r\n\r\n".encode())
    if server.status != 200:
        return
    target = await trio.open_tcp_stream("127.0.0.1", server.leads_to[first.split()[1]])
    async with target, trio.open_nursery() as nursery:
        nursery.start_soon(_pump, stream, target)
        await _pump(target, stream)
        nursery.cancel_scope.cancel()


async def _pump(source: trio.SocketStream, sink: trio.SocketStream) -> None:
    try:
        async for data in source:
            await sink.send_all(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return


@asynccontextmanager
async def proxying() -> AsyncIterator[ProxyServer]:
    """Until the end of this block."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server = ProxyServer(listener.socket.getsockname()[1])

    async def serve(stream: trio.SocketStream) -> None:
        await _serve(server, stream)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield server
        nursery.cancel_scope.cancel()
