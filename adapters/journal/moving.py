"""Looking into a file without touching it, and moving a closed one aside without overwriting anything."""

import os
from pathlib import Path

import duckdb
from msgspec import Struct

from adapters.journal.file_problems import explained, unusable
from adapters.journal.opening import SETTINGS
from adapters.journal.repair import log_of

_ACCOUNT_IN_LOG = 'SELECT count(*) FROM log WHERE messages LIKE \'%"type":"SaveAccount"%\''


class Glance(Struct, frozen=True):
    """What a look at a file shows."""

    owned: bool
    """Whether it says whose it is."""
    play_money: bool
    """Whether it holds the account of a simulated exchange."""


def glance(path: Path) -> Glance | None:
    """Look at the file without altering it; None for one that is missing, in use, damaged or not ours."""
    if not path.is_file() or not path.stat().st_size:
        return None
    try:
        with duckdb.connect(path, read_only=True, config=SETTINGS) as connection:
            columns = {row[0] for row in connection.execute("SELECT column_name FROM (DESCRIBE meta)").fetchall()}
            if "lineage" not in columns:
                return None
            owned = "exchange" in columns and _count(connection, "SELECT count(exchange) FROM meta") > 0
            accounts = _count(connection, "SELECT count(*) FROM paper_account")
            return Glance(owned, bool(accounts or _count(connection, _ACCOUNT_IN_LOG)))
    except (duckdb.Error, OSError):
        return None


def move_aside(path: Path, to: Path) -> None:
    """Give a closed file, whose log is empty, another name in one step. Raises `FileExistsError`, `DatabaseUnusable`.

    A crash leaves the old name, the new one, or both names of one file; moving again ends the same way.
    """
    if log_of(to).exists() or (to.exists() and not to.samefile(path)):
        raise FileExistsError(to)
    with explained(path):
        if log_of(path).exists():
            raise unusable(path, "still has a write-ahead log", "stop the process that uses it")
        if not to.exists():
            _name_too(path, to)
        path.unlink(missing_ok=True)
        _sync(path.parent)


def _name_too(path: Path, to: Path) -> None:
    try:
        to.hardlink_to(path)
    except FileExistsError:
        raise
    except OSError:
        path.rename(to)  # a file system without hard links


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _sync(directory: Path) -> None:
    number = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
