"""What the account holds, always as of the newest fill.

The balances channel races the executions channel. A fill changes the totals at once, by its own words; the
ledger entries that it causes carry its id and then replace what was reckoned. Pure.
"""

import math
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct, field

from adapters.exchanges.kraken.wire.trading import Fee, Holding, LedgerEntry, asset_of
from messages.money import ZERO, Side

TRADE = "trade"
"""Type of the ledger entries that a fill causes."""
_REMEMBERED = 2_000
"""Ledger entries that came before their fill are forgotten after so many others."""


class _Account(Struct):
    """One asset."""

    balance: Decimal = ZERO
    locked: Decimal = ZERO
    expected: dict[str, Decimal] = field(default_factory=dict)
    """Changes by fills whose ledger entry has not come yet."""

    @property
    def total(self) -> Decimal:
        return self.balance - self.locked + sum(self.expected.values(), ZERO)


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
        """Entries that came before their fill, with the time of their coming; without a fill to wait for, never."""
        for holding in holdings:
            account = self._account(asset_of(holding))
            account.balance += holding.balance
            account.locked += holding.locked

    def all(self) -> dict[str, Decimal]:
        """Of every asset."""
        return {asset: account.total for asset, account in self._accounts.items()}

    def book(self, entries: Iterable[LedgerEntry], now: float) -> dict[str, Decimal]:
        """Ledger entries that came at `now`; returns the totals that they changed."""
        changed: dict[str, Decimal] = {}
        for entry in entries:
            asset = asset_of(entry)
            account = self._account(asset)
            before = account.total
            account.balance = entry.balance
            account.locked += entry.locked
            if entry.ref_id and account.expected.pop(entry.ref_id, None) is None:
                self._remember(asset, entry, now)
            if account.total != before:
                changed[asset] = account.total
        return changed

    def fill(self, fill: Fill) -> dict[str, Decimal]:
        """A fill; returns the totals that it changed, none if its ledger entries came first."""
        changed: dict[str, Decimal] = {}
        for asset, amount in _movements(fill).items():
            if (asset, fill.id) in self._early:
                del self._early[asset, fill.id]
                continue
            account = self._account(asset)
            account.expected[fill.id] = amount
            changed[asset] = account.total
        return changed

    def _account(self, asset: str) -> _Account:
        return self._accounts.setdefault(asset, _Account())

    def unexplained(self, before: float) -> str | None:
        """Id of a fill that moved money before then, and of which no execution was told."""
        return next((fill_id for (_, fill_id), time in self._early.items() if time < before), None)

    def _remember(self, asset: str, entry: LedgerEntry, now: float) -> None:
        # A deposit waits for no fill.
        self._early[asset, entry.ref_id] = now if entry.type == TRADE else math.inf
        if len(self._early) > _REMEMBERED:
            del self._early[next(iter(self._early))]


def _movements(fill: Fill) -> dict[str, Decimal]:
    base, _, quote = fill.symbol.partition("/")
    sign = 1 if fill.side == "buy" else -1
    moved = {base: sign * fill.volume, quote: -sign * fill.cost}
    for fee in fill.fees:
        asset = asset_of(fee)
        moved[asset] = moved.get(asset, ZERO) - fee.qty
    return moved
