"""What the account holds, always as of the newest fill.

The balances channel races the executions channel. A fill changes the totals at once, by its own words; the
ledger entries that it causes carry its id and then replace what was computed. Pure.
"""

import math
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct, field

from adapters.exchanges.kraken.wire.names import common_asset, is_spendable
from adapters.exchanges.kraken.wire.private_socket import Fee, Holding, LedgerEntry, asset_of
from messages.money import ZERO, Side

_REMEMBERED = 2_000
"""A ledger entry that came before its fill is forgotten after this many others."""


class _Account(Struct):
    """One asset."""

    rows: dict[str, Decimal] = field(default_factory=dict)
    """Balance by spelling: what earns may be listed apart from the plain asset."""
    locked: Decimal = ZERO
    expected: dict[str, Decimal] = field(default_factory=dict)
    """Changes by fills whose ledger entry has not come yet."""
    early: dict[str, Decimal] = field(default_factory=dict)
    """Proceeds of fills whose execution report has not arrived: until then their owner is unknown."""

    @property
    def total(self) -> Decimal:
        known = sum(self.rows.values(), ZERO) - self.locked - sum(self.early.values(), ZERO)
        return known + sum(self.expected.values(), ZERO)


class Fill(Struct, frozen=True):
    """What a fill moves."""

    id: str
    symbol: str
    side: Side
    volume: Decimal
    cost: Decimal
    fees: tuple[Fee, ...]


class Totals:
    """Totals per asset in common spelling, held funds included and locked ones left out."""

    def __init__(self, holdings: Iterable[Holding]) -> None:
        self._accounts: dict[str, _Account] = {}
        self._early: dict[tuple[str, str], float] = {}
        """Ledger entries that arrived before their execution, with their arrival in seconds of trio's clock; infinity
        where no execution is expected, as for a deposit."""
        self.told: dict[str, None] = {}
        """References of the newest ledger entries and fills."""
        self._freed: set[str] = set()
        """Assets of which more is known than was reported."""
        self._excused = 0
        """External fills reported without their id whose ledger entries have not arrived yet."""
        self._heard: dict[str, None] = {}
        """The newest reported fills, perhaps without all that they moved."""
        for holding in holdings:
            account = self._account(asset_of(holding))
            row = _row_of(holding)
            account.rows[row] = account.rows.get(row, ZERO) + holding.balance
            account.locked += holding.locked

    def all(self) -> dict[str, Decimal]:
        """Total balance of every spendable asset, by common spelling."""
        return {asset: account.total for asset, account in self._accounts.items() if is_spendable(asset)}

    def book(self, entries: Iterable[LedgerEntry], now: float) -> dict[str, Decimal]:
        """Ledger entries that came at `now`; returns the totals that they changed."""
        changed: dict[str, Decimal] = {}
        for entry in entries:
            asset = asset_of(entry)
            account = self._account(asset)
            before = account.total
            account.rows[_row_of(entry)] = entry.balance
            account.locked += entry.locked
            if entry.ref_id:
                self.told[entry.ref_id] = None
                if account.expected.pop(entry.ref_id, None) is None:
                    self._remember(asset, entry.ref_id, now if entry.by_fill else math.inf)
                    if entry.by_fill and entry.ref_id not in self._heard and account.total > before:
                        brought = account.total - before
                        account.early[entry.ref_id] = account.early.get(entry.ref_id, ZERO) + brought
            if account.total != before and is_spendable(asset):
                changed[asset] = account.total
        return changed | self._told_now()

    def fill(self, fill: Fill) -> dict[str, Decimal]:
        """A fill; returns the totals that it changed: what it brought, also where its ledger entries came first."""
        changed: dict[str, Decimal] = {}
        self.told[fill.id] = None
        for asset, amount in _movements(fill).items():
            account = self._account(asset)
            if (asset, fill.id) in self._early:
                del self._early[asset, fill.id]
                if account.early.pop(fill.id, ZERO) and is_spendable(asset):
                    changed[asset] = account.total
                continue
            account.expected[fill.id] = amount
            if is_spendable(asset):
                changed[asset] = account.total
        self._hear(fill.id)
        return changed | self._told_now()

    def excuse(self, fill_id: str | None) -> None:
        """An external fill was reported without what it moved, perhaps without its id: ledger entries will show it."""
        if not fill_id:
            self._excused += 1
            return
        self._hear(fill_id)

    def _hear(self, fill_id: str) -> None:
        """Ledger entries of this fill, past or future, are explained."""
        self._heard[fill_id] = None
        if len(self._heard) > _REMEMBERED:
            del self._heard[next(iter(self._heard))]
        for key in [key for key in self._early if key[1] == fill_id]:
            del self._early[key]
            if self._account(key[0]).early.pop(fill_id, ZERO):
                self._freed.add(key[0])

    def _told_now(self) -> dict[str, Decimal]:
        """Totals changed by external fills, once nothing more is expected of them."""
        freed, self._freed = self._freed, set()
        return {asset: self._account(asset).total for asset in freed if is_spendable(asset)}

    def adopt(self, asset: str, more: Decimal, *, booked: bool) -> dict[str, Decimal]:
        """Add an unexplained difference in balance to the total, and return the changed total.

        `booked`: a ledger entry says so, and the next entry's balance includes it. Else the difference stays as one
        between two ways of counting.
        """
        account = self._account(asset)
        if booked:
            account.rows[asset] = account.rows.get(asset, ZERO) + more
        else:
            account.locked -= more
        return {asset: account.total}

    @property
    def held(self) -> frozenset[str]:
        """Assets that the account's balances have shown, in common spelling."""
        return frozenset(asset for asset, account in self._accounts.items() if account.rows)

    def _account(self, asset: str) -> _Account:
        return self._accounts.setdefault(asset, _Account())

    def unexplained(self, before: float) -> str | None:
        """Id of a fill that moved money before then, and whose execution was not reported."""
        overdue = {fill_id: None for (_, fill_id), time in self._early.items() if time < before}
        for fill_id in overdue:
            if not self._excused:
                return fill_id
            self._excused -= 1
            self.excuse(fill_id)
        return None

    def _remember(self, asset: str, ref_id: str, time: float) -> None:
        # A deposit waits for no fill. A fill may cost a third asset that its execution does not name.
        if ref_id in self._heard:
            return
        self._early[asset, ref_id] = time
        if len(self._early) > _REMEMBERED:
            asset_of_oldest, oldest = next(iter(self._early))
            del self._early[asset_of_oldest, oldest]
            self._account(asset_of_oldest).early.pop(oldest, None)
        if len(self.told) > _REMEMBERED:
            del self.told[next(iter(self.told))]


def _row_of(entry: Holding | LedgerEntry) -> str:
    """Plain spellings are one row, variants one each."""
    common = common_asset(entry.asset)
    return common if "." not in entry.asset else entry.asset


def _movements(fill: Fill) -> dict[str, Decimal]:
    base, _, quote = fill.symbol.partition("/")
    sign = 1 if fill.side == "buy" else -1
    moved = {base: sign * fill.volume, quote: -sign * fill.cost}
    for fee in fill.fees:
        asset = asset_of(fee)
        moved[asset] = moved.get(asset, ZERO) - fee.qty
    return moved
