"""What survives a crash: the journal's committed rows and the nonces.

`MemoryJournal` promises what `adapters.journal.Journal` promises, without a file: `test_disk` holds both to it.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from adapters.journal.journal import Journal
from adapters.journal.projection import CONDITION, OrderRow, RowChanges, Write
from messages.ids import ClientOrderId
from messages.journal import Commit, Origin, Owner, Past, PastOrder
from messages.money import ZERO, Side
from messages.orders import Place
from trading.ports import DatabaseUnusable


class Disk:
    """One machine's disk; it outlives every process."""

    def __init__(self, lineage: str, file: Path | None = None) -> None:
        """With a `file` the real journal keeps everything as well, and answers."""
        self.lineage = lineage
        self._file = file
        self.cores: dict[int, str] = {}
        self.commits: dict[int, Commit] = {}
        self.eras: dict[int, int] = {}
        self.owners: dict[str, Owner] = {}
        """By the name of the file."""
        self.orders: dict[ClientOrderId, OrderRow] = {}
        self.account: str | None = None
        self.paper_orders: dict[str, str] = {}
        self.reserved: dict[str, int] = {}
        """Nonces by key."""
        self.name = ""
        self.writes = 0
        self.newest = 0
        """Time of the newest event that was written."""
        self.fails: Callable[[], bool] = lambda: False
        """Asked before each write: whether the disk refuses it."""
        self.fails_late: Callable[[], bool] = lambda: False
        """Asked after each write: whether the disk says so although it took it."""
        self.wrote: Callable[[Place], None] = lambda order: None
        """Called with each order of a commit."""
        self._dry_runs: Disk | None = None

    def open_journal(self, path: Path, now_ns: int, *, lineage: str | None = None) -> "MemoryJournal":
        """As `Journal.open`; a dry run has a file of its own."""
        del lineage  # nobody replaces this disk's files
        if ".dry-run" in path.name:
            self._dry_runs = self._dry_runs or Disk(self.lineage[::-1])
            return MemoryJournal(self._dry_runs)
        self.name = path.name
        return MemoryJournal(self) if self._file is None else FileJournal(self, Journal.open(self._file, now_ns))

    def nonces(self, path: Path, key: str) -> "DiskNonces":
        """As `FileNonceStore`."""
        del path
        return DiskNonces(self, key)


class MemoryJournal:
    """A `JournalPort` whose writes are durable at once."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.lineage = disk.lineage
        self.repaired: str | None = None
        self.fresh = not disk.cores

    @property
    def unsettled(self) -> int:
        """Nothing is put off."""
        return 0

    def write(self, messages: Sequence[Write]) -> None:
        """All or none."""
        disk = self._disk
        if disk.fails():
            raise DatabaseUnusable("the simulated disk is full")
        changes = RowChanges(disk.orders)
        for message in messages:
            changes.apply(message)
        disk.writes += 1
        disk.newest = max([disk.newest, *(event.time for event in changes.events.values() if event.kind != CONDITION)])
        for userref, commit in changes.cores.items():
            before = disk.commits.get(userref, commit)
            disk.eras[userref] = disk.eras.get(userref, 0) + (
                (before.kind, before.symbol) != (commit.kind, commit.symbol)
            )
        disk.commits.update(changes.cores)
        if changes.owner is not None:
            disk.owners[disk.name] = changes.owner
        disk.cores.update({userref: commit.state for userref, commit in changes.cores.items()})
        for command in (command for commit in messages if isinstance(commit, Commit) for command in commit.commands):
            if isinstance(command, Place):
                disk.wrote(command)
        disk.account = changes.account or disk.account
        disk.paper_orders.update(changes.paper_orders)
        if disk.fails_late():
            raise DatabaseUnusable("the simulated disk took it and says that it did not")

    def settle(self) -> None:
        """Nothing is put off."""

    def check(self) -> None:
        """Nobody removes it."""

    def load_core(self, userref: int) -> str | None:
        """Of the last commit."""
        return self._disk.cores.get(userref)

    @property
    def owner(self) -> Owner | None:
        """As it was written last."""
        return self._disk.owners.get(self._disk.name)

    def origin(self, userref: int) -> Origin:
        """Of the last commit."""
        commit = self._disk.commits.get(userref)
        if commit is None:
            return Origin()
        return Origin(commit.kind, commit.symbol, self._disk.eras[userref], commit.books)

    def load_cores(self, userrefs: Sequence[int]) -> list[tuple[str | None, Origin]]:
        """Of the last commits."""
        return [(self.load_core(userref), self.origin(userref)) for userref in userrefs]

    def pasts(self) -> list[Past]:
        """Of the last commits and of all orders."""
        orders: dict[int, list[PastOrder]] = {}
        bought: dict[int, Decimal] = {}
        for row in self._disk.orders.values():
            commit = self._disk.commits.get(row.userref)
            if row.side not in ("buy", "sell") or row.price is None or row.volume is None:
                continue
            side: Side = "buy" if row.side == "buy" else "sell"
            if row.status in ("requested", "open", "canceling"):
                orders.setdefault(row.userref, []).append(
                    PastOrder(side, row.price, row.volume - row.filled, row.order_id, row.filled)
                )
            if commit is not None and commit.symbol == row.symbol:
                change = row.filled if side == "buy" else -row.filled
                bought[row.userref] = bought.get(row.userref, ZERO) + change
        return [
            Past(n, c.name, c.kind, c.symbol, c.state, tuple(orders.get(n, ())), bought.get(n, ZERO))
            for n, c in sorted(self._disk.commits.items())
        ]

    def checkpoint(self) -> None:
        """There is no log."""

    def newest(self) -> int:
        """Of all that was written."""
        return self._disk.newest

    def load_account(self) -> tuple[str | None, dict[str, str]]:
        """Of the paper exchange."""
        return self._disk.account, dict(self._disk.paper_orders)

    def close(self) -> None:
        """Nothing is open."""


class FileJournal(MemoryJournal):
    """The real journal, of which the disk keeps a copy for whoever looks."""

    def __init__(self, disk: Disk, journal: Journal) -> None:
        super().__init__(disk)
        self.lineage = journal.lineage
        self._journal = journal

    @property
    def unsettled(self) -> int:
        return self._journal.unsettled

    def write(self, messages: Sequence[Write]) -> None:
        self._journal.write(messages)
        super().write(messages)

    def settle(self) -> None:
        self._journal.settle()

    @property
    def owner(self) -> Owner | None:
        return self._journal.owner

    def load_cores(self, userrefs: Sequence[int]) -> list[tuple[str | None, Origin]]:
        return self._journal.load_cores(userrefs)

    def origin(self, userref: int) -> Origin:
        return self._journal.origin(userref)

    def pasts(self) -> list[Past]:
        return self._journal.pasts()

    def load_core(self, userref: int) -> str | None:
        return self._journal.load_core(userref)

    def close(self) -> None:
        self._journal.close()


class DiskNonces:
    """A `NonceStore` on the disk."""

    def __init__(self, disk: Disk, key: str) -> None:
        self._disk = disk
        self._key = key

    async def load(self) -> int:
        """The reservation."""
        return self._disk.reserved.get(self._key, 0)

    async def reserve(self, until: int) -> None:
        """Durable at once."""
        self._disk.reserved[self._key] = until

    async def has_traded(self) -> bool:
        """Whether orders were placed from here."""
        return bool(self._disk.reserved.get(f"{self._key} has traded"))

    async def note_trading(self) -> None:
        """Durable at once."""
        self._disk.reserved[f"{self._key} has traded"] = 1
