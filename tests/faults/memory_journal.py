"""A journal that forgets nothing but survives only in memory: the disk is somebody else's subject."""

from collections.abc import Sequence

from actors.persistence import Write
from messages.journal import Commit, SaveAccount


class MemoryJournal:
    """An `actors.persistence.JournalPort`. Opened again it goes on with what was written."""

    lineage = "11111111-2222-3333-4444-555555555555"
    repaired: str | None = None
    unsettled = 0

    def __init__(self) -> None:
        self.fresh = True
        self.failure: Exception | None = None
        """What every write meets, as with a full disk."""
        self.commits: list[Commit] = []
        self._cores: dict[int, str] = {}
        self._newest = 0
        self._account: tuple[str | None, dict[str, str]] = (None, {})

    def write(self, messages: Sequence[Write]) -> None:
        if self.failure is not None:
            raise self.failure
        for message in messages:
            if isinstance(message, Commit):
                self._newest = max(self._newest, message.time)
                self.commits.append(message)
                self._cores[message.strategy] = message.state
            elif isinstance(message, SaveAccount):
                self._account = (message.account, {**self._account[1], **message.orders})

    def settle(self) -> None:
        """Nothing is put off."""

    def load_core(self, userref: int) -> str | None:
        return self._cores.get(userref)

    def newest(self) -> int:
        return self._newest

    def load_account(self) -> tuple[str | None, dict[str, str]]:
        return self._account

    def close(self) -> None:
        self.fresh = False
