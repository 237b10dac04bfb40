"""A notification service on loopback that answers by script: over real sockets, well, badly, late or never."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import h11
import trio


@dataclass
class Request:
    """What arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> dict[str, object]:
        read: dict[str, object] = json.loads(self.body)
        return read


@dataclass
class Reply:
    """What the service does with a request; `raw` instead of HTTP, `seconds` before anything."""

    status: int = 200
    body: bytes = b"{}"
    headers: Sequence[tuple[str, str]] = ()
    seconds: float = 0
    raw: bytes | None = None


OK = Reply(body=b'{"ok":true,"result":{}}')
HANGS = Reply(seconds=1e9)
GARBAGE = Reply(raw=b"\x00\x01 this is not HTTP \xff\r\n\r\n")
HANGS_UP = Reply(raw=b"")


@dataclass
class Service:
    """`replies` are given in order, the last one for ever."""

    port: int
    replies: list[Reply] = field(default_factory=lambda: [OK])
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def sent(self, method: str) -> list[Request]:
        """The requests whose path ends so."""
        return [request for request in self.requests if request.path.endswith(method)]


@asynccontextmanager
async def service(*replies: Reply, port: int = 0) -> AsyncIterator[Service]:
    """It listens until the block ends, on any free port unless one is given."""
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")
        found = Service(listeners[0].socket.getsockname()[1])
        if replies:
            found.replies = list(replies)
        nursery.start_soon(partial(trio.serve_listeners, partial(_serve, found), listeners))
        try:
            yield found
        finally:
            nursery.cancel_scope.cancel()


async def refused_port() -> int:
    """A port where nobody listens."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port: int = listener.socket.getsockname()[1]
    await listener.aclose()
    return port


async def _serve(found: Service, stream: trio.SocketStream) -> None:
    async with stream:
        connection = h11.Connection(h11.SERVER)
        try:
            request = await _read(connection, stream)
        except (h11.RemoteProtocolError, trio.BrokenResourceError):
            return
        found.requests.append(request)
        reply = found.next_reply()
        await trio.sleep(reply.seconds)
        with suppress(trio.BrokenResourceError):  # the client may have given up
            await stream.send_all(_bytes(connection, reply))


async def _read(connection: h11.Connection, stream: trio.SocketStream) -> Request:
    head: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        match event:
            case h11.NEED_DATA:
                connection.receive_data(await stream.receive_some(65_536))
            case h11.Request():
                head = event
            case h11.Data():
                body += bytes(event.data)
            case _ if head is None:
                raise h11.RemoteProtocolError("the client has left before it said anything")
            case _:
                headers = {name.decode().lower(): value.decode() for name, value in head.headers}
                return Request(head.method.decode(), head.target.decode(), headers, body, trio.current_time())


def _bytes(connection: h11.Connection, reply: Reply) -> bytes:
    if reply.raw is not None:
        return reply.raw
    headers = [("Content-Length", str(len(reply.body))), ("Connection", "close"), *reply.headers]
    parts = [h11.Response(status_code=reply.status, headers=headers), h11.Data(reply.body), h11.EndOfMessage()]
    return b"".join(connection.send(part) or b"" for part in parts)


async def until(wanted: Callable[[], object], patience: float = 10) -> None:
    """Look until it is so."""
    with trio.fail_after(patience):
        while not wanted():  # noqa: ASYNC110 - the service is looked at from outside
            await trio.sleep(0.01)
