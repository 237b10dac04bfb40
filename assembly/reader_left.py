"""A reader of the output that leaves, as `head` does: whoever prints for it ends, without a traceback."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from assembly.exit_codes import EXIT_USAGE

EXIT_READER_LEFT = 141
"""What a shell calls a command that the signal SIGPIPE ended."""


_TAKES_NO_MORE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Around all that a command prints to standard output, which may be closed from the beginning (`>&-`).

    Raises `SystemExit` once nobody reads it any more, and after a sentence where it takes no more, as on a full disk.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        _forget()
        raise SystemExit(EXIT_READER_LEFT) from None
    except OSError as error:
        if error.filename is not None or error.errno not in _TAKES_NO_MORE:
            raise
        _forget()
        print(f"error: standard output: {error.strerror}", file=sys.stderr)  # noqa: T201
        raise SystemExit(EXIT_USAGE) from None


def _forget() -> None:
    """What is left in the buffer must not complain at the end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
