"""Logging of the command line. An embedded program never calls this: its host has logging of its own.

Lines leave through a bounded queue (`output`). Equal warnings and errors within a minute are summed, of other lines
only those that follow each other at once: which way things went must stay readable from top to bottom.
"""

import io
import logging
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from config.problems import ConfigError, shown, why
from config.schema import BotConfig, Config
from console.log_file import MEGABYTE, LogFile, unusable
from console.log_lines import JsonFormatter, TextFormatter
from console.output import LineWriter, QueuedStream, lasted
from messages.about import ABOUT
from messages.counted import counted

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]

SUM_SECONDS = 60.0
"""Equal lines within this time are one line and their number."""
_REMEMBERED = 2_000
"""Different lines at most that are watched for repetition."""

_CHATTY = ("httpx", "httpcore", "trio-websocket", "hypercorn", "h2", "hpack")
"""Their lines show URLs, headers and frames, in which keys and tokens travel."""


def setup_logging(
    level: LogLevel, log_format: LogFormat, stream: QueuedStream | None = None, names: Mapping[int, str] | None = None
) -> "QueuedHandler":
    """Log everything from `level` on to `stream` (None: stderr as it is now), times in UTC.

    `names` of the strategies by userref are for JSON. Calling it again replaces the former.
    """
    handler = QueuedHandler(stream or _stderr())
    handler.setFormatter(JsonFormatter(names) if log_format == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


@contextmanager
def log_target(config: Config, source: str, stderr: QueuedStream) -> Iterator[QueuedStream]:
    """Where the log goes: the configured file, behind a queue of its own, or else `stderr`.

    Raises `ConfigError` for a file that cannot be made or written.
    """
    bot = config.bot
    if bot.log_file is None:
        yield stderr
        return
    check_log_file(config, source)
    try:
        file = LogFile(bot.log_path, bot.log_file_megabytes * MEGABYTE, bot.log_files_kept)
    except (OSError, ValueError) as error:
        raise _unusable_file(bot, source, why(error) if isinstance(error, OSError) else str(error)) from None
    stream = QueuedStream(io.StringIO(), LineWriter(file.write, end=file.close, taker="the log file"), encoding="utf-8")
    try:
        yield stream
    finally:
        stream.end()


def check_log_file(config: Config, source: str) -> None:
    """Raise `ConfigError` where the log file cannot be made or written, or has another use; makes nothing."""
    bot = config.bot
    if bot.log_file is None:
        return
    path = Path(os.path.realpath(bot.log_path))
    if path == Path(os.path.realpath(source)):
        raise ConfigError.at(source, "bot.log_file", shown(bot.log_file), f"another file than {source}")
    for database in dict.fromkeys((config.database, Path(config.persistence.database))):
        if _share_a_file(path, Path(os.path.realpath(database))):
            allowed = f"another file than {database} and those whose names begin with it, which are the database's own"
            raise ConfigError.at(source, "bot.log_file", shown(bot.log_file), allowed)
    if wrong := unusable(bot.log_path):
        raise _unusable_file(bot, source, wrong)


def _share_a_file(log: Path, database: Path) -> bool:
    """Whether the log, or one that it is rotated to, is the database or one of the files that are kept beside it."""
    if log.parent != database.parent:
        return False
    beside = log.name == database.name or log.name.startswith(f"{database.name}.")
    return beside or (database.name.startswith(f"{log.name}.") and database.name[len(log.name) + 1 :].isdigit())


def _unusable_file(bot: BotConfig, source: str, wrong: str) -> ConfigError:
    allowed = "a file that this user may make and write, in a directory that exists, or no such key (stderr)"
    return ConfigError.at(source, "bot.log_file", f"{shown(bot.log_file)}: {wrong}", allowed)


def _stderr() -> QueuedStream:
    target = sys.stderr

    def write(data: bytes) -> None:
        target.write(data.decode(errors="replace"))
        target.flush()

    return QueuedStream(target, LineWriter(write))


_Key = tuple[str, int, str, tuple[tuple[str, str | int], ...]]
"""Logger, level, words, and what the line is about."""


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
        self._end = ""
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
            self._emit(record)
        except Exception:  # noqa: BLE001 - a line must not harm who wrote it
            self.handleError(record)

    def _emit(self, record: logging.LogRecord) -> None:
        try:
            key, text = _key_of(record), self.format(record)
        except Exception as error:  # noqa: BLE001 - a line that cannot be shown leaves a trace
            key, text = (record.name, record.levelno, "", ()), _not_shown(record, error)
        if getattr(record, "last", False):
            self.tell_sums()
            self._ended = True
            self._end = text
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

    def untaken_end(self) -> str:
        """The last line of the program where it was lost, as in a log file on a full disk; else nothing."""
        self._stream.writer.flush()
        return self._end if self._stream.writer.behind else ""

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
        key = ("infinity_grid", logging.WARNING, f"{counted(lines, 'log line')} dropped:", ())
        return self._line(key, f"{self._stream.writer.taker} took none for {lasted(seconds)}")

    def _line(self, key: _Key, more: str) -> str:
        name, level, message, fields = key
        record = {"name": name, "levelno": level, "levelname": logging.getLevelName(level), "msg": f"{message} {more}"}
        made = logging.makeLogRecord({**record, ABOUT: dict(fields)})
        try:
            return self.format(made)
        except Exception as error:  # noqa: BLE001 - the writing thread calls this, too, and must go on
            return _not_shown(made, error)

    def _tick(self) -> float | None:
        """Called by the writing thread: sums are logged although nothing else is."""
        with self._locked():
            self._sum_up()
            due = [repeated.since for repeated in self._recent.values() if repeated.count]
            return max(0.0, min(due) + SUM_SECONDS - self._now()) if due else None


def _key_of(record: logging.LogRecord) -> _Key:
    about = getattr(record, ABOUT, None) or {}
    # What is no plain value may have no hash, or another one later.
    fields = tuple((str(name), value if type(value) in (str, int) else repr(value)) for name, value in about.items())
    return record.name, record.levelno, record.getMessage(), fields


def _not_shown(record: logging.LogRecord, error: Exception) -> str:
    try:
        why_not = repr(error)
    except Exception:  # noqa: BLE001 - it holds what cannot be shown
        why_not = type(error).__name__
    return f"a line of {record.name} that cannot be shown: {why_not}"


def _outdates(key: _Key, other: _Key) -> bool:
    """Whether a line states another state of the same thing; both begin with its name."""
    if key[2] == other[2]:
        return False
    ends = " " if key[1] < logging.WARNING else ":"  # what is over may be logged in other words
    return _subject(key[2], ends) == _subject(other[2], ends)


def _subject(message: str, ends: str) -> str:
    return message.split(ends, 1)[0].rstrip(":")
