"""A tape in pieces, each read by a thread of its own while the one before is worked on."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from backtesting.tape import Chunk, Tape

CHUNK_ROWS = 1 << 20
"""Rows in memory at a time; the next ones are read meanwhile."""
SWITCH_SECONDS = 0.0001
"""How soon a thread that needs the interpreter gets it."""


def chunks(tape: Tape, begin: int, end: int, every: int) -> Iterator[Chunk]:
    """Rows `begin` to `end - 1`, in pieces that hold whole multiples of `every`. Raises what the tape raises."""
    size = max(1, CHUNK_ROWS // every) * every
    starts = range(begin, end, size)
    with _impatient_threads(), ThreadPoolExecutor(1, "price-reader") as reader:
        pending = [reader.submit(tape.read, start, min(start + size, end)) for start in starts[:1]]
        for start in [*starts[1:], None]:
            chunk = pending.pop().result() if pending else None
            if start is not None:
                pending.append(reader.submit(tape.read, start, min(start + size, end)))
            if chunk is not None:
                yield chunk


@contextmanager
def _impatient_threads() -> Iterator[None]:
    """Reading needs the interpreter for moments only, but some twenty times a piece; it would wait 5 ms each time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
