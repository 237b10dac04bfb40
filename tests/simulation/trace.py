"""What happened, line by line, and one hash over all of it: two runs of one seed must agree."""

import hashlib
from collections import deque

import trio

KEPT = 400


class Trace:
    """Every fact that leaves a mark outside the program, in order, with its virtual time."""

    def __init__(self, kept: int | None = KEPT) -> None:
        """`kept` lines are kept for whoever looks at a failure; None keeps all."""
        self.lines: deque[str] = deque(maxlen=kept)
        self.count = 0
        self._hash = hashlib.sha256()

    def note(self, what: str) -> None:
        """One more line."""
        line = f"{trio.current_time():.6f} {what}"
        self._hash.update(line.encode() + b"\n")
        self.lines.append(line)
        self.count += 1

    def digest(self) -> str:
        """Of all lines so far."""
        return self._hash.hexdigest()
