"""Faults on demand: what goes wrong between the venue and its clients.

Every request, reply and frame passes `FaultPlan`. Moments have names: `rest:AddOrder`, `ws:add_order`
for requests with their answers; `frame:executions`, `frame:heartbeat` for frames of a channel. A fault
names its moments by a pattern (`rest:*`), so a new kind of fault needs no new place in the code.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Generic, Literal, TypeVar

from msgspec import Struct

RequestAction = Literal[
    "delay", "fill_first", "late_reply", "truncate", "lose_request", "lose_reply", "http_error", "error", "drop"
]
FrameAction = Literal["delay", "lose_frame", "duplicate", "reorder", "malformed", "huge"]

BEFORE: frozenset[str] = frozenset({"delay", "fill_first"})
"""Actions after which the request goes on its way, or into a further fault."""


class RequestFault(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to a request or its answer."""

    action: RequestAction
    """`drop` cuts the connection; `http_error` is a front's page in HTML, on a WebSocket it is `drop`.

    `late_reply` takes effect at once, only its answer is late. `truncate` takes effect and sends half of the answer; a
    REST connection closes then. `fill_first` fills the orders that the request names before it takes effect: the fill
    in the cancel window.
    """
    target: str = "*"
    """Pattern of moments."""
    times: int | None = 1
    """How often; None for ever."""
    seconds: float = 0.0
    """Seconds of delay: `delay` before the request takes effect, `late_reply` after it."""
    status: int = 520
    text: str = "EService:Unavailable"
    executed: bool = False
    """Whether the request takes effect although `http_error`, `error` or `drop` is all that comes back."""
    hang: bool = False
    """After `lose_request` or `lose_reply` the REST connection stays open and silent instead of closing."""


class FrameFault(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to an outgoing frame of a channel."""

    action: FrameAction
    """`lose_frame` leaves a gap in the sequence; `reorder` sends the frame after the next one of its channel;
    `malformed` cuts its text in the middle; `huge` blows it up to `size` bytes."""
    target: str = "frame:*"
    times: int | None = 1
    seconds: float = 0.0
    """Seconds by which `delay` holds the frame back."""
    size: int = 20 * 2**20
    """Size of a `huge` frame, in bytes."""


class Latency(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds that every message takes, per direction as the venue sees it."""

    rest_in: float = 0.0
    rest_out: float = 0.0
    ws_in: float = 0.0
    ws_out: float = 0.0


RequestHook = Callable[[str], RequestFault | None]
FrameHook = Callable[[str], FrameFault | None]
SentHook = Callable[[str], None]


F = TypeVar("F", RequestFault, FrameFault)


class _Queue(Generic[F]):
    """Faults with the times that each has left."""

    def __init__(self) -> None:
        self._waiting: list[tuple[F, int | None]] = []

    def add(self, fault: F) -> None:
        self._waiting.append((fault, fault.times))

    def faults(self) -> list[F]:
        return [fault for fault, _ in self._waiting]

    def take(self, moment: str, following: Callable[[F], bool]) -> list[F]:
        """The faults of this moment, in the order of their coming; one that is not `following` is the last."""
        taken: list[F] = []
        kept: list[tuple[F, int | None]] = []
        done = False
        for fault, left in self._waiting:
            if done or not fnmatchcase(moment, fault.target):
                kept.append((fault, left))
                continue
            taken.append(fault)
            done = not following(fault)
            if left is None or left > 1:
                kept.append((fault, None if left is None else left - 1))
        self._waiting = kept
        return taken


class FaultPlan:
    """The faults to come, and the latency."""

    def __init__(self) -> None:
        self.latency = Latency()
        self.request_hook: RequestHook | None = None
        """Asked first, for faults that a list cannot describe."""
        self.frame_hook: FrameHook | None = None
        self.sent_hook: SentHook | None = None
        """Called with the moment of each answer and frame once it has left."""
        self._requests: _Queue[RequestFault] = _Queue()
        self._frames: _Queue[FrameFault] = _Queue()

    def add(self, fault: RequestFault | FrameFault) -> None:
        if isinstance(fault, RequestFault):
            self._requests.add(fault)
        else:
            self._frames.add(fault)

    def clear(self) -> None:
        """No faults, no hooks, no latency."""
        self.latency = Latency()
        self.request_hook = self.frame_hook = self.sent_hook = None
        self._requests, self._frames = _Queue(), _Queue()

    def pending(self) -> list[RequestFault | FrameFault]:
        """Those that can still happen."""
        return [*self._requests.faults(), *self._frames.faults()]

    def for_request(self, moment: str) -> list[RequestFault]:
        """What happens before the request takes effect, then at most one other fault."""
        hooked = self.request_hook(moment) if self.request_hook else None
        if hooked is not None:
            return [hooked]
        return self._requests.take(moment, lambda fault: fault.action in BEFORE)

    def sent(self, moment: str) -> None:
        """An answer or a frame has left."""
        if self.sent_hook is not None:
            self.sent_hook(moment)

    def for_frame(self, moment: str) -> FrameFault | None:
        hooked = self.frame_hook(moment) if self.frame_hook else None
        if hooked is not None:
            return hooked
        return next(iter(self._frames.take(moment, lambda fault: False)), None)
