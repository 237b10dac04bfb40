"""What went wrong with the database file and what to do about it, in one sentence each."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from trading.ports import DatabaseUnusable

ELSEWHERE = "or name another file in [persistence] database"
RESTORE = (
    "restore a backup, or move the file away: a new database finds the open orders again by their ids at the exchange"
)

_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    (
        r"different configuration than existing connections",
        "is already open in this process",
        f"run one bot per database {ELSEWHERE}",
    ),
    (
        r"No space left|File too large|[Qq]uota",
        "cannot be written because the disk (or its quota) is full",
        "free some space",
    ),
    (
        r"Read-only file system|read-only mode",
        "lies on a read-only disk",
        f"mount the disk writable {ELSEWHERE}",
    ),
    (
        r"Permission denied|Operation not permitted",
        f"is not writable for the user of this program (number {os.geteuid()})",
        f"change owner or mode of the file and its directory {ELSEWHERE}",
    ),
    (
        r"version number \d+, but we can only read",
        "was written by a newer DuckDB than this program has",
        f"update this program {ELSEWHERE}",
    ),
    (
        r"not a valid DuckDB|existing extension",
        "is not a DuckDB file",
        f"move it away {ELSEWHERE}",
    ),
    (
        r"WAL does not match",
        "stands beside a write-ahead log (.wal) of another database",
        "put the log back that belongs to it, or move the wrong log away",
    ),
    (
        r"replaying WAL",
        "has a write-ahead log (.wal) that cannot be read from its start on",
        f"move the log away, the decisions since the last checkpoint are lost with it, or {RESTORE}",
    ),
    (
        r"[Cc]orrupt|checksum|Could not read enough bytes|Serialization|deserializ",
        "is damaged",
        RESTORE,
    ),
)

_LOCK = re.compile(r"Could not set lock on file")
_HOLDER = re.compile(r"held in (?P<program>\S+) \(PID (?P<pid>\d+)\)")
_OUTSIDE = re.compile(r"held in PID 0\b")
"""The kernel names no process of another container."""


def unusable(path: Path, found: str, remedy: str, *, passing: bool = False) -> DatabaseUnusable:
    """The error for `path`: where, what was found, what to do."""
    return DatabaseUnusable(f"the database {path} {found}: {remedy}.", passing=passing)


def explain(path: Path, error: Exception) -> DatabaseUnusable:
    """Turn an error of DuckDB or of the operating system into ours."""
    text = str(error)
    if is_locked(error):
        return _locked(path, text)
    for pattern, found, remedy in _PROBLEMS:
        if re.search(pattern, text):
            return unusable(path, f"{found} ({_first_line(text)})", remedy)
    return unusable(path, f"cannot be used ({_first_line(text)})", f"remove the cause {ELSEWHERE}")


def is_locked(error: Exception) -> bool:
    """Whether another process has the file open."""
    return _LOCK.search(str(error)) is not None


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Let nothing of DuckDB or the operating system out but `DatabaseUnusable`."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise explain(path, error) from error


def _locked(path: Path, text: str) -> DatabaseUnusable:
    holder = _HOLDER.search(text)
    if holder:
        who = f"process {holder['pid']} ({Path(holder['program']).name})"
    else:
        who = "a process outside this container" if _OUTSIDE.search(text) else "another process"
    return unusable(path, f"is in use by {who}", f"stop that process {ELSEWHERE}")


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip(".!")
