"""The journal at one moment, for whoever copies it while writes go on.

DuckDB changes the database file only at a checkpoint, and of the log only the end. While no checkpoint is made, the
file and the first bytes of the log stay what they were: they are copied as they are, without a row of it in memory, and
a transaction of that moment tells what the copy must hold.

The file stays open as long as the database is: whoever closes a file takes from the whole process the lock that DuckDB
has on it, and a second program could open it.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import duckdb
from duckdb import DuckDBPyConnection
from msgspec import Struct

from adapters.journal.integrity import whole_blocks
from adapters.journal.repair import log_of
from trading.ports import DatabaseUnusable

CHUNK = 4_000_000
"""Bytes that are copied at a time."""

_AGAIN_SECONDS = 0.05


class BackupFailed(DatabaseUnusable):
    """No backup was made; the database is as it was."""


class TableSum(Struct, frozen=True):
    """What a table holds, whatever the order of its rows."""

    rows: int
    digest: int


Sums = dict[str, TableSum]


def sums_of(
    connection: DuckDBPyConnection, before: Callable[[], object] = lambda: None
) -> Iterator[tuple[str, TableSum]]:
    """By name, one table after another. Reads every row, whose blocks DuckDB checks as it reads them.

    `before` is called ahead of each table, and may raise.
    """
    names = connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY 1").fetchall()
    for (name,) in names:
        before()
        query = f'SELECT count(*), coalesce(sum(hash(one)::HUGEINT), 0) FROM main."{name}" AS one'  # noqa: S608 - ours
        row = connection.execute(query).fetchone()
        yield name, TableSum(*(row or (0, 0)))


class Snapshot:
    """One moment of an open database. Its maker puts off checkpoints until it is released.

    One thread may copy while another one closes it: then the copying ends with `BackupFailed`. As a context manager
    it closes itself.
    """

    def __init__(
        self, path: Path, connection: DuckDBPyConnection, file: int, gets_on: Callable[[], object] = lambda: None
    ) -> None:
        """To be made while nobody writes. `connection` is its own from now on; `file` is the open database file.

        `gets_on` is called before each step, by the thread that copies.
        """
        self._gets_on = gets_on
        self.path = path
        self._connection = connection
        self._file = file
        self._turn = threading.Lock()
        self._given_up = False
        self._released = False
        self._guest: DuckDBPyConnection | None = None
        connection.execute("BEGIN TRANSACTION READ ONLY")
        # The transaction begins with its first look at the database.
        connection.execute("SELECT count(*) FROM meta").fetchall()
        self._state = self._look()
        self.size = whole_blocks(os.fstat(file).st_size)
        """Bytes of the database file, without the seal of a backup."""
        self.log_size = _size(log_of(path))
        """Bytes of its log."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def released(self) -> bool:
        """Whether nothing holds up checkpoints any more."""
        return self._released

    @property
    def closed(self) -> bool:
        """Whether nobody uses it any more."""
        return self._given_up and self._released

    def sums(self) -> Sums:
        """What each table holds at this moment."""
        with self._turn:
            self.go_on()
            try:
                return dict(sums_of(self._connection, self.go_on))
            except duckdb.InterruptException:
                self.go_on()
                raise

    def chunks(self) -> Iterator[bytes]:
        """The database file."""
        for start in range(0, self.size, CHUNK):
            with self._turn:
                self.go_on()
                chunk = os.pread(self._file, min(CHUNK, self.size - start), start)
            yield chunk
        with self._turn:
            self.go_on()  # its file may be closed, and the number another one's
            state = self._look()
        if state != self._state:
            raise BackupFailed(f"no backup was made: {self.path} was changed while it was copied; try again.")

    def log_chunks(self) -> Iterator[bytes]:
        """The log, up to this moment."""
        left = self.log_size
        if not left:
            return
        with log_of(self.path).open("rb") as log:
            while left:
                self.go_on()
                chunk = log.read(min(CHUNK, left))
                if not chunk:
                    raise BackupFailed(f"no backup was made: {log.name} was cut while it was copied; try again.")
                left -= len(chunk)
                yield chunk

    @contextmanager
    def interrupting(self, connection: DuckDBPyConnection) -> Iterator[None]:
        """Let `close` end what `connection` does, too."""
        self._guest = connection
        try:
            self.go_on()
            yield
        except duckdb.InterruptException:
            self.go_on()
            raise
        finally:
            self._guest = None

    def close(self) -> None:
        """Let go of the database; waits at most for what is being read at this instant. May be called again."""
        self._given_up = True
        self._interrupt(self._guest)
        # An interrupt between two queries reaches neither.
        while not self._turn.acquire(timeout=_AGAIN_SECONDS):
            self._interrupt(self._connection)
        try:
            self._let_go()
        finally:
            self._turn.release()

    def release(self) -> None:
        """All that is needed of the database has been read; what was copied may still be worked on."""
        with self._turn:
            self._let_go()

    def go_on(self) -> None:
        """Raises `BackupFailed` once it is closed."""
        self._gets_on()
        if self._given_up:
            raise BackupFailed("no backup was made: the program was stopped, or its database had to be secured first.")

    def _let_go(self) -> None:
        self._connection.close()
        self._released = True  # not before: the end of its transaction is in the way of a checkpoint, too

    def _interrupt(self, connection: DuckDBPyConnection | None) -> None:
        with suppress(duckdb.Error):  # one that has ended meanwhile
            if connection is not None:
                connection.interrupt()

    def _look(self) -> tuple[int, int]:
        status = os.fstat(self._file)
        return status.st_size, status.st_mtime_ns


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
