"""The journal as its one user, the persistence actor's worker thread, sees it."""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import duckdb
import msgspec
from msgspec.structs import replace

from adapters.journal.database_files import OpenFiles, is_still_there
from adapters.journal.file_problems import explained, unusable
from adapters.journal.opening import Opened, open_database
from adapters.journal.projection import Write
from adapters.journal.repair import log_of
from adapters.journal.snapshot import BackupFailed, Snapshot
from adapters.journal.table_rows import Retention, Tables
from adapters.journal.table_schema import MIGRATIONS, Migration
from adapters.journal.withdrawn import is_restored, withdrawn_in
from messages.journal import Origin, Owner, Past
from trading.ports import DatabaseUnusable

logger = logging.getLogger(__name__)

_SETTLE_AT = 500
"""Messages that wait in the log at most; bounds the memory they take and the time an opening takes."""

_CHECKPOINT_AT = 8_000_000
"""Bytes of DuckDB's write-ahead log; a checkpoint of that takes some ten milliseconds."""

_MESSAGES = msgspec.json.Decoder(list[Write])


class Journal:
    """One open database file. Every method blocks; one thread at a time may call them, and another one `snapshot`.

    After a method raised `DatabaseUnusable`, only `close` may be called; a new opening finds everything
    that was written before.
    """

    def __init__(self, path: Path, opened: Opened, retention: Retention) -> None:
        self._path = path
        self._connection = opened.connection
        self._files = OpenFiles(path)
        self.lineage = opened.lineage
        """UUID born with the file."""
        self.repaired = opened.repaired
        """What was done to a damaged file, as a sentence for the user; None when it was whole."""
        self.fresh = opened.fresh
        """Whether this opening made the file."""
        self._tables = Tables(opened.connection, retention)
        self._unsettled: list[Write] = []
        self._sequence = 0
        self._turn = threading.RLock()
        """Held by whoever writes, or takes a snapshot."""
        self._snapshot: Snapshot | None = None
        self._file: int | None = None
        """File descriptor for snapshots; closed after the database, see `adapters.journal.snapshot`."""
        self._closed = False
        self._read_log()

    @classmethod
    def open(
        cls,
        path: Path,
        now_ns: int,
        *,
        lineage: str | None = None,
        migrations: Sequence[Migration] = MIGRATIONS,
        retention: Retention | None = None,
    ) -> Self:
        """Open the file `path`, created if it is missing; `now_ns` is noted in it.

        With a `lineage` it is opened again: no other file will do, and none is made. Raises `DatabaseUnusable` with
        one sentence: where, what was found and what to do.
        """
        if lineage is not None:
            with explained(path):
                is_still_there(path)
        opened = open_database(path, now_ns, migrations, lineage)
        try:
            with explained(path):
                journal = cls(path, opened, retention or Retention())
                journal.settle()
                return journal
        except BaseException:
            opened.connection.close()
            raise

    @property
    def owner(self) -> Owner | None:
        """Whose it is; None for a new one, and for one of an older version. Raises like `write`."""
        self.settle()
        with explained(self._path):
            return self._tables.owner()

    @property
    def unsettled(self) -> int:
        """Messages that are durable but not yet in the tables."""
        return len(self._unsettled)

    def write(self, messages: Sequence[Write]) -> None:
        """Make all messages durable, all or none; a message that is written twice counts once.

        Raises `DatabaseUnusable` when the disk does not take them.
        """
        self.check()
        if len(self._unsettled) >= _SETTLE_AT:
            self.settle()
        text = msgspec.json.encode(messages).decode()
        with self._turn, explained(self._path):
            self._connection.execute("INSERT INTO log VALUES (?, ?)", [self._sequence, text])
            self._keep_log()
        self._sequence += 1
        self._unsettled.extend(messages)

    def settle(self) -> None:
        """Bring the tables up to date with the log and empty it; raises like `write`."""
        if not self._unsettled:
            return
        self.check()
        with self._turn, explained(self._path):
            with self._transaction():
                self._tables.apply(self._unsettled)
                self._connection.execute("DELETE FROM log")
            self._keep_log()
            self._unsettled.clear()
            log = log_of(self._path)
            if log.exists() and log.stat().st_size >= _CHECKPOINT_AT and not self._is_copied():
                self._checkpoint()

    def load_core(self, userref: int) -> str | None:
        """The state of the strategy's last commit, or None for an unknown strategy; raises like `write`."""
        return self.load_cores([userref])[0][0]

    def origin(self, userref: int) -> Origin:
        """What the strategy's state was made for; raises like `write`."""
        return self.load_cores([userref])[0][1]

    def load_cores(self, userrefs: Sequence[int]) -> list[tuple[str | None, Origin]]:
        """By strategy: state of its last commit (None without one) and what it was made for; raises like `write`."""
        self.settle()
        with explained(self._path):
            states, origins = self._tables.load_cores(userrefs), self._tables.origins(userrefs)
            ours = withdrawn_in(self._connection)
            restored = {userref: is_restored(self._connection, userref) for userref in userrefs}
        return [
            (
                states.get(userref),
                replace(
                    origins.get(userref, Origin()),
                    withdrawn=ours.get(userref, frozenset()),
                    restored=restored[userref],
                ),
            )
            for userref in userrefs
        ]

    def pasts(self) -> list[Past]:
        """What it holds of every userref, by userref; raises like `write`."""
        self.settle()
        with explained(self._path):
            return self._tables.pasts()

    def newest(self) -> int:
        """Time of the newest decision or event of any strategy, 0 for an empty journal; raises like `write`."""
        self.settle()
        with explained(self._path):
            return self._tables.newest_time()

    def load_account(self) -> tuple[str | None, dict[str, str]]:
        """The paper exchange's account and its orders by exchange id, as saved last; raises like `write`."""
        self.settle()
        with explained(self._path):
            return self._tables.load_account()

    def checkpoint(self) -> None:
        """Leave everything in the file itself, so that it can be moved as one piece; raises like `write`."""
        self.settle()
        with self._turn, explained(self._path):
            self._checkpoint()

    def snapshot(self, gets_on: Callable[[], object] = lambda: None) -> Snapshot:
        """This moment, to be copied while writes go on. Any thread may call it; writes wait for some milliseconds.

        `gets_on` is called before each step of the copying.

        The caller closes it; until it is released the log is not emptied. Raises `DatabaseUnusable`, while
        another one is open or nothing is `BackupFailed`.
        """
        with self._turn:
            if self._closed:
                raise BackupFailed("no backup was made: the database is not open at the moment.")
            if self._snapshot is not None and not self._snapshot.closed:
                raise BackupFailed("no backup was made: another one is being made.")
            self.check()
            with explained(self._path):
                if self._file is None:
                    self._file = os.open(self._path, os.O_RDONLY)
                cursor = self._connection.cursor()
                try:
                    self._snapshot = Snapshot(self._path, cursor, self._file, gets_on)
                except BaseException:
                    cursor.close()
                    raise
                return self._snapshot

    def give_up_backup(self) -> None:
        """Close the snapshot that is being copied, if one is. Any thread may call it."""
        if (snapshot := self._snapshot) is not None:
            snapshot.close()

    def check(self) -> None:
        """Raises `DatabaseUnusable` when the file was removed or replaced since it was opened."""
        with explained(self._path):
            self._files.check()

    def close(self) -> None:
        """Let go of the file. What is not settled waits in the log for the next opening."""
        with self._turn, explained(self._path):
            self._closed = True
            if self._snapshot is not None:
                self._snapshot.close()
            try:
                self._files.check()
            except DatabaseUnusable:
                # A checkpoint would remove the log of whoever uses the name now.
                with suppress(duckdb.Error):
                    self._connection.execute("PRAGMA disable_checkpoint_on_shutdown")
            self._connection.close()
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _is_copied(self) -> bool:
        return self._snapshot is not None and not self._snapshot.released

    def _keep_log(self) -> None:
        """A log that was removed takes with it what is only there: all of it goes into the database at once."""
        if self._files.log_is_lost():
            logger.warning("%s was removed while it was in use; nothing is lost", log_of(self._path))
            self._checkpoint()

    def _checkpoint(self) -> None:
        if self._snapshot is not None and not self._snapshot.released:
            self._snapshot.close()  # its copy would not be of one moment any more
        self._connection.execute("CHECKPOINT")
        self._files.checkpointed()

    def _read_log(self) -> None:
        for sequence, text in self._connection.execute("SELECT * FROM log ORDER BY sequence").fetchall():
            try:
                self._unsettled.extend(_MESSAGES.decode(text))
            except msgspec.DecodeError as error:
                raise unusable(
                    self._path,
                    f"holds entries that this version of the program cannot read ({error})",
                    "start the version that wrote them and stop it in order, then start this one",
                ) from error
            self._sequence = sequence + 1

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # The cause is what matters; after a failed commit there is nothing left to roll back.
            with suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")
            raise
