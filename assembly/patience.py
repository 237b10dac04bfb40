"""A start that finds its database in use: a second program is refused at once, a backup is over in a moment."""

import fcntl
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import trio

from adapters.journal.file_problems import is_locked
from trading.ports import DatabaseUnusable

logger = logging.getLogger("infinity_grid.supervisor")

PATIENCE_SECONDS = 15.0
_AGAIN_SECONDS = 0.25

Found = TypeVar("Found")


async def patiently(open_first: Callable[[], Awaitable[Found]], database: Path) -> Found:
    """What `open_first` returns; while somebody only reads the database, it is called again for 15 s.

    Cancelling ends the wait. Raises what `open_first` raises.
    """
    deadline = trio.current_time() + PATIENCE_SECONDS
    told = False
    while True:
        try:
            return await open_first()
        except DatabaseUnusable as error:
            if trio.current_time() >= deadline or not _is_in_use(error) or not only_read(database):
                raise
        if not told:
            told = True
            logger.warning(
                "waiting up to %.0f s: the database %s is being read by another process, as for a backup",
                PATIENCE_SECONDS,
                database,
            )
        await trio.sleep(_AGAIN_SECONDS)


def only_read(path: Path) -> bool:
    """Whether nobody has the file open for writing, as a running program has. False where that cannot be told.

    Only for a file that this process has not open: closing a file takes away its locks.
    """
    try:
        with path.open("rb") as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_in_use(error: DatabaseUnusable) -> bool:
    return isinstance(error.__cause__, Exception) and is_locked(error.__cause__)
