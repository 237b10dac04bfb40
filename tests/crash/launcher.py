"""`python -m supervisor`, but killed before or after one of its own writes to disk.

The steps are wrapped from here, so that the program knows nothing of it. `CRASH_AT` names the point; `CRASH_STEPS`
a file that the steps are written to.
"""

import functools
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import supervisor
from adapters.exchanges.kraken.nonce import FileNonceStore
from adapters.journal.journal import Journal
from tests.crash.points import JOURNAL, Point, parse


class Steps:
    """Counts the steps of this process and kills it at its point."""

    def __init__(self, point: Point | None, record: Path | None) -> None:
        self._point = point
        self._record = record
        self._counts: Counter[str] = Counter()

    def wrapped(self, stream: str, step: Callable[..., Any]) -> Callable[..., Any]:
        """The step with the kill around it."""

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


def main() -> int:
    """Run the program with its writes counted."""
    point, record = os.environ.pop("CRASH_AT", ""), os.environ.pop("CRASH_STEPS", "")
    steps = Steps(parse(point) if point else None, Path(record) if record else None)
    for name in ("write", "settle", "close"):
        setattr(Journal, name, steps.wrapped(JOURNAL + name, getattr(Journal, name)))
    Journal.open = steps.wrapped(JOURNAL + "open", Journal.open)  # type: ignore[method-assign]
    FileNonceStore._write = steps.wrapped(JOURNAL + "nonce", FileNonceStore._write)  # type: ignore[method-assign]
    return supervisor.main()


if __name__ == "__main__":
    sys.exit(main())
