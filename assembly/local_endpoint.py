"""The local API of one run: its socket, once the database is open, and what answers on it, once somebody asks."""

import importlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import cast

import trio
from msgspec import Struct

from adapters.journal.snapshot import BackupFailed
from assembly.journal_file import JournalFile
from assembly.local_socket import listen, socket_of
from assembly.world import World
from messages.backup import Backup

logger = logging.getLogger("infinity_grid.supervisor")

MODULE = "actors.local_api"

GRACE_SECONDS = 2.0
"""In which a backup clears away what it has begun; a disk that hangs gets no more."""

STALLED_SECONDS = 300.0
"""A backup whose next step takes longer is given up; a step is 4 MB, or what is held in one table."""
MOST_HANGING = 4
"""Backups that may hang at a time; each keeps a thread until its disk answers."""

RunApi = Callable[[Callable[[str], Awaitable[Struct]], socket.socket], Awaitable[None]]


class LocalEndpoint:
    """Without its socket the program runs as with it; only commands do not reach it."""

    def __init__(self, database: Path, file: JournalFile, world: World) -> None:
        self._path = socket_of(database)
        self._file = file
        self._world = world
        self._listener: socket.socket | None = None
        self._identity: tuple[int, int] | None = None
        self._threads = trio.CapacityLimiter(MOST_HANGING)
        self._enders = trio.CapacityLimiter(MOST_HANGING)

    def open(self) -> None:
        """Make the socket; to be called once the database is open. Where that fails, a warning says so."""
        if not self._world.opens_socket:
            return
        try:
            self._listener = listen(self._path)
            self._identity = _identity(self._path)
        except OSError as error:
            why = error.strerror or error
            logger.warning("no socket %s (%s): `backup` and other commands cannot reach this run", self._path, why)

    async def run(self) -> None:
        """Answer until cancelled. Raises `MetricsServerError`."""
        if self._listener is None:
            return
        # Most runs are never asked, and what answers takes a third of a second to import.
        await trio.lowlevel.wait_readable(self._listener)
        run_api = cast("RunApi", (await self._world.in_thread(importlib.import_module, MODULE)).run_local_api)
        await run_api(self._backup, self._listener)

    def close(self) -> None:
        """Remove the socket, unless the name is another one's by now."""
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        if _identity(self._path) == self._identity:
            self._path.unlink(missing_ok=True)

    async def _backup(self, target: str) -> Struct:
        """Raises `BackupFailed`, also where a step takes `STALLED_SECONDS`: nothing can end what hangs in a disk, but
        checkpoints need not wait for it."""
        if self._threads.available_tokens < 1:
            raise BackupFailed(
                f"no backup was made: {MOST_HANGING} earlier ones hang in a disk that does not answer; bring it back, "
                "or stop the program and start it again."
            )
        with trio.CancelScope(deadline=trio.current_time() + STALLED_SECONDS) as scope:
            return await self._made(target, scope)
        where = target or f"beside {self._path.with_suffix('')}"
        sentence = (
            f"no backup was made ({where}): nothing got on for {STALLED_SECONDS:.0f} s, as if a disk hung, so it was "
            "given up; trading and database go on. What it has begun is removed when the disk answers again."
        )
        logger.warning("%s", sentence)
        raise BackupFailed(sentence)

    async def _made(self, target: str, scope: trio.CancelScope) -> Struct:
        """The stop ends it, and does not wait for a disk that hangs: all that it writes is a draft."""
        over, token = trio.Event(), trio.lowlevel.current_trio_token()

        def goes_on() -> None:
            scope.deadline = trio.current_time() + STALLED_SECONDS

        def tell(what: Callable[[], object]) -> None:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(what)

        def make() -> Backup:
            try:
                return self._file.backup(target, partial(tell, goes_on))
            finally:
                tell(over.set)

        try:
            # Not `in_thread`: a world without threads opens no socket. Threads of their own: those that hang take
            # none that the journal needs.
            return await trio.to_thread.run_sync(make, abandon_on_cancel=True, limiter=self._threads)
        except trio.Cancelled:
            with trio.move_on_after(GRACE_SECONDS, shield=True):
                await trio.to_thread.run_sync(self._file.give_up_backup, abandon_on_cancel=True, limiter=self._enders)
                await over.wait()
            raise


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
