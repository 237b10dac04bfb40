"""Who opens connections and does nothing with them; real loopback sockets."""

import errno
import logging
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self, cast

import pytest
import trio
from hypercorn.events import RawData
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ASGIFramework, ConnectionState
from starlette.responses import PlainTextResponse

from actors.metrics.actor import _ServerConfig
from actors.metrics.http_port import bind
from actors.metrics.http_server import LONGEST_SECONDS, Server, _Connection, connection_limit

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def serving(limit: int, idle: float = 60.0, longest: float = LONGEST_SECONDS) -> AsyncIterator[int]:
    """A running server; gives its port."""
    config = _ServerConfig()
    config.keep_alive_timeout = idle  # type: ignore[assignment]  # declared a whole number
    stop = trio.Event()
    ready = trio.Event()
    with trio.fail_after(20), bind("127.0.0.1", 0) as listener:
        app = cast("ASGIFramework", PlainTextResponse("here"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Server(app, config, limit, longest).run, listener.dup(), stop, ready.set)
            await ready.wait()
            yield listener.getsockname()[1]
            stop.set()


async def answer(port: int) -> bytes:
    """What one request is told; nothing when the connection is closed at once."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        try:
            await stream.send_all(REQUEST)
            return bytes(await stream.receive_some())
        except trio.BrokenResourceError:
            return b""


async def until_answered(port: int) -> None:
    """Connections that end are noticed a moment later."""
    while not (await answer(port)).startswith(b"HTTP/1.1 200"):  # noqa: ASYNC110 - nobody but the server knows when
        await trio.sleep(0.01)


async def test_further_connections_are_closed_at_once_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with serving(limit=3) as port:
        held = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(3)]
        for _ in range(20):
            assert await answer(port) == b""
        for stream in held:
            await stream.aclose()
        await until_answered(port)
    assert caplog.messages == [
        "connections to the HTTP port beyond 3 at a time are closed at once",
        "the HTTP port accepts connections again",
    ]


@pytest.mark.parametrize("begin", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_connection_without_a_complete_request_is_closed(begin: bytes) -> None:
    async with serving(limit=1, idle=0.2) as port:
        slow = await trio.open_tcp_stream("127.0.0.1", port)
        if begin:
            await slow.send_all(begin)
        await until_answered(port)
        await slow.aclose()


async def test_no_connection_lives_for_ever() -> None:
    async with serving(limit=1, longest=0.3) as port:
        drip = await trio.open_tcp_stream("127.0.0.1", port)
        await drip.send_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx")
        await until_answered(port)
        await drip.aclose()


class Unread:
    """The stream of a client that reads nothing, for longer than anybody waits."""

    async def send_all(self, data: bytes) -> None:
        del data
        await trio.sleep(1000)


async def test_a_client_that_reads_nothing_can_be_left(autojump_clock: object) -> None:
    del autojump_clock
    app, stream = cast("AppWrapper", None), cast("trio.SSLStream[trio.SocketStream]", Unread())
    connection = _Connection(app, _ServerConfig(), WorkerContext(None), ConnectionState({}), stream)
    began = trio.current_time()
    with trio.move_on_after(60):
        await connection.protocol_send(RawData(b"an answer"))
    assert trio.current_time() - began == 60


async def test_ended_connections_leave_no_descriptor_open() -> None:
    async with serving(limit=50, idle=0.05) as port:
        for _ in range(3):
            held = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(40)]
            for stream in held:
                assert await stream.receive_some() == b""  # closed by the server
                await stream.aclose()


class Scarce:
    """A listener to which nobody comes while the process has no descriptor left."""

    def __init__(self, number: int) -> None:
        self.error = OSError(number, "as the system says")
        self.asked = 0

    async def accept(self) -> tuple[object, object]:
        self.asked += 1
        await trio.lowlevel.checkpoint()
        raise self.error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


async def accepting(listener: Scarce, seconds: float) -> None:
    server = Server(cast("ASGIFramework", PlainTextResponse("")), _ServerConfig(), 5)
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            await server._accept(cast("trio.socket.SocketType", listener), nursery)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS])
async def test_out_of_descriptors_is_told_once_and_tried_again_now_and_then(
    number: int, autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    del autojump_clock
    listener = Scarce(number)
    await accepting(listener, 100)
    assert 100 < listener.asked <= 201
    (message,) = caplog.messages
    assert message.startswith("the HTTP port accepts no connection: out of ")


async def test_a_broken_listener_is_an_error() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        await accepting(Scarce(errno.EBADF), 1)
    assert raised.group_contains(OSError)


@pytest.mark.parametrize(
    ("descriptors", "limit"), [(32, 8), (256, 64), (1024, 64), (resource.RLIM_INFINITY, 64), (2, 1)]
)
def test_most_descriptors_are_kept_for_trading(monkeypatch: pytest.MonkeyPatch, descriptors: int, limit: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, resource.RLIM_INFINITY))
    assert connection_limit() == limit
