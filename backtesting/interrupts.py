"""SIGINT, SIGTERM and SIGHUP end a back-test in the same way: what is on disk stays usable, one line, no traceback."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOPPED = "stopped; what is on disk stays usable"
KILLED = 128
"""Plus the number of the signal: the exit code."""


class Interrupted(KeyboardInterrupt):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = KILLED + number


def end_at_once() -> None:
    """While the program is being loaded nothing is begun that would have to be put away."""
    install(end)


@contextmanager
def interruptible() -> Iterator[None]:
    """Each of the signals ends this block with `Interrupted`, whatever a library makes of it on its way."""
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers cannot be installed here
        return
    former = {number: signal.getsignal(number) for number in NUMBERS}
    taken: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        del frame
        taken.append(number)
        raise Interrupted(number)

    install(interrupt)
    try:
        yield
    except Exception as error:  # DuckDB, for one, turns it into "Query interrupted"
        if taken:
            raise Interrupted(taken[0]) from error
        raise
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def install(handler: "signal._HANDLER") -> None:
    """For all of the signals but an ignored SIGHUP."""
    for number in NUMBERS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # which is what nohup asks for
            signal.signal(number, handler)


def end(number: int, frame: FrameType | None) -> None:
    """A handler that ends the process here and now."""
    del frame
    with suppress(OSError):
        os.write(2, f"error: {STOPPED}\n".encode())
    os._exit(KILLED + number)
