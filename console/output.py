"""Standard output and standard error through bounded queues: whoever reads them, or stops reading, holds up nothing.

A thread for each stream writes what waits. What does not fit is dropped, counted, and reported once it flows again.
"""

import io
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from messages.counted import counted

QUEUE_BYTES = 4 * 2**20
QUEUE_LINES = 20_000
FLUSH_SECONDS = 1.0
"""At the end, what waits gets this long."""

Tick = Callable[[], float | None]
"""Work for a quiet moment; returns the seconds until there is more, None for when something happens."""


class LineWriter:
    """Writes lines in a thread of its own. Every method may be called from any thread, and none blocks but `close`."""

    def __init__(
        self,
        write: Callable[[bytes], None],
        *,
        lines: int = QUEUE_LINES,
        size: int = QUEUE_BYTES,
        end: Callable[[], None] = lambda: None,
        taker: str = "the reader",
    ) -> None:
        """`write` may block for ever and may raise `OSError` or `ValueError`; then what it was given is lost.

        `end` is called in the same thread after the last line: it may close what `write` writes to.
        `taker` is what the line about lost ones calls whoever should have taken them.
        """
        self._write = write
        self.taker = taker
        self._lines = lines
        self._size = size
        self._waiting: deque[_Item] = deque()
        self._bytes = 0
        self._busy = False
        self._closing = False
        self._end = end
        self._ended = False
        self._lost = 0
        """Number of lines dropped and not reported yet."""
        self._lost_since = 0.0
        self._changed = threading.Condition()
        self.dropped = 0
        """Lines that were never written."""
        self.tell_loss: Callable[[int, float], str] = self._plain_loss
        """The line about dropped ones: how many, within how many seconds."""
        self.tick: Tick = _nothing
        threading.Thread(target=self._run, name="output", daemon=True).start()

    def put(self, line: bytes) -> None:
        """Have a line written, its end included; dropped if too much waits."""
        with self._changed:
            if len(self._waiting) >= self._lines or self._bytes + len(line) > self._size:
                self._drop(1)
            else:
                self._append(line)

    def wake(self) -> None:
        """Have `tick` called."""
        with self._changed:
            self._changed.notify_all()

    @property
    def behind(self) -> bool:
        """Whether something is not written yet, or was lost and nothing has been written since."""
        with self._changed:
            return bool(self._waiting or self._busy or self._lost)

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """Wait until all is written, for `seconds` at the most."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)

    def close(self, seconds: float = FLUSH_SECONDS) -> None:
        """Flush, and write nothing from then on. Waits at most this many seconds for the thread to end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended, seconds)

    def _append(self, line: bytes) -> None:
        lost, self._lost = self._lost, 0
        self._waiting.append((line, lost))
        self._bytes += len(line)
        self._changed.notify_all()

    def _drop(self, lines: int, told_again: int = 0) -> None:
        if not self._lost:
            self._lost_since = time.monotonic()
        self._lost += lines + told_again
        self.dropped += lines

    def _run(self) -> None:
        while (item := self._next()) is not None:
            line, lost = item
            written = self._writes(self._loss(lost) + line)
            with self._changed:
                self._busy = False
                if not written:
                    self._drop(1 if line else 0, lost)
                elif self._lost and not self._waiting:
                    self._append(b"")  # nothing follows that could tell it
                self._changed.notify_all()
        with suppress(OSError):
            self._end()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _next(self) -> "_Item | None":
        while True:
            pause = self.tick()
            with self._changed:
                if not self._waiting and not self._closing:
                    self._changed.wait(pause)
                if self._waiting:
                    item = self._waiting.popleft()
                    self._bytes -= len(item[0])
                    self._busy = True
                    return item
                if self._closing:
                    return None

    def _loss(self, lines: int) -> bytes:
        if not lines:
            return b""
        return f"{self.tell_loss(lines, time.monotonic() - self._lost_since)}\n".encode(errors="backslashreplace")

    def _plain_loss(self, lines: int, seconds: float) -> str:
        return f"{counted(lines, 'line')} dropped: {self.taker} took none for {lasted(seconds)}"

    def _writes(self, line: bytes) -> bool:
        try:
            self._write(line)
        except (OSError, ValueError):  # gone, full, closed: perhaps only for a while
            return False
        return True


def lasted(seconds: float) -> str:
    """A span in words; never "0 s", which would say that it was none."""
    return f"{round(seconds):,} s" if seconds >= 1 else "less than a second"


_Item = tuple[bytes, int]
"""A line, and how many before it were dropped."""


def _nothing() -> float | None:
    return None


class QueuedStream(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr`: whole lines go to a `LineWriter`."""

    def __init__(
        self,
        target: TextIO,
        writer: LineWriter,
        *,
        encoding: str = "",
    ) -> None:
        """`encoding` (empty: the target's own) is what lines are written in."""
        self._target = target
        self._encoding = encoding
        self._part = ""
        self._part_lock = threading.Lock()
        self.writer = writer

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """That of the stream it stands for."""
        return self._encoding or getattr(self._target, "encoding", None) or "utf-8"

    def write(self, text: str, /) -> int:
        """Keep it until its line is complete."""
        with self._part_lock:
            *lines, self._part = (self._part + text).split("\n")
        for line in lines:
            self.put_line(line)
        return len(text)

    def put_line(self, line: str) -> None:
        """One line, without its end; signs that the encoding lacks are written as escapes."""
        self.writer.put(f"{line}\n".encode(self.encoding, errors="backslashreplace"))

    def end(self) -> None:
        """Write what waits, for a bounded time."""
        with self._part_lock:
            part, self._part = self._part, ""
        if part:
            self.writer.put(part.encode(self.encoding, errors="backslashreplace"))
        self.writer.close()

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Whether a terminal shows it."""
        with suppress(ValueError):
            return self._target.isatty()
        return False

    def fileno(self) -> int:
        """File descriptor of the underlying stream."""
        return self._target.fileno()


def _writer(target: TextIO | None) -> Callable[[bytes], None]:
    """How bytes get there. Straight to the descriptor: no lock of Python's is held when the program ends."""
    if target is None:
        return _nowhere  # pythonw, or a descriptor that was closed before the start
    try:
        descriptor = target.fileno()
        target.flush()
    except (OSError, ValueError):
        return _through(target)
    return lambda data: _write_all(descriptor, data)


def _nowhere(data: bytes) -> None:
    del data


def _through(target: TextIO) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        target.write(data.decode(getattr(target, "encoding", None) or "utf-8", errors="replace"))
        target.flush()

    return write


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # another process shares it and has made it non-blocking
            select.select([], [descriptor], [])


@contextmanager
def queued_output() -> Iterator[QueuedStream]:
    """Replace `sys.stdout` and `sys.stderr` for as long as this block lasts; gives the latter."""
    former = sys.stdout, sys.stderr
    streams = [QueuedStream(target or io.StringIO(), LineWriter(_writer(target))) for target in former]
    sys.stdout, sys.stderr = streams
    try:
        yield streams[1]
    finally:
        sys.stdout, sys.stderr = former
        for stream in streams:
            stream.end()
