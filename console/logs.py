"""Logging of the command line. An embedded program never calls this: its host has logging of its own.

Lines leave through a bounded queue (`output`). Equal warnings and errors within a minute are summed, of other lines
only those that follow each other at once: which way things went must stay readable from top to bottom.
"""

import json
import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from console.output import LineWriter, QueuedStream
from messages.counted import counted

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]

SUM_SECONDS = 60.0
"""Equal lines within this time are one line and their number."""
_REMEMBERED = 2_000
"""Different lines at most that are watched for repetition."""

_CHATTY = ("httpx", "httpcore", "trio-websocket", "hypercorn", "h2", "hpack")
"""Their lines show URLs, headers and frames, in which keys and tokens travel."""


def setup_logging(level: LogLevel, log_format: LogFormat, stream: QueuedStream | None = None) -> "QueuedHandler":
    """Log everything from `level` on to `stream` (None: stderr as it is now), times in UTC.

    Calling it again replaces the former.
    """
    handler = QueuedHandler(stream or _stderr())
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def _stderr() -> QueuedStream:
    target = sys.stderr

    def write(data: bytes) -> None:
        target.write(data.decode(errors="replace"))
        target.flush()

    return QueuedStream(target, LineWriter(write))


_Key = tuple[str, int, str]


class _Repeated:
    """A line, and how often it came again since it was last told."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.count = 0


class QueuedHandler(logging.Handler):
    """Hands lines to a `LineWriter`; nothing that happens to them reaches who logs."""

    def __init__(self, stream: QueuedStream, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._stream = stream
        self._now = now
        self._recent: OrderedDict[_Key, _Repeated] = OrderedDict()
        """Oldest first."""
        self._last: _Key | None = None
        """Key of the line that was written last."""
        self._ended = False
        stream.writer.tell_loss = self._tell_loss
        stream.writer.tick = self._tick

    @property
    def dropped(self) -> int:
        """Number of lines dropped because the reader took none."""
        return self._stream.writer.dropped

    def emit(self, record: logging.LogRecord) -> None:
        """Write the first of equal lines, count the others. `logging` holds the handler's lock meanwhile.

        A record with the attribute `last` is the end of the program: sums are logged before it, and none after it.
        """
        try:
            key, text = (record.name, record.levelno, record.getMessage()), self.format(record)
        except Exception as error:  # noqa: BLE001 - a line that cannot be shown must not harm who wrote it
            key, text = (
                (record.name, record.levelno, ""),
                f"a line of {record.name} that cannot be shown: {error!r}",
            )
        if getattr(record, "last", False):
            self.tell_sums()
            self._ended = True
        self._sum_up()
        repeated = self._recent.get(key)
        if repeated is None:
            self._end_sums_before(key)
            self._recent[key] = _Repeated(self._now())
            self._last = key
            self._stream.put_line(text)
            while len(self._recent) > _REMEMBERED:
                self._tell(*self._recent.popitem(last=False))
            return
        repeated.count += 1
        if repeated.count == 1:
            self._stream.writer.wake()

    def tell_sums(self) -> None:
        """Tell now what was counted so far."""
        with self._locked():
            while self._recent:
                self._tell(*self._recent.popitem(last=False))

    def close(self) -> None:
        """Tell the sums that are left and write what waits, for a bounded time."""
        self.tell_sums()
        self._stream.writer.flush()
        super().close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _sum_up(self) -> None:
        """Tell the sums whose time is over."""
        now = self._now()
        while self._recent:
            key, repeated = next(iter(self._recent.items()))
            if now - repeated.since < SUM_SECONDS:
                return
            del self._recent[key]
            if repeated.count:
                self._tell(key, repeated)
                self._recent[key] = _Repeated(now)

    def _end_sums_before(self, key: _Key) -> None:
        """A sum must not come after this line where it says how things were before."""
        last = self._last
        if last is not None and last[1] < logging.WARNING and last in self._recent:
            self._tell(last, self._recent.pop(last))
        for other in [other for other in self._recent if _outdates(key, other)]:
            self._tell(other, self._recent.pop(other))

    def _tell(self, key: _Key, repeated: _Repeated) -> None:
        if repeated.count and not self._ended:
            times = "once" if repeated.count == 1 else counted(repeated.count, "time")
            seconds = max(1, round(self._now() - repeated.since))
            self._stream.put_line(self._line(key, f"(again {times} in {seconds} s)"))

    def _tell_loss(self, lines: int, seconds: float) -> str:
        key = ("infinity_grid", logging.WARNING, f"{counted(lines, 'log line')} dropped:")
        return self._line(key, f"the reader took none for {seconds:.0f} s")

    def _line(self, key: _Key, more: str) -> str:
        name, level, message = key
        fields = {"name": name, "levelno": level, "levelname": logging.getLevelName(level), "msg": f"{message} {more}"}
        return self.format(logging.makeLogRecord(fields))

    def _tick(self) -> float | None:
        """Called by the writing thread: sums are logged although nothing else is."""
        with self._locked():
            self._sum_up()
            due = [repeated.since for repeated in self._recent.values() if repeated.count]
            return max(0.0, min(due) + SUM_SECONDS - self._now()) if due else None


def _outdates(key: _Key, other: _Key) -> bool:
    """Whether a line states another state of the same thing; both begin with its name."""
    if key[2] == other[2]:
        return False
    ends = " " if key[1] < logging.WARNING else ":"  # what is over may be logged in other words
    return _subject(key[2], ends) == _subject(other[2], ends)


def _subject(message: str, ends: str) -> str:
    return message.split(ends, 1)[0].rstrip(":")


class _TextFormatter(logging.Formatter):
    """`2025/10/27 12:21:07     INFO | message`, as infinity-grid writes it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)8s | %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - overrides
        del datefmt
        return f"{datetime.fromtimestamp(record.created, UTC):%Y/%m/%d %H:%M:%S}"


class _JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
