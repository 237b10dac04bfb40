"""A backup: a whole, verified copy of a database in one file, which gets its name once it is one.

It is written under another name beside its target, for its owner alone, its log is applied to it, and what is read
back from it must be what the database held at that moment. Whatever fails leaves nothing under the target's name and
does nothing to the database.
"""

import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from adapters.journal.database_files import PRIVATE
from adapters.journal.file_problems import explained
from adapters.journal.integrity import seal
from adapters.journal.opening import SETTINGS
from adapters.journal.repair import log_of
from adapters.journal.snapshot import BackupFailed, Snapshot, Sums, sums_of
from messages.backup import Backup
from trading.ports import DatabaseUnusable

RESERVE = 32_000_000
"""Bytes that a backup leaves free: the database may be on the same disk, and goes on growing."""

_FORGOTTEN_SECONDS = 3600
"""A draft of this age belongs to nobody any more."""

_DRAFT = ".backup-new-"
_COMPANION = re.compile(r"\.(wal|sock|nonce|nonce\.new|broken-\d+|(before-restore|new|backup-new)-[^.]*)\Z")


def wanted_path(text: str) -> Path | None:
    """Where a backup is wanted, as it was written; None for an empty text.

    A path that ends in `/` never means a file. Raises `BackupFailed` for a directory that is not there.
    """
    if not text:
        return None
    wanted = Path(text)
    with _told(wanted):
        if text.endswith(("/", "/.", "/..")) and not wanted.is_dir():
            raise BackupFailed(f"no backup was made: the directory {text} does not exist; make it first.")
    return wanted


def target_of(database: Path, wanted: Path | None, now: datetime) -> Path:
    """The file that a backup becomes: `wanted`, or a name with the time (UTC) in it, or beside `database`.

    Raises `BackupFailed` for a path that cannot be looked at.
    """
    if wanted is not None:
        with _told(wanted):
            if not wanted.is_dir():
                return wanted
    name = f"{database.name.removesuffix('.duckdb')}.backup-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.duckdb"
    return (wanted or database.parent) / name


def save(snapshot: Snapshot, target: Path) -> Backup:
    """Make `target`, which must not exist. Closes the snapshot, and releases it before the copy is verified. Blocks.

    Raises `BackupFailed` with one sentence.
    """
    began = time.monotonic()
    try:
        with _told(target):
            _check_target(target, snapshot.size + 2 * snapshot.log_size)
            with draft_of(snapshot.path, target) as draft:
                held = write_draft(snapshot, draft)
                seal(draft)
                sync(draft)
                size = draft.stat().st_size
                give_name(draft, target)
    finally:
        snapshot.close()
    rows = {name: found.rows for name, found in held.items()}
    return Backup(str(target), size, rows, round(time.monotonic() - began, 3))


@contextmanager
def at_rest(path: Path) -> Iterator[Snapshot]:
    """A database that no program uses, as it is: of an older version, too. Raises `DatabaseUnusable`.

    No program can open it until the snapshot is released.
    """
    with explained(path):
        if not path.is_file():
            raise DatabaseUnusable(f"there is no database {path}.")
        connection = duckdb.connect(path, read_only=True, config=SETTINGS)
    with closing(connection):
        with explained(path):
            file = os.open(path, os.O_RDONLY)
        try:
            with explained(path):
                snapshot = Snapshot(path, connection, file)
            with snapshot:
                yield snapshot
        finally:
            connection.close()  # before the file, see `Snapshot`
            os.close(file)


def write_draft(snapshot: Snapshot, draft: Path) -> Sums:
    """Copy, apply the log, read back: a database. Returns what it holds; raises `BackupFailed` when that is not the
    snapshot's."""
    write_private(draft, snapshot.chunks())
    if snapshot.log_size:
        write_private(log_of(draft), snapshot.log_chunks())
    wanted = snapshot.sums()
    snapshot.release()
    with closing(duckdb.connect(draft, config=SETTINGS)) as connection, snapshot.interrupting(connection):
        connection.execute("CHECKPOINT")
    with (
        closing(duckdb.connect(draft, read_only=True, config=SETTINGS)) as connection,
        snapshot.interrupting(connection),
    ):
        found = dict(sums_of(connection, snapshot.go_on))
    if found != wanted:
        differ = ", ".join(sorted(name for name in wanted | found if wanted.get(name) != found.get(name)))
        raise BackupFailed(f"no backup was made: the copy differs from {snapshot.path} in {differ}; please report it.")
    sync(draft)
    return found


@contextmanager
def draft_of(database: Path, target: Path) -> Iterator[Path]:
    """A name beside `target` for what is not whole yet; nothing is left under it."""
    _remove_forgotten(database, target.parent)
    draft = target.parent / f"{database.name}{_DRAFT}{uuid.uuid4().hex}"
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
        log_of(draft).unlink(missing_ok=True)


def _remove_forgotten(database: Path, directory: Path) -> None:
    """What a kill has left of earlier ones. What cannot be removed stays: it is in nobody's way."""
    oldest = time.time() - _FORGOTTEN_SECONDS
    with suppress(OSError):
        for path in directory.iterdir():
            if path.name.startswith(f"{database.name}{_DRAFT}"):
                with suppress(OSError):
                    if path.stat().st_mtime < oldest:
                        path.unlink()


def _check_target(target: Path, wanted: int) -> None:
    if _COMPANION.search(target.name):
        raise BackupFailed(
            f"no backup was made: {target.name} is how the program names a file of its own beside a database; "
            "choose another name, for instance one that ends in .duckdb."
        )
    if target.exists():
        raise BackupFailed(f"no backup was made: {target} exists already, and nothing is overwritten.")
    if not target.parent.is_dir():
        raise BackupFailed(f"no backup was made: the directory {target.parent} does not exist.")
    check_room(target.parent, wanted)


def check_room(directory: Path, wanted: int) -> None:
    """Raises `BackupFailed` where these bytes would leave the disk nearly full."""
    free = shutil.disk_usage(directory).free
    if free < wanted + RESERVE:
        raise BackupFailed(
            f"no backup was made: it needs {_megabytes(wanted + RESERVE)}, and {directory} has "
            f"{_megabytes(free)} free ({_megabytes(RESERVE)} of it have to stay free for the database, which may lie "
            "there); free some space, or name another directory."
        )


def write_private(path: Path, chunks: Iterable[bytes]) -> None:
    """A new file for its owner alone. Each chunk goes to the disk at once: no commit of a program waits for all."""
    with open(path, "xb", opener=_private) as file:
        for chunk in chunks:
            file.write(chunk)
            file.flush()
            os.fdatasync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def give_name(draft: Path, target: Path) -> None:
    """Call it `target` from now on. Raises `FileExistsError`, `OSError`."""
    try:
        target.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:
        _rename(draft, target)  # a file system without hard links
    sync(target.parent)


def _rename(draft: Path, target: Path) -> None:
    """A rename overwrites: the name is taken first, which only one can do."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    try:
        draft.replace(target)
    except BaseException:
        target.unlink()
        raise


def sync(path: Path) -> None:
    """Make a file, or the names in a directory, durable."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Let nothing of DuckDB or the operating system out but `BackupFailed`."""
    try:
        yield
    except OSError as error:
        raise BackupFailed(f"no backup was made: {target} cannot be written ({error.strerror or error}).") from error
    except ValueError as error:  # a path with a null byte
        raise BackupFailed(f"no backup was made: {str(target)!r} is no path ({error}).") from error
    except duckdb.Error as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".!")
        raise BackupFailed(f"no backup was made: {target} cannot be made ({reason}).") from error


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
