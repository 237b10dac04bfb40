"""Putting a backup in the place of a database that no program uses. What was there stays, under another name."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from msgspec import Struct

from adapters.journal.backing_up import at_rest, check_room, draft_of, give_name, sync, write_draft, write_private
from adapters.journal.file_problems import ELSEWHERE, RESTORE, explain, explained, is_locked, unusable
from adapters.journal.integrity import examine
from adapters.journal.opening import SETTINGS, read_mark
from adapters.journal.repair import log_of
from adapters.journal.snapshot import CHUNK, BackupFailed, sums_of
from adapters.journal.table_schema import MIGRATIONS
from adapters.journal.withdrawn import SellsSince, by_hand_in, hand_on, known_by, mark_restored, sells_since
from trading.ports import DatabaseUnusable

_ANOTHER = "or take another backup"
_STOP = "stop the program that uses it first"


def read_all(path: Path) -> bool:
    """Read all of a backup, byte by byte and row by row; returns whether its seal proves it, see `integrity`.

    Blocks. Raises `DatabaseUnusable`.
    """
    try:
        with explained(path):
            found, ordinary = path.exists(), path.is_file()
    except DatabaseUnusable as error:
        raise DatabaseUnusable(_of_backup(str(error))) from error.__cause__
    if not found:
        raise DatabaseUnusable(f"there is no backup {path}.")
    if not ordinary:
        raise DatabaseUnusable(f"the backup {path} is not an ordinary file: name the file that `backup` made.")
    try:
        with explained(path):
            read_mark(path, len(MIGRATIONS) + 1)
            sealed = examine(path)
            with closing(duckdb.connect(path, read_only=True, config=SETTINGS)) as connection:
                for _ in sums_of(connection):
                    pass
            return sealed
    except DatabaseUnusable as error:
        raise DatabaseUnusable(_of_backup(str(error))) from error.__cause__


def _of_backup(sentence: str) -> str:
    """What is said of a database, of a backup; its remedy is another backup."""
    for of_database, of_backup in (
        ("the database", "the backup"),
        (ELSEWHERE, _ANOTHER),
        (RESTORE, "take another one"),
    ):
        sentence = sentence.replace(of_database, of_backup, 1)
    return sentence


class Restored(Struct, frozen=True):
    """What a restore has done."""

    kept: Path | None = None
    """The new name of what was there before."""
    withdrawn: int | None = None
    """How many orders the replaced database had withdrawn that the backup counts on; None where it could not be asked,
    or was not."""
    sells: SellsSince = SellsSince()
    """Those of them that are sells, and what the account owner has cancelled, as far as the backup cannot know it."""


def put_in_place(backup: Path, database: Path, now: datetime, *, at_exchange: bool = True) -> Restored:
    """Make the verified copy of `backup` the database.

    Of real orders (`at_exchange`) it is told which ones the database that it replaces has cancelled since.

    A crash leaves the one or the other under the name, and what was there under at least one. Raises
    `DatabaseUnusable`, and then the database is as it was.
    """
    place = followed(database)
    _check(backup, database)
    known = None
    if database.exists():
        _empty_log(database)
        known = known_by(database) if at_exchange else None
    try:
        with explained(backup), at_rest(backup) as snapshot:
            check_room(place.parent, snapshot.size + 2 * snapshot.log_size)
            with explained(place), draft_of(place, place) as draft:
                write_draft(snapshot, draft)
                told = None if known is None else hand_on(known, draft)
                sells = SellsSince() if told is None else sells_since(database, told, by_hand_in(draft))
                if at_exchange:
                    mark_restored(draft)
                sync(draft)
                kept = _exchange(draft, place, log_of(database), now)
                return Restored(kept, None if told is None else len(told), sells)
    except BackupFailed as error:
        raise DatabaseUnusable(str(error).replace("no backup was made", "nothing was restored", 1)) from error


def followed(database: Path) -> Path:
    """The file itself where the configured path is a link to it: the link stays. Raises `DatabaseUnusable`."""
    with explained(database):
        try:
            place = database.resolve() if database.is_symlink() else database
        except RuntimeError:  # as Python 3.11 and 3.12 call a loop of links
            place = database
        if place.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return place


def _check(backup: Path, database: Path) -> None:
    read_all(backup)
    with explained(database):
        if not database.exists():
            if log_of(database).exists():
                raise unusable(database, f"is missing, but its log {log_of(database).name} is there", "move that away")
            return
        if not database.is_file():
            raise unusable(database, "is not an ordinary file", "name another one in [persistence] database")
        if database.samefile(backup):
            raise unusable(database, "is that file itself", "name a backup")


def _empty_log(database: Path) -> None:
    """So that what is kept is one file. A damaged one is kept as it is. Raises `DatabaseUnusable` for one in use."""
    try:
        with closing(duckdb.connect(database, config=SETTINGS)) as connection:
            connection.execute("CHECKPOINT")
    except duckdb.Error as error:
        if is_locked(error) or "already open" in str(explain(database, error)):
            raise unusable(database, "is in use", _STOP) from error


def _exchange(draft: Path, database: Path, log: Path, now: datetime) -> Path | None:
    """`log` is that of the database, which is beside the link where a link leads to it."""
    if not database.exists():
        _belong_like(draft, database.parent)
        give_name(draft, database)
        return None
    with _held(database) as file:
        _belong_like(draft, database)
        kept = database.with_name(f"{database.name}.before-restore-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
        if kept.exists() or log_of(kept).exists():
            raise unusable(database, f"was replaced in this very second; {kept.name} is there", "try again")
        _keep(database, file, kept)
        if log.exists():  # of a damaged one
            shutil.move(log, log_of(kept))
        draft.replace(database)
        sync(database.parent)
        return kept


@contextmanager
def _held(database: Path) -> Iterator[int]:
    """The open file, with the lock that a program would need. Nothing else may open and close it meanwhile."""
    file = os.open(database, os.O_RDWR)
    try:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise unusable(database, "is in use", _STOP) from error
            raise
        yield file
    finally:
        os.close(file)


def _keep(database: Path, file: int, kept: Path) -> None:
    try:
        kept.hardlink_to(database)
    except OSError:  # a file system without hard links
        size = os.fstat(file).st_size
        write_private(kept, (os.pread(file, CHUNK, start) for start in range(0, size, CHUNK)))


def _belong_like(draft: Path, other: Path) -> None:
    """Root may restore what another user's program will open."""
    status = other.stat()
    with suppress(PermissionError):
        os.chown(draft, status.st_uid, status.st_gid)
