"""The local venue as a whole: its listeners on loopback and the embedding interface for tests."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import trio
from msgspec import Struct
from trio_websocket import wrap_server_stream

from simulators.kraken.control import Control
from simulators.kraken.control_port import ControlPort
from simulators.kraken.distortion import GatedStream
from simulators.kraken.faults import FaultPlan
from simulators.kraken.model import trading
from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import RequestLog
from simulators.kraken.rest import RestApi
from simulators.kraken.settings import Settings
from simulators.kraken.sockets import Connection, Session, connection_limit
from simulators.kraken.web import serve_connection
from simulators.kraken.ws_private import PrivateSession
from simulators.kraken.ws_public import PublicSession

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
    asked = ports or Ports()
    doors = Doors(settings or Settings())
    async with trio.open_nursery() as nursery:
        found = Ports(
            rest=await _listen(nursery, doors.rest, asked.rest),
            ws=await _listen(nursery, doors.ws, asked.ws),
            ws_auth=await _listen(nursery, doors.ws_auth, asked.ws_auth),
            control=await _listen(nursery, doors.control_port, asked.control),
        )
        nursery.start_soon(doors.keep_time)
        task_status.started(Sandbox(doors.control, found))


class Doors:
    """A venue and the ways in, whatever the streams are that connect to it."""

    def __init__(self, settings: Settings, machine: Callable[[], int] = time.time_ns) -> None:
        """`machine` is the clock to follow, in nanoseconds UTC."""
        venue, faults, log = Venue(settings, machine), FaultPlan(), RequestLog()
        self.control = Control(venue, faults, log)
        for symbol, price in settings.prices.items():
            self.control.price(symbol, price)
        self._venue = venue
        self._api, self._port = RestApi(venue, faults, log), ControlPort(self.control)
        self._sockets = _Sockets(self.control)

    async def rest(self, stream: trio.abc.Stream) -> None:
        """Serve one REST connection."""
        if "rest" in self.control.refused:
            await trio.aclose_forcefully(stream)
            return
        self.control.rest_streams.add(stream)
        try:
            await serve_connection(stream, self._api.handle, self._api.sent)
        finally:
            self.control.rest_streams.discard(stream)

    async def ws(self, stream: trio.abc.Stream) -> None:
        """Serve one public WebSocket connection."""
        await self._sockets.serve(PublicSession, stream, private=False)

    async def ws_auth(self, stream: trio.abc.Stream) -> None:
        """Serve one private WebSocket connection."""
        await self._sockets.serve(PrivateSession, stream, private=True)

    async def control_port(self, stream: trio.abc.Stream) -> None:
        """Serve one connection of the control port."""
        await serve_connection(stream, self._port.handle)

    async def keep_time(self, every: float = _TIMER_SECONDS) -> None:
        """Run the venue's timers `every` this many seconds: the dead man's switch, orders that expire."""
        while True:
            trading.pass_time(self._venue)
            await trio.sleep(every)


class _Sockets:
    """Accepts WebSocket connections."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._attempts: list[float] = []

    async def serve(self, make_session: Callable[[Venue], Session], stream: trio.abc.Stream, *, private: bool) -> None:
        if ("private" if private else "public") in self._control.refused:
            await trio.aclose_forcefully(stream)
            return
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
