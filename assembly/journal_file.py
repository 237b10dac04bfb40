"""The one journal file of a run: opened first, held against configuration and account, and the same one ever after."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from msgspec.structs import replace

from actors.persistence import JournalPort
from adapters.journal.backing_up import save, target_of, wanted_path
from adapters.journal.journal import Journal
from adapters.journal.snapshot import BackupFailed
from assembly.journal_owner import Owned, fingerprint, open_owned, with_account
from assembly.pasts import refuse_changed_pasts
from assembly.world import World
from config import Config
from messages.backup import Backup
from messages.journal import Owner, Past

logger = logging.getLogger("infinity_grid.supervisor")


class JournalFile:
    """Opens the file, and knows whose it is."""

    def __init__(self, config: Config, source: str, world: World) -> None:
        """`source` names the configuration in errors."""
        self._config = config
        self._source = source
        self._world = world
        self._opened: JournalPort | None = None
        self._newest: JournalPort | None = None
        """The one that was opened last; it may be closed by now."""
        self._lineage: str | None = None
        """Id of the database that was opened first: no other one is written to later."""
        self.owner = Owner(config.exchange.adapter, config.simulated)
        """Whose the journal is."""
        self._owner_is_news = False
        """Whether the journal does not say so yet."""

    def open_first(self) -> tuple[Owned, list[Past]]:
        """What the journal holds is held against the configuration before anybody is asked anything. Blocks.

        Raises `ConfigError` and `DatabaseUnusable`.
        """
        owned = self._open()
        try:
            pasts = owned.journal.pasts()
            changes = refuse_changed_pasts(pasts, self._config, self._source)
        except BaseException:
            owned.journal.close()
            raise
        self._opened = owned.journal
        return replace(owned, told=owned.told + changes), pasts

    def open_again(self) -> JournalPort:
        """The file that was opened before the start, and the same one again for each restart. Blocks.

        Raises `ConfigError` for a journal of another world, `DatabaseUnusable`.
        """
        opened, self._opened = self._opened, None
        return opened or self._open().journal

    def close(self) -> None:
        """Close the file of the start if it was not taken over: the program was stopped before."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def look(self) -> None:
        """Open what is there, and close it again. Blocks. Raises `ConfigError`, `DatabaseUnusable`."""
        if self._config.database.exists():
            self._open().journal.close()

    def belongs_to(self, account: str) -> None:
        """The exchange has named its account; empty when it names none.

        Raises `ConfigError` for another one than the journal's.
        """
        owner = with_account(self.owner, account, fingerprint(self._config), self._config, self._source)
        if owner != self.owner:
            if self.owner.key and self.owner.key != owner.key:
                logger.warning("another API key of the same account: the database goes on with it")
            self.owner = owner
            self._owner_is_news = True

    def news(self) -> Owner | None:
        """The owner, once, where the journal does not know it yet; what is returned must be written."""
        news, self._owner_is_news = self._owner_is_news, False
        return self.owner if news else None

    def backup(self, target: str, gets_on: Callable[[], object] = lambda: None) -> Backup:
        """Copy the open database into this file or directory; empty: beside it. Blocks, and holds up no write.

        `gets_on` is called before each step. Raises `DatabaseUnusable`.
        """
        if not isinstance(self._newest, Journal):
            raise BackupFailed("no backup was made: the database is not open at the moment.")
        database = self._config.database.absolute()
        now = datetime.fromtimestamp(self._world.wall() / 1e9, UTC)
        file = target_of(database, wanted_path(target), now)
        with self._newest.snapshot(gets_on) as snapshot:
            return save(snapshot, file)

    def give_up_backup(self) -> None:
        """End the one that is being made, which then raises. May block for some milliseconds."""
        if isinstance(self._newest, Journal):
            self._newest.give_up_backup()

    def _open(self) -> Owned:
        opens = partial(self._world.open_journal, lineage=self._lineage)
        owned = open_owned(self._config, self._source, opens, self._world.wall())
        self.owner = owned.owner
        self._lineage = owned.journal.lineage
        self._newest = owned.journal
        return owned
