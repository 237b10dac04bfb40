"""The steps of a session at which the program can be killed.

A step is counted within its own stream (the third `add_order`, the twelfth write), because streams of different
connections and threads may interleave one way or the other.
"""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

JOURNAL = "journal:"
MOMENTS = {
    "journal": ("before", "after"),
    "rest": ("lost", "taken", "answered"),
    "ws": ("lost", "taken", "answered"),
    "frame": ("unsent", "sent"),
}
"""Of a request: before it takes effect, after that but before its answer, after the answer."""

_NOT_STEPS = frozenset({"frame:heartbeat", "frame:status", "ws:ping"})
"""They come by the clock and change nothing."""


class Point(Struct, frozen=True, order=True):
    """Kill at this moment of the `number`-th step (from 1) of a stream."""

    stream: str
    """`journal:write`, `rest:TradeVolume`, `ws:add_order`, `frame:executions`."""
    number: int
    moment: str

    def __str__(self) -> str:
        return f"{self.stream}#{self.number}/{self.moment}"


def parse(text: str) -> Point:
    """The point that `str` wrote."""
    stream, _, rest = text.rpartition("#")
    number, _, moment = rest.partition("/")
    return Point(stream, int(number), moment)


def is_step(stream: str) -> bool:
    """Whether killing there could make a difference."""
    return stream not in _NOT_STEPS


def points_of(streams: Iterable[str]) -> list[Point]:
    """Every point of a life that went through these steps."""
    return [
        Point(stream, number, moment)
        for stream, most in sorted(Counter(streams).items())
        for number in range(1, most + 1)
        for moment in MOMENTS[stream.partition(":")[0]]
    ]
