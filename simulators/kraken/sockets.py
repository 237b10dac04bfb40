"""One WebSocket connection: what comes in, what goes out and when, heartbeats, and how it can fail."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import trio
from msgspec import Struct
from msgspec.structs import replace
from trio_websocket import ConnectionClosed, WebSocketConnection

from simulators.kraken import interference, wire
from simulators.kraken.distortion import GatedStream, blown_up, cut_in_the_middle
from simulators.kraken.faults import FaultPlan, FrameFault, RequestFault
from simulators.kraken.model import trading
from simulators.kraken.model.events import Event, SystemEvent
from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import Entry, RequestLog
from simulators.kraken.settings import Behaviour
from simulators.kraken.wire import Json

_CHECKS_PER_HEARTBEAT = 4


class Frame(Struct, frozen=True):
    """One message to the client; `channel` is empty for answers to requests."""

    payload: Json
    channel: str = ""
    entry: Entry | None = None
    """The request that it answers."""
    distort: Callable[[str], str] | None = None
    """What a fault makes of its text."""


class Session(Protocol):
    """What a connection can be asked for."""

    def answer(self, message: Json, entry: Entry) -> list[Frame]:
        """The answers to one request, and the snapshots that follow them."""

    def hear(self, event: Event) -> list[Frame]:
        """What this connection sends about an event."""

    def subscribed(self) -> bool:
        """Whether anything is subscribed to."""

    def close(self) -> None:
        """The connection is gone."""


class Connection:
    """A client's socket and its session. Requests take effect in the order of their arrival."""

    def __init__(
        self,
        venue: Venue,
        faults: FaultPlan,
        log: RequestLog,
        socket: WebSocketConnection,
        stream: GatedStream,
        make_session: Callable[[Venue], Session],
    ) -> None:
        self.id = venue.mint.connection()
        self.stream = stream
        self._venue = venue
        self._faults = faults
        self._log = log
        self._socket = socket
        self._session = make_session(venue)
        self._incoming, self._received = trio.open_memory_channel[tuple[float, str]](float("inf"))
        self._outgoing, self._sendable = trio.open_memory_channel[tuple[float, Frame]](float("inf"))
        self._dropped = False
        self._held: list[Frame] | None = None
        self._delayed: dict[str, Frame] = {}
        self._last_channel_frame = trio.current_time()
        self._last_subscribed = trio.current_time()
        self._late: trio.Nursery | None = None
        """For answers that come late, while the connection runs."""

    async def run(self) -> None:
        """Serve until the connection closes."""
        self._venue.listen(self._hear)
        try:
            self._push([self._status()])
            async with trio.open_nursery() as nursery:
                self._late = nursery
                nursery.start_soon(self._write)
                nursery.start_soon(self._beat)
                async with trio.open_nursery() as inbound:
                    inbound.start_soon(self._process)
                    await self._read()
                    # What was on its way when the client left still takes effect.
                    self._incoming.close()
                nursery.cancel_scope.cancel()
        finally:
            self._venue.unlisten(self._hear)
            self._session.close()

    async def _read(self) -> None:
        try:
            while True:
                message = await self._socket.get_message()
                text = message if isinstance(message, str) else message.decode("utf-8", "replace")
                self._incoming.send_nowait((trio.current_time() + self._faults.latency.ws_in, text))
        except ConnectionClosed:
            return

    async def _write(self) -> None:
        async for due, frame in self._sendable:
            await trio.sleep_until(due)
            now = self._venue.clock.now()
            payload = frame.payload if frame.channel else frame.payload | {"time_out": wire.rfc3339(now)}
            if frame.entry is not None:
                frame.entry.answered = now
            try:
                text = wire.encode(payload).decode()
                await self._socket.send_message(frame.distort(text) if frame.distort else text)
            except ConnectionClosed:
                return
            if frame.channel or frame.entry is not None:
                self._faults.sent(f"frame:{frame.channel}" if frame.entry is None else f"ws:{frame.entry.name}")

    async def _process(self) -> None:
        async for due, text in self._received:
            await trio.sleep_until(due)
            if not self._dropped:
                await self._request(text)

    async def _beat(self) -> None:
        behaviour = self._venue.behaviour
        while True:
            await trio.sleep(behaviour.heartbeat_seconds / _CHECKS_PER_HEARTBEAT)
            now = trio.current_time()
            if self._session.subscribed():
                self._last_subscribed = now
                if now - self._last_channel_frame >= behaviour.heartbeat_seconds:
                    self._push([Frame({"channel": "heartbeat"}, "heartbeat")])
            elif now - self._last_subscribed >= behaviour.idle_seconds:
                await self._socket.aclose(1000, "idle")
                return

    async def _request(self, text: str) -> None:
        try:
            message = wire.decode(text)
        except ValueError:
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            self._push([Frame({"error": "Malformed request", "success": False})])
            return
        method, params = message["method"], message.get("params")
        shown = params if isinstance(params, dict) else {}
        entry = self._log.open("ws", method, str(self.id), shown, self._venue.clock.now())
        for fault in self._faults.for_request(f"ws:{method}"):
            if fault.action == "delay":
                await trio.sleep(fault.seconds)
            elif fault.action == "fill_first":
                interference.fill_named(self._venue, shown)
            else:
                await self._faulty(message, fault, entry)
                return
        self._push(self._take_effect(message, entry))

    def _take_effect(self, message: Json, entry: Entry) -> list[Frame]:
        """Answers and the events caused by the request, in the configured order."""
        time_in = wire.rfc3339(self._venue.clock.now())
        trading.pass_time(self._venue)
        self._held = []
        answers = [self._stamped(frame, time_in, entry) for frame in self._session.answer(message, entry)]
        events, self._held = self._held, None
        return answers + events if self._venue.behaviour.ack_order == "first" else events + answers

    async def _faulty(self, message: Json, fault: RequestFault, entry: Entry) -> None:
        frames: list[Frame] = []
        time_in = wire.rfc3339(self._venue.clock.now())
        if fault.action in ("late_reply", "truncate"):
            self._answer_badly(self._take_effect(message, entry), fault, entry)
            return
        if fault.executed or fault.action == "lose_reply":
            frames = [frame for frame in self._take_effect(message, entry) if frame.channel]
            entry.outcome = f"{fault.action} after {entry.outcome}"
        else:
            entry.outcome = fault.action
        if fault.action == "error":
            refusal = Frame(refused(message, fault.text))
            frames.insert(0, self._stamped(refusal, time_in, entry))
        if fault.action in ("drop", "http_error"):
            self._dropped = True
            await self.stream.cut()
            return
        self._push(frames)

    def _answer_badly(self, frames: list[Frame], fault: RequestFault, entry: Entry) -> None:
        """The events come as they should; the answers come late or cut."""
        self._push([frame for frame in frames if frame.channel])
        answers = [frame for frame in frames if not frame.channel]
        late = fault.seconds if fault.action == "late_reply" else 0.0
        for frame in answers:
            sent = frame if fault.action == "late_reply" else replace(frame, distort=cut_in_the_middle)
            if self._late is not None:
                self._late.start_soon(self._push_later, sent, late)
        if fault.action == "truncate":
            entry.outcome = f"truncate after {entry.outcome}"

    async def _push_later(self, frame: Frame, seconds: float) -> None:
        await trio.sleep(seconds)
        self._push([frame])

    def _hear(self, event: Event) -> None:
        frames = [self._status()] if isinstance(event, SystemEvent) else self._session.hear(event)
        if self._held is not None:
            self._held += frames
        else:
            self._push(frames)

    def _push(self, frames: list[Frame]) -> None:
        for frame in frames:
            for sent, seconds in self._after_faults(frame):
                due = trio.current_time() + self._faults.latency.ws_out + seconds
                self._outgoing.send_nowait((due, sent))
            if frame.channel:
                self._last_channel_frame = trio.current_time()

    def _after_faults(self, frame: Frame) -> list[tuple[Frame, float]]:
        """What leaves instead of this frame, and how much later."""
        if not frame.channel:
            return [(frame, 0.0)]
        late = self._delayed.pop(frame.channel, None)
        before = [] if late is None else [(late, 0.0)]
        fault = self._faults.for_frame(f"frame:{frame.channel}")
        return [*self._spoilt(frame, fault), *before]

    def _spoilt(self, frame: Frame, fault: FrameFault | None) -> list[tuple[Frame, float]]:
        if fault is None:
            return [(frame, 0.0)]
        match fault.action:
            case "lose_frame":
                sent = []
            case "duplicate":
                sent = [(frame, 0.0), (frame, 0.0)]
            case "reorder":
                self._delayed[frame.channel] = frame
                sent = []
            case "delay":
                sent = [(frame, fault.seconds)]
            case "malformed":
                sent = [(replace(frame, distort=cut_in_the_middle), 0.0)]
            case "huge":
                sent = [(replace(frame, distort=partial(blown_up, size=fault.size)), 0.0)]
        return sent

    def _stamped(self, frame: Frame, time_in: str, entry: Entry) -> Frame:
        if frame.channel:
            return frame
        return Frame(frame.payload | {"time_in": time_in}, "", entry)

    def _status(self) -> Frame:
        data = {"system": self._venue.system, "api_version": "v2", "connection_id": self.id, "version": "2.0.10"}
        return Frame({"channel": "status", "type": "update", "data": [data]}, "status")


def refused(message: Json, text: str) -> Json:
    """An answer that says no."""
    answer: Json = {"method": message["method"]}
    if "req_id" in message:
        answer["req_id"] = message["req_id"]
    return answer | {"error": text, "success": False}


def accepted(message: Json, result: object) -> Json:
    """An answer that says yes."""
    answer: Json = {"method": message["method"]}
    if "req_id" in message:
        answer["req_id"] = message["req_id"]
    return answer | {"result": result, "success": True}


def connection_limit(behaviour: Behaviour, attempts: list[float], now: float) -> bool:
    """Note an attempt; whether it is one too many within ten minutes."""
    attempts[:] = [*(time for time in attempts if time > now - 600), now]
    return len(attempts) > behaviour.connections_per_10_minutes
