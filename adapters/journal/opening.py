"""Finding, checking, creating and migrating the database file.

A file is looked at read-only before it is opened for writing, so that a foreign or newer one is never
altered. A new one is made beside its place and moved there when it is complete, so that a crash cannot
leave half a database.
"""

import os
import stat
import uuid
from collections.abc import Sequence
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection
from msgspec import Struct

from adapters.journal.database_files import PRIVATE, gone, keep_private
from adapters.journal.file_problems import ELSEWHERE, RESTORE, explained, unusable
from adapters.journal.repair import copy_database, cut_log, damaged_at, log_of
from adapters.journal.table_schema import PROGRAM, Migration, create_tables, migrate

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": "1",  # rows come by ones and tens; more threads only cost memory
    "memory_limit": "256MB",
    "autoinstall_known_extensions": "false",  # else DuckDB downloads a reader for a foreign file
    "autoload_known_extensions": "false",
    "wal_autocheckpoint": "1GB",  # the journal checkpoints itself, when nothing waits
}


class Opened(Struct, frozen=True):
    """An open database and what opening it found out."""

    connection: DuckDBPyConnection
    lineage: str
    repaired: str | None
    fresh: bool


LONGEST_NAME = 200
"""Bytes: files that are kept beside it have longer names, and systems take 255."""


class Mark(Struct, frozen=True):
    """By which a file says what it is."""

    schema_version: int
    lineage: str


def open_database(path: Path, now_ns: int, migrations: Sequence[Migration], lineage: str | None = None) -> Opened:
    """Open `path`, create or repair it if need be; raises `DatabaseUnusable` with the reason and a remedy."""
    check_place(path)
    with explained(path):
        fresh = _is_missing(path)
        if fresh:
            _create(path, now_ns, len(migrations) + 1)
        keep_private(path)
        keep_private(log_of(path))
        mark, repaired = _identify(path, len(migrations) + 1)
        if lineage not in (None, mark.lineage):
            raise gone(path, "was replaced by another database while it was in use")
        connection = duckdb.connect(path, config=SETTINGS)
        try:
            migrate(connection, mark.schema_version, migrations)
            # The first write shows at once whether the disk takes any.
            connection.execute("UPDATE meta SET opened = ?", [now_ns])
        except BaseException:
            connection.close()
            raise
        return Opened(connection, mark.lineage, repaired, fresh)


def check_place(path: Path) -> None:
    """Raises `DatabaseUnusable` where no database can be made: no directory, or something else in its place."""
    directory = path.parent
    with explained(path):
        if not directory.exists():
            raise unusable(path, f"has no directory: {directory} does not exist", f"create it {ELSEWHERE}")
        if not directory.is_dir():
            raise unusable(path, f"has no directory: {directory} is a file", f"move that file away {ELSEWHERE}")
        if path.is_dir():
            raise unusable(path, "is a directory", "name a file in it in [persistence] database")
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            raise unusable(path, "is not an ordinary file", "name an ordinary file in [persistence] database")
        end = Path(os.path.realpath(path))
        if not end.parent.is_dir():
            raise unusable(path, f"is a link into {end.parent}, which does not exist", f"create that {ELSEWHERE}")
        if len(os.fsencode(path.name)) > LONGEST_NAME:
            raise unusable(path, f"has a name of more than {LONGEST_NAME} bytes", f"shorten it {ELSEWHERE}")
        _is_missing(path)


def _is_missing(path: Path) -> bool:
    """Whether a new database is to be made. An empty file is what `touch` or a crash of a copy leaves.

    Raises `DatabaseUnusable` where only its write-ahead log is left.
    """
    if path.exists() and path.stat().st_size:
        return False
    if log_of(path).exists():
        raise unusable(path, f"is missing, but its write-ahead log {log_of(path).name} is there", RESTORE)
    return True


def _create(path: Path, now_ns: int, version: int) -> None:
    lineage = str(uuid.uuid4())
    draft = path.with_name(f"{path.name}.new-{lineage}")
    try:
        connection = duckdb.connect(draft, config=SETTINGS)
        try:
            create_tables(connection, lineage, now_ns, version)
            # Closing would do it too, but keeps silent when the disk is full.
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        draft.chmod(PRIVATE)
        _move_into_place(draft, path)
    finally:
        draft.unlink(missing_ok=True)
        log_of(draft).unlink(missing_ok=True)


def _move_into_place(draft: Path, path: Path) -> None:
    if path.exists():
        draft.replace(path)
    else:
        _link(draft, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _link(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process came first; its file wins and ours goes
    except OSError:
        draft.rename(path)  # a file system without hard links


def _identify(path: Path, known: int) -> tuple[Mark, str | None]:
    """Read our mark, cutting the damaged end off the log as often as DuckDB finds one."""
    repaired = None
    while True:
        try:
            return read_mark(path, known), repaired
        except duckdb.Error as error:
            position = damaged_at(error)
            if position is None or position >= log_of(path).stat().st_size:
                raise
        repaired = _repair(path, position, known)


def _repair(path: Path, position: int, known: int) -> str:
    copy = copy_database(path)
    try:
        # A foreign file is recognised by its copy, before its log is touched.
        read_mark(copy, known)
    except BaseException:
        copy.unlink()
        raise
    return cut_log(path, position, copy)


def read_mark(path: Path, known: int) -> Mark:
    """The mark of our file; `known` is the newest schema version. Raises `DatabaseUnusable` and DuckDB's errors."""
    connection = duckdb.connect(path, read_only=True, config=SETTINGS)
    try:
        row = _meta_row(connection)
    finally:
        connection.close()
    if row is None or row[0] != PROGRAM:
        raise unusable(path, "belongs to another program", f"leave it alone {ELSEWHERE}")
    if row[1] > known:
        raise unusable(
            path,
            f"has schema version {row[1]}, this program knows versions up to {known}",
            f"update this program {ELSEWHERE}",
        )
    return Mark(row[1], row[2])


def _meta_row(connection: DuckDBPyConnection) -> tuple[str, int, str] | None:
    try:
        rows = connection.execute("SELECT program, schema_version, lineage FROM main.meta").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
    if len(rows) != 1 or not isinstance(rows[0][1], int):
        return None
    program, version, lineage = rows[0]
    return program, version, lineage
