"""SIGINT, SIGTERM and SIGHUP, from the first line of the program to its last.

Only counted here: what a signal asks for is done by who listens. Nothing heavy is imported, so that the handlers
are in place before the imports of the program, which take most of a second.
"""

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Self

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
IMPATIENT = 3
"""From this signal on the stop may be cut short."""
LAST_SECONDS = 6.0
"""After that signal; who has not ended by then is ended."""
KILLED = 128
"""Plus the number of the signal: the exit code of a program that a signal has ended."""

LEFT = (
    "not stopped in order: orders stay at the exchange as they are, one that was just being placed or cancelled "
    "may or may not be; the database holds every decision, and the next start asks the exchange"
)


class StopSignals:
    """The handlers of one process."""

    def __init__(self, last_seconds: float = LAST_SECONDS, end: Callable[[int], None] = os._exit) -> None:
        self.taken: list[signal.Signals] = []
        """All so far, oldest first."""
        self._untold: deque[signal.Signals] = deque()
        self._tell: Callable[[signal.Signals], None] | None = None
        self._last_seconds = last_seconds
        self._end = end

    @classmethod
    def installed(cls) -> Self | None:
        """The one whose handlers are in place."""
        owner = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
        return owner if isinstance(owner, cls) else None

    def install(self) -> None:
        """Take the signals from now on. A SIGHUP that is ignored stays so: that is what nohup asks for."""
        for number in NUMBERS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._take)

    def listen(self, tell: Callable[[signal.Signals], None] | None) -> None:
        """Call `tell` with each signal, those that came before included; None: keep them."""
        self._tell = tell
        self._pass_on()

    def _take(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.taken.append(signal.Signals(number))
        self._untold.append(signal.Signals(number))
        if len(self.taken) == IMPATIENT:
            # A thread: whatever holds up the program does not hold up its end.
            threading.Thread(target=self._end_at_last, args=(number,), daemon=True).start()
        self._pass_on()

    def _pass_on(self) -> None:
        while self._tell is not None and self._untold:
            self._tell(self._untold.popleft())

    def _end_at_last(self, number: int) -> None:
        time.sleep(self._last_seconds)
        with suppress(Exception):
            print(f"error: {signal.Signals(number).name}: {LEFT}", file=sys.stderr, flush=True)  # noqa: T201
            time.sleep(0.2)  # for the thread that writes it
        self._end(KILLED + number)


@contextmanager
def stop_signals() -> Iterator[StopSignals]:
    """The handlers that are in place, or new ones for as long as this block lasts.

    After it a program whose first line installed them has nothing left that a signal could stop: while the
    interpreter ends, which takes its handlers away, signals are ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield StopSignals()  # handlers cannot be installed here
        return
    former: dict[signal.Signals, signal._HANDLER] = dict.fromkeys(NUMBERS, signal.SIG_IGN)
    signals = StopSignals.installed()
    if signals is None:
        former = {number: signal.getsignal(number) for number in NUMBERS}
        signals = StopSignals()
        signals.install()
    try:
        yield signals
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def hold_signals() -> None:
    """Install the handlers, as the first thing that a program does."""
    if StopSignals.installed() is None:
        StopSignals().install()
