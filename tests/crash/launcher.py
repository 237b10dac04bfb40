"""`python -m supervisor`, but killed before or after one of its own writes to disk.

The steps are wrapped from here, so that the program knows nothing of it. Each life is a process of its own, forked
from a server that has imported the program already: the hundreds of starts of a full run are twice as fast.
"""

import ctypes
import functools
import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from msgspec.structs import force_setattr

from adapters.exchanges.kraken.transport.nonce import FileNonceStore
from adapters.journal.journal import Journal
from assembly.world import MACHINE
from tests.crash.points import JOURNAL, Point

_PRELOADED = [
    "supervisor",
    "adapters.exchanges.kraken.exchange",
    "tests.crash.launcher",
]


def launch(
    folder: Path,
    log: Path,
    environment: dict[str, str],
    arguments: list[str],
    point: Point | None,
    steps: Path | None,
) -> ForkServerProcess:
    """The program with these arguments in `folder`; it kills itself at `point` if that is one of its own writes.

    Its own steps are written to the file `steps`, what it says to the file `log`.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=_run, args=(folder, log, environment, arguments, point, steps))
    process.start()
    return process


def _run(
    folder: Path,
    log: Path,
    environment: dict[str, str],
    arguments: list[str],
    point: Point | None,
    steps: Path | None,
) -> None:
    import supervisor  # noqa: PLC0415 - only the forked process runs it

    _die_with_parent()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    _Steps(point, steps).watch()
    sys.exit(supervisor.main(arguments))


def _die_with_parent() -> None:
    """No life outlives these tests, however they end: the server ends with them, and this process with the server."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class _Steps:
    """Counts the writes of this process and kills it at its point."""

    def __init__(self, point: Point | None, record: Path | None) -> None:
        self._point = point
        self._record = record
        self._counts: Counter[str] = Counter()

    def watch(self) -> None:
        """Put the count around everything that writes to disk."""
        for name in ("write", "settle", "close"):
            setattr(Journal, name, self._counted(JOURNAL + name, getattr(Journal, name)))
        force_setattr(MACHINE, "watches_company", False)
        force_setattr(MACHINE, "open_journal", self._counted(JOURNAL + "open", MACHINE.open_journal))
        FileNonceStore._merge = self._counted(  # type: ignore[method-assign]
            JOURNAL + "nonce", FileNonceStore._merge
        )

    def _counted(self, stream: str, step: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(step)
        def counted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the step takes and gives
            self._counts[stream] += 1
            number = self._counts[stream]
            if self._record is not None:
                with self._record.open("a") as file:
                    file.write(f"{stream}\n")
            self._kill_at(Point(stream, number, "before"))
            result = step(*args, **kwargs)
            self._kill_at(Point(stream, number, "after"))
            return result

        return counted

    def _kill_at(self, point: Point) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)
