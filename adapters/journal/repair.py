"""Cutting off the damaged end of a write-ahead log, as a power cut leaves it.

DuckDB itself skips a log that merely ends too early. It refuses one whose end holds zeros, garbage or a
flipped bit, and names the byte where the damage begins; what stands before that byte is whole
transactions. What the cut takes away the exchange still knows: a start reconciles with it.
"""

import glob
import os
import re
import shutil
from pathlib import Path

from messages.counted import counted

KEPT_COPIES = 5
"""Pairs of copies that stay; older ones are removed so that the disk stays bounded."""

_POSITION = re.compile(r"Corrupt WAL file: entry at byte position (\d+)")


def log_of(path: Path) -> Path:
    """Where DuckDB keeps the write-ahead log of the database `path`."""
    return path.with_name(f"{path.name}.wal")


def damaged_at(error: Exception) -> int | None:
    """The byte at which the log is damaged, or None when the error is another one."""
    found = _POSITION.search(str(error))
    return int(found[1]) if found else None


def copy_database(path: Path) -> Path:
    """Copy the database, without its log, to the next free `<name>.broken-<n>` beside it."""
    numbers = (name.name.rpartition("-")[2] for name in path.parent.glob(f"{glob.escape(path.name)}.broken-*"))
    copy = _database_copy(path, 1 + max((int(number) for number in numbers if number.isdecimal()), default=0))
    _copy(path, copy)
    return copy


def cut_log(path: Path, position: int, database_copy: Path) -> str:
    """Keep a copy of the log beside `database_copy`, cut it at `position`; returns what was done, in words."""
    log = log_of(path)
    number = int(database_copy.name.rpartition("-")[2])
    log_copy = _log_copy(path, number)
    _copy(log, log_copy)
    lost = log.stat().st_size - position
    with log.open("r+b") as file:
        file.truncate(position)
        os.fsync(file.fileno())
    _remove_oldest(path, number - KEPT_COPIES)
    return (
        f"the end of {log} was damaged, usually by a power cut: its last {counted(lost, 'byte')}, "
        f"from byte {position} on, were cut off; what they held is asked of the exchange again; "
        f"copies are kept as {database_copy.name} and {log_copy.name}"
    )


def _database_copy(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.broken-{number}")


def _log_copy(path: Path, number: int) -> Path:
    # Not "<copy>.wal": DuckDB would take that for the log of the copy and stumble over it again.
    return path.with_name(f"{path.name}.wal.broken-{number}")


def _remove_oldest(path: Path, number: int) -> None:
    if number > 0:
        _database_copy(path, number).unlink(missing_ok=True)
        _log_copy(path, number).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    try:
        target.touch(0o600)
        target.chmod(0o600)
        shutil.copyfile(source, target)
        with target.open("r+b") as file:
            os.fsync(file.fileno())
    except OSError:
        target.unlink(missing_ok=True)
        raise
