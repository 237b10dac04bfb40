"""A log file that stays within bounds: it is rotated by size, and only the newest of the older ones are kept.

Another program may rotate it, too: a file that was moved away or removed is made again at the next line.
"""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from config.problems import why

MEGABYTE = 1_000_000
_OWNER = 0o600
_LONGEST_BEGIN = 200
_LOG_LINE = re.compile(rb'\d{4}-\d\d-\d\d[T ][^|\n]* [A-Z]+ \||\{"time": ')
"""How the first line of a log begins, as text and as JSON (`console.log_lines`)."""
_PATIENCE = 10
"""A rotation that failed is tried again after this part of a full file."""


class LogFile:
    """Appends to `path`; `path.1` is the newest older file. Made for one thread."""

    def __init__(self, path: Path, size: int, kept: int) -> None:
        """`size` in bytes: a line that would not fit goes to a new file. Raises `OSError` where it cannot be written.

        New files are their owner's alone (mode 0600); after a rotation the mode is as it was before.
        """
        self._path = Path(os.path.abspath(os.path.realpath(path)))  # noqa: PTH100 - whatever the current directory becomes
        self._size = size
        self._kept = kept
        self._mode = _OWNER
        self._postponed = 0
        """Bytes that the file may have before a rotation that failed is tried again."""
        self._descriptor = -1
        self._open()

    def write(self, data: bytes) -> None:
        """Append whole lines, or nothing. Raises `OSError`; the next call tries everything again."""
        length = self._length()
        if length is None:
            self._reopen()
            length = self._length() or 0
        full = length + len(data)
        if full <= self._size:
            self._postponed = 0
        elif length and full > self._postponed:
            if self._rotate():
                self._reopen()
                length = self._length() or 0
            else:
                self._postponed = full + self._size // _PATIENCE
        self._append(data, length)

    def close(self) -> None:
        """Close it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _length(self) -> int | None:
        """Bytes in the file; None where the path names no file or another one than ours."""
        if self._descriptor < 0:
            return None
        ours = os.fstat(self._descriptor)
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return None
        return ours.st_size if (ours.st_dev, ours.st_ino) == (named.st_dev, named.st_ino) else None

    def _append(self, data: bytes, length: int) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            if len(rest) < len(data):
                with suppress(OSError):  # the disk is full: half a line would spoil the next one
                    os.ftruncate(self._descriptor, length)
            raise

    def _rotate(self) -> bool:
        """Whether the file was moved away; where that is not allowed it grows on, and the older ones stay."""
        try:
            self._mode = stat.S_IMODE(os.fstat(self._descriptor).st_mode)
            if not self._kept:
                self._path.unlink()
                return True
            aside = self._older(0)
            if os.path.lexists(aside):  # a rotation that the end of the program interrupted
                self._shift()
            self._path.replace(aside)  # first of all: where it must not be moved, no older one may give way
        except OSError:
            return False
        return self._shift_or_put_back(aside)

    def _shift_or_put_back(self, aside: Path) -> bool:
        try:
            self._shift()
        except OSError:
            with suppress(OSError):
                aside.replace(self._path)
                return False
        return True

    def _shift(self) -> None:
        """Make each file up to the first gap, the one set aside included, one older; without a gap the oldest goes."""
        gaps = (number for number in range(1, self._kept) if not os.path.lexists(self._older(number)))
        for number in range(next(gaps, self._kept) - 1, -1, -1):
            self._older(number).replace(self._older(number + 1))

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            descriptor = os.open(self._path, flags | os.O_EXCL, _OWNER)
        except FileExistsError:
            descriptor = os.open(self._path, flags)
        else:
            with suppress(OSError):  # file systems without modes
                os.fchmod(descriptor, self._mode)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(0, "it is no ordinary file")
        self._descriptor = descriptor


def unusable(path: Path) -> str:
    """Why a log file cannot be there, or nothing; looks only, makes nothing."""
    try:
        found = path.stat()
    except FileNotFoundError:
        folder = path.absolute().parent
        if not folder.is_dir():
            return f"the directory {folder} does not exist"
        return "" if os.access(folder, os.W_OK | os.X_OK) else f"the directory {folder} cannot be written"
    except OSError as error:
        return why(error)
    if not stat.S_ISREG(found.st_mode):
        return "it is no ordinary file"
    return _other_use(path) if os.access(path, os.W_OK) else "it cannot be written"


def _other_use(path: Path) -> str:
    """What speaks against lines of a log at the end of this file, or nothing."""
    try:
        with path.open("rb") as file:
            begin = file.read(_LONGEST_BEGIN)
    except OSError as error:
        return why(error)
    return "" if not begin or _LOG_LINE.match(begin) else "it holds something else than a log of this program"
