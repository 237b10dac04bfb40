"""Which requests were made, by whom, when, and how they ended."""

from collections import deque
from typing import Literal

from msgspec import Struct

from simulators.kraken.wire import Json

KEPT = 100_000
_SECRET = frozenset({"token", "otp"})


class Entry(Struct):
    """One request."""

    number: int
    transport: Literal["rest", "ws"]
    name: str
    """`AddOrder`, `add_order`."""
    who: str
    """The public key, or the WebSocket connection's id."""
    params: Json
    received: int
    """Nanoseconds UTC by the venue's clock."""
    answered: int = 0
    """0 when no answer left."""
    outcome: str = "pending"
    """`ok`, an error text, or what a fault made of it."""


class RequestLog:
    """The newest requests, oldest first."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self._number = 0

    def open(self, transport: Literal["rest", "ws"], name: str, who: str, params: Json, now: int) -> Entry:
        """Note a request that has just arrived; tokens are left out."""
        self._number += 1
        shown = {field: value for field, value in params.items() if field not in _SECRET}
        entry = Entry(self._number, transport, name, who, shown, now)
        self.entries.append(entry)
        return entry

    def named(self, name: str) -> list[Entry]:
        """Requests of one name."""
        return [entry for entry in self.entries if entry.name == name]
