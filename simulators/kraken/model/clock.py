"""The venue's clock: the machine's, or one that moves only when told."""

import time
from collections.abc import Callable

SECOND = 1_000_000_000
"""Nanoseconds."""


class Clock:
    """Time of the venue, in nanoseconds UTC. Never runs backwards."""

    def __init__(self, start: int | None = None, machine: Callable[[], int] = time.time_ns) -> None:
        """With `start` the clock stands still there until `advance`; without it follows the machine.

        `machine` is another clock to follow, in nanoseconds UTC.
        """
        self._start = start
        self._machine = machine
        self._offset = 0
        self._last = 0

    @property
    def is_virtual(self) -> bool:
        """Whether it moves only when told."""
        return self._start is not None

    def now(self) -> int:
        base = self._machine() if self._start is None else self._start
        self._last = max(self._last, base + self._offset)
        return self._last

    def advance(self, nanoseconds: int) -> None:
        """Jump ahead. Raises `ValueError` for a jump back."""
        if nanoseconds < 0:
            raise ValueError("the venue's clock does not run backwards")
        self._offset += nanoseconds
