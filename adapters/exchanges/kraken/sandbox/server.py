"""The local venue as a whole: its listeners on loopback and the embedding interface for tests."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import trio
from msgspec import Struct
from trio_websocket import wrap_server_stream

from adapters.exchanges.kraken.sandbox.control import Control
from adapters.exchanges.kraken.sandbox.control_port import ControlPort
from adapters.exchanges.kraken.sandbox.faults import FaultPlan
from adapters.exchanges.kraken.sandbox.model import trading
from adapters.exchanges.kraken.sandbox.model.venue import Venue
from adapters.exchanges.kraken.sandbox.request_log import RequestLog
from adapters.exchanges.kraken.sandbox.rest import RestApi
from adapters.exchanges.kraken.sandbox.settings import Settings
from adapters.exchanges.kraken.sandbox.sockets import Connection, GatedStream, Session, connection_limit
from adapters.exchanges.kraken.sandbox.web import serve_connection
from adapters.exchanges.kraken.sandbox.ws_private import PrivateSession
from adapters.exchanges.kraken.sandbox.ws_public import PublicSession

LOOPBACK = "127.0.0.1"
WS_PATH = "/v2"
_HANDSHAKE_SECONDS = 10
_TIMER_SECONDS = 0.05


class Ports(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to listen; 0 is any free port."""

    rest: int = 0
    ws: int = 0
    ws_auth: int = 0
    control: int = 0


class Sandbox:
    """A running local venue."""

    def __init__(self, control: Control, ports: Ports) -> None:
        self.control = control
        self.ports = ports
        self.rest_url = f"http://{LOOPBACK}:{ports.rest}"
        self.ws_url = f"ws://{LOOPBACK}:{ports.ws}{WS_PATH}"
        self.ws_auth_url = f"ws://{LOOPBACK}:{ports.ws_auth}{WS_PATH}"
        self.control_url = f"http://{LOOPBACK}:{ports.control}"

    @property
    def venue(self) -> Venue:
        return self.control.venue

    @property
    def faults(self) -> FaultPlan:
        return self.control.faults


@asynccontextmanager
async def open_sandbox(
    nursery: trio.Nursery | None = None, settings: Settings | None = None, ports: Ports | None = None
) -> AsyncGenerator[Sandbox]:
    """A local venue while the block runs. With a nursery it lives on in there until that is cancelled."""
    if nursery is not None:
        yield await nursery.start(partial(serve, settings, ports))
        return
    async with trio.open_nursery() as own:
        yield await own.start(partial(serve, settings, ports))
        own.cancel_scope.cancel()


async def serve(
    settings: Settings | None = None,
    ports: Ports | None = None,
    task_status: trio.TaskStatus[Sandbox] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; `started` hands out the sandbox once every port listens."""
    settings, asked = settings or Settings(), ports or Ports()
    venue, faults, log = Venue(settings), FaultPlan(), RequestLog()
    control = Control(venue, faults, log)
    for symbol, price in settings.prices.items():
        control.price(symbol, price)
    rest, port = RestApi(venue, faults, log), ControlPort(control)
    sockets = _Sockets(control)

    async def serve_rest(stream: trio.SocketStream) -> None:
        control.rest_streams.add(stream)
        try:
            await serve_connection(stream, rest.handle, rest.sent)
        finally:
            control.rest_streams.discard(stream)

    async with trio.open_nursery() as nursery:
        open_port = partial(_listen, nursery)
        found = Ports(
            rest=await open_port(serve_rest, asked.rest),
            ws=await open_port(partial(sockets.serve, PublicSession, private=False), asked.ws),
            ws_auth=await open_port(partial(sockets.serve, PrivateSession, private=True), asked.ws_auth),
            control=await open_port(lambda stream: serve_connection(stream, port.handle), asked.control),
        )
        nursery.start_soon(_keep_time, venue)
        task_status.started(Sandbox(control, found))


class _Sockets:
    """Accepts WebSocket connections."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._attempts: list[float] = []

    async def serve(
        self, make_session: Callable[[Venue], Session], stream: trio.SocketStream, *, private: bool
    ) -> None:
        gated = GatedStream(stream)
        try:
            async with trio.open_nursery() as nursery:
                await self._serve(nursery, make_session, gated, private=private)
                nursery.cancel_scope.cancel()
        finally:
            await gated.cut()

    async def _serve(
        self, nursery: trio.Nursery, make_session: Callable[[Venue], Session], stream: GatedStream, *, private: bool
    ) -> None:
        control = self._control
        with trio.move_on_after(_HANDSHAKE_SECONDS) as waiting:
            request = await wrap_server_stream(nursery, stream)
        if waiting.cancelled_caught:
            return
        if connection_limit(control.venue.behaviour, self._attempts, trio.current_time()):
            await request.reject(429)
            return
        if request.path != WS_PATH:
            await request.reject(404)
            return
        socket = await request.accept()
        connection = Connection(control.venue, control.faults, control.log, socket, stream, make_session)
        control.connections[connection.id] = connection
        if private:
            control.private.add(connection.id)
        try:
            await connection.run()
        finally:
            control.connections.pop(connection.id, None)
            control.private.discard(connection.id)


async def _listen(nursery: trio.Nursery, handler: Callable[[trio.SocketStream], Awaitable[object]], port: int) -> int:
    listeners = await trio.open_tcp_listeners(port, host=LOOPBACK)
    nursery.start_soon(trio.serve_listeners, handler, listeners)
    found: int = listeners[0].socket.getsockname()[1]
    return found


async def _keep_time(venue: Venue) -> None:
    """Timers of the venue: the dead man's switch, orders that expire."""
    while True:
        trading.pass_time(venue)
        await trio.sleep(_TIMER_SECONDS)
