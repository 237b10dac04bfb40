"""Connections of the HTTP endpoint: few at a time, for a short time, so that they use up nothing that trading needs.

hypercorn speaks HTTP on each; which connections there are is decided here.
"""

import errno
import logging
import resource
import socket
from collections.abc import Callable
from typing import cast

import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ConnectionState
from hypercorn.utils import wrap_app

log = logging.getLogger(__name__)

NAME = "HTTP port"
MOST_CONNECTIONS = 64
SHARE = 4
"""Divisor of the process's limit of file descriptors: connections may use this share, the rest is for trading."""
IDLE_SECONDS = 5
"""A connection without a complete request is closed after this time."""
LONGEST_SECONDS = 60.0
"""Any connection to the HTTP port is; clients open another one."""
FINISH_SECONDS = 1
"""At the end, requests that are being answered get this long."""
LARGEST_REQUEST = 16 * 1024
"""Bytes of the request line and all headers. Bodies are not read."""

_PAUSE_SECONDS = 0.5
"""After an accept that failed."""
_SCARCE = {errno.EMFILE: "files", errno.ENFILE: "files", errno.ENOBUFS: "memory", errno.ENOMEM: "memory"}


def connection_limit() -> int:
    """How many connections may be open at a time."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, descriptors // SHARE))


class _Connection(TCPServer):
    """Ends with its client; hypercorn's own would last until it counts as idle."""

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        """As hypercorn's own, but a client that reads nothing can be left: what cancels this closes the stream."""
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        async with self.send_lock:
            try:
                await self.stream.send_all(event.data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                await self.protocol.handle(Closed())


class Server:
    """One listening socket and its connections."""

    def __init__(
        self,
        app: ASGIFramework,
        config: Config,
        limit: int | None = None,
        longest: float = LONGEST_SECONDS,
        name: str = NAME,
    ) -> None:
        """No more than `limit` connections at a time, each for `longest` seconds at most. The log calls it `name`."""
        self._name = name
        self._app = wrap_app(app, config.wsgi_max_body_size, "asgi")
        self._config = config
        self._context = WorkerContext(None)
        self._limit = connection_limit() if limit is None else limit
        self._longest = longest
        self._open = 0
        self._in_trouble = False
        """Whether it was reported that connections are refused or not accepted."""

    async def run(self, listener: socket.socket, stop: trio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop`; then what is being answered gets `FINISH_SECONDS`. Closes `listener`."""
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as accepting:
                accepting.start_soon(self._accept, trio.socket.from_stdlib_socket(listener), connections)
                ready()
                await stop.wait()
                accepting.cancel_scope.cancel()
            await self._context.terminated.set()
            connections.cancel_scope.deadline = trio.current_time() + FINISH_SECONDS

    async def _accept(self, listener: trio.socket.SocketType, connections: trio.Nursery) -> None:
        with listener:
            while True:
                try:
                    connection, _ = await listener.accept()
                except OSError as error:
                    await self._not_accepted(error)
                    continue
                if self._open >= self._limit:
                    connection.close()
                    self._tell(f"connections to the {self._name} beyond {self._limit:,} at a time are closed at once")
                    continue
                self._open += 1
                connections.start_soon(self._serve, trio.SocketStream(connection))

    async def _not_accepted(self, error: OSError) -> None:
        """Raises errors that will not pass by themselves; a client that has disconnected is no error."""
        if error.errno in (errno.EBADF, errno.EINVAL, errno.ENOTSOCK):
            raise error
        if error.errno in _SCARCE:
            self._tell(f"the {self._name} accepts no connection: out of {_SCARCE[error.errno]} ({error.strerror})")
            await trio.sleep(_PAUSE_SECONDS)

    async def _serve(self, stream: trio.SocketStream) -> None:
        try:
            with trio.move_on_after(self._longest):
                either = cast("trio.SSLStream[trio.SocketStream]", stream)  # what it is declared to take
                await _Connection(self._app, self._config, self._context, ConnectionState({}), either).run()
        except Exception as error:  # noqa: BLE001 - whatever one client does ends his connection and no other
            log.debug("a connection to the %s broke: %r", self._name, error)
        finally:
            await trio.aclose_forcefully(stream)  # hypercorn leaves it open when it is cancelled
            self._open -= 1
            if self._in_trouble and self._open <= self._limit // 2:
                self._in_trouble = False
                log.info("the %s accepts connections again", self._name)

    def _tell(self, trouble: str) -> None:
        """Once, until it is over."""
        if not self._in_trouble:
            self._in_trouble = True
            log.warning("%s", trouble)
