"""A reader of the output that leaves, as `head` does: whoever prints for it ends, without a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

EXIT_READER_LEFT = 141
"""What a shell calls a command that the signal SIGPIPE ended."""


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Around all that a command prints to standard output. Raises `SystemExit` once nobody reads it any more."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        with suppress(OSError, ValueError):  # what is left in the buffer must not complain at the end
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        raise SystemExit(EXIT_READER_LEFT) from None
