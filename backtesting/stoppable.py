"""Trio's tasks in a command that signals end."""

import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TypeVar, TypeVarTuple

import trio

from backtesting.interrupts import NUMBERS, Interrupted, end, install

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


def run_tasks(tasks: Callable[[*Arguments], Awaitable[Result]], *arguments: *Arguments) -> Result:
    """`trio.run`, in which each of the signals cancels `tasks`; a second one ends the process at once.

    Raises `Interrupted` once everything is put away: an exception in the midst of trio's own work would leave
    its tasks half done. Blocks.
    """
    if threading.current_thread() is not threading.main_thread():
        return trio.run(tasks, *arguments)
    former = {number: signal.getsignal(number) for number in NUMBERS}
    signals = _Signals()
    install(signals.take)
    try:
        done = trio.run(signals.cancelling, tasks, *arguments)
    except Exception as error:
        if signals.taken:
            raise Interrupted(signals.taken[0]) from error
        raise
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    if not done:
        raise Interrupted(signals.taken[0])
    return done[0]


class _Signals:
    """Those taken during one `run_tasks`."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self._wake: Callable[[], None] = _nobody

    def take(self, number: int, frame: FrameType | None) -> None:
        if self.taken:
            end(number, frame)
        self.taken.append(number)
        self._wake()

    async def cancelling(
        self, tasks: Callable[[*Arguments], Awaitable[Result]], *arguments: *Arguments
    ) -> tuple[Result] | None:
        """What `tasks` returns; None where a signal has ended them."""
        token = trio.lowlevel.current_trio_token()
        with trio.CancelScope() as scope:
            self._wake = lambda: token.run_sync_soon(scope.cancel)
            if self.taken:
                scope.cancel()
            try:
                return (await tasks(*arguments),)
            finally:
                self._wake = _nobody
        return None


def _nobody() -> None:
    """Who listens before the tasks begin, and after they end."""
