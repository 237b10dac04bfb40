"""The files of a database: only their owner may read them, and their names must lead to what is open.

A database that is removed or replaced while it is in use is still written to by its holder only, while a second
program may open the name and trade the same account: the holder has to notice.
"""

import logging
import stat
from pathlib import Path

from adapters.journal.file_problems import unusable
from adapters.journal.repair import log_of
from trading.ports import DatabaseUnusable

logger = logging.getLogger(__name__)

PRIVATE = 0o600
_OTHERS = 0o077

_PUT_BACK = "put the same file back; or stop this program, make sure that no second one runs, and restart it"

_Identity = tuple[int, int]


def keep_private(path: Path) -> None:
    """Take from others what they may do with the file, if it is there; say so."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return
    if not mode & _OTHERS:
        return
    try:
        path.chmod(mode & ~_OTHERS)
    except OSError as error:
        logger.warning(
            "%s may be read by others (mode %04o) and that cannot be changed: %s", path, mode, error.strerror
        )
    else:
        logger.info("%s could be read by others (mode %04o); now only by its owner", path, mode)


class OpenFiles:
    """The database and its log while they are open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log_path = log_of(path)
        self._identity = _identity(path)
        self._log: _Identity | None = None
        """None until the log has been written to since the last checkpoint."""

    def check(self) -> None:
        """Raises `DatabaseUnusable` when the name leads to another file or to none."""
        found = _identity(self._path)
        if found is None:
            raise gone(self._path, "was removed while it was in use")
        if found != self._identity:
            raise gone(self._path, "was replaced by another file while it was in use")

    def checkpointed(self) -> None:
        """The log is empty; the next write makes one."""
        self._log = None

    def log_is_lost(self) -> bool:
        """After a write: whether the log is not there, or is not the one that was written to before."""
        try:
            status = self._log_path.stat()
        except FileNotFoundError:
            return True
        found = (status.st_dev, status.st_ino)
        if self._log is None:
            self._log = found
            if status.st_mode & _OTHERS:  # made by DuckDB, which knows only the umask
                self._log_path.chmod(PRIVATE)
        return found != self._log


def is_still_there(path: Path) -> None:
    """Before it is opened again: raises `DatabaseUnusable` when nothing is left of it, lest one be created."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise gone(path, "was removed while it was in use") from None
    if not size:
        raise gone(path, "was replaced by an empty file while it was in use")


def gone(path: Path, found: str) -> DatabaseUnusable:
    """The error of a file that is not there any more; waiting may help."""
    return unusable(path, found, _PUT_BACK, passing=True)


def _identity(path: Path) -> _Identity | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
