"""A small HTTP/1.1 server on trio that can lose a reply on purpose, which ordinary servers cannot."""

from collections.abc import Awaitable, Callable

import h11
import trio
from msgspec import Struct

_CHUNK = 65536
_BODY_MOST = 1 << 20


class HttpRequest(Struct, frozen=True):
    """One request."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


class HttpReply(Struct, frozen=True):
    """One reply."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"


class Lost(Struct, frozen=True):
    """No reply comes: the connection closes, or stays open and silent until the client gives up."""

    hang: bool = False


class Truncated(Struct, frozen=True):
    """The connection closes in the middle of the reply."""

    reply: HttpReply


Answer = HttpReply | Lost | Truncated
Handler = Callable[[HttpRequest], Awaitable[Answer]]


Sent = Callable[[HttpRequest], None]
"""Called once the reply to this request has left."""


async def serve_connection(stream: trio.abc.Stream, handler: Handler, sent: Sent | None = None) -> None:
    """Answer the requests of one connection until either side closes it."""
    async with stream:
        try:
            await _Exchange(stream, handler, sent).run()
        except (h11.RemoteProtocolError, h11.LocalProtocolError, trio.BrokenResourceError, trio.ClosedResourceError):
            return


class _Exchange:
    def __init__(self, stream: trio.abc.Stream, handler: Handler, sent: Sent | None) -> None:
        self._stream = stream
        self._handler = handler
        self._sent = sent
        self._http = h11.Connection(h11.SERVER)

    async def run(self) -> None:
        while True:
            request = await self._request()
            if request is None:
                return
            reply = await self._handler(request)
            if isinstance(reply, Lost):
                while reply.hang and await self._stream.receive_some(_CHUNK):
                    pass
                return
            if isinstance(reply, Truncated):
                await self._stream.send_all(self._head(reply.reply) + reply.reply.body[: len(reply.reply.body) // 2])
                return
            await self._send(reply)
            if self._sent is not None:
                self._sent(request)
            if self._http.our_state is h11.MUST_CLOSE:
                return
            self._http.start_next_cycle()

    async def _request(self) -> HttpRequest | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(bytes(await self._stream.receive_some(_CHUNK)))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _BODY_MOST:
                    return None
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _decoded(head, bytes(body))
            else:
                return None

    async def _send(self, reply: HttpReply) -> None:
        head = self._head(reply)
        parts = (head, self._http.send(h11.Data(data=reply.body)), self._http.send(h11.EndOfMessage()))
        await self._stream.send_all(b"".join(part for part in parts if part))

    def _head(self, reply: HttpReply) -> bytes:
        headers = [("content-type", reply.content_type), ("content-length", str(len(reply.body)))]
        return self._http.send(h11.Response(status_code=reply.status, headers=headers)) or b""


def _decoded(head: h11.Request, body: bytes) -> HttpRequest:
    path, _, query = head.target.decode("ascii").partition("?")
    headers = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in head.headers}
    return HttpRequest(head.method.decode("ascii"), path, query, headers, body)
