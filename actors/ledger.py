"""Who may spend what: totals of the account, holds of every open order, base that each strategy owns.

Pure. Free funds are known without asking the exchange, and strategies that share an account never spend
each other's money (design, section 3). Amounts are in the asset's own unit, assets in common spelling.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from messages.account import OrderFacts
from messages.money import ZERO, Pair, cost, hold_of
from messages.orders import Balances, Place

Verdict = Literal["admitted", "waits", "lacks"]


class Client(Struct):
    """A strategy as the ledger sees it."""

    strategy: int
    pair: Pair
    fee: Decimal
    sells_unowned: bool
    owned: Decimal


class Hold(Struct):
    """What one open order keeps from others."""

    strategy: int | None
    """None for a foreign order."""
    asset: str
    amount: Decimal
    leaving: bool = False
    """A cancel is on its way; the funds are still held."""


class Ledger:
    """Totals, holds and ownership. One instance per account."""

    def __init__(self, expected: frozenset[int]) -> None:
        """`expected` are the strategies that will become clients; until then nobody's base counts as unowned."""
        self._expected = expected
        self.totals: dict[str, Decimal] = {}
        self.clients: dict[int, Client] = {}
        self.holds: dict[str, Hold] = {}
        self._held: dict[tuple[int | None, str], Decimal] = {}
        """Sum of the holds per strategy and asset."""
        self._shares: dict[tuple[int | None, str], Decimal] = {}
        """What each keeps of an asset from all others: what a strategy bought, even while it offers it, and holds."""
        self._taken: dict[str, Decimal] = {}
        """Sum of the shares per asset."""
        self._everybody_is_here = not expected
        self.changes = 0
        """Rises with everything that could change anybody's funds."""

    def set_totals(self, totals: Mapping[str, Decimal]) -> None:
        """What the account holds of these assets, held funds included."""
        self.totals.update(totals)
        self.changes += 1

    def join(self, client: Client) -> None:
        """A strategy (re)starts; what it owns is what its durable state says."""
        self.clients[client.strategy] = client
        self._everybody_is_here = self._expected <= self.clients.keys()
        self._reckon(client.strategy, client.pair.base)
        self._reckon(client.strategy, client.pair.quote)

    def hold_foreign(self, order: OrderFacts) -> None:
        """Funds of an order that is not ours; its fee is unknown, so the hold is without one."""
        if order.status != "open":
            self.release(order.order_id or order.exchange_id)
            return
        base, _, quote = order.symbol.partition("/")
        rest = order.volume - order.filled
        asset, amount = (quote, cost(order.price, rest)) if order.side == "buy" else (base, rest)
        self._keep(order.order_id or order.exchange_id, Hold(None, asset, amount))

    def hold(self, place: Place, filled: Decimal = ZERO) -> None:
        """Keep what is not filled yet of this order from every other one."""
        client = self.clients[place.strategy]
        pair = client.pair
        amount = hold_of(pair, place.side, place.price, place.volume - filled, client.fee)
        leaving = place.order_id in self.holds and self.holds[place.order_id].leaving
        asset = pair.quote if place.side == "buy" else pair.base
        self._keep(place.order_id, Hold(place.strategy, asset, amount, leaving))

    def leaving(self, order_id: str) -> None:
        """A cancel of this order is on its way."""
        if hold := self.holds.get(order_id):
            hold.leaving = True

    def release(self, order_id: str) -> None:
        """The order is closed; what it held is free."""
        if gone := self.holds.pop(order_id, None):
            self._held[gone.strategy, gone.asset] -= gone.amount
            self._reckon(gone.strategy, gone.asset)

    def executed(self, place: Place, volume: Decimal) -> None:
        """Base changed its owner."""
        client = self.clients[place.strategy]
        client.owned += volume if place.side == "buy" else -volume
        self._reckon(client.strategy, client.pair.base)

    def verdict(self, place: Place, *, decided_earlier: bool = False) -> Verdict:
        """Whether the order can be paid now, once running cancels are confirmed, or not at all.

        `decided_earlier`: when it was decided, everybody was here, so base that nobody here owns was nobody's then.
        """
        client = self.clients[place.strategy]
        need = hold_of(client.pair, place.side, place.price, place.volume, client.fee)
        asset = client.pair.quote if place.side == "buy" else client.pair.base
        if place.side == "buy" or (decided_earlier and client.sells_unowned):
            limit = self._available(client, asset)
        else:
            base, unowned = self._base(client)
            limit = base + unowned if client.sells_unowned else base
        held = self._held.get((place.strategy, asset), ZERO)
        if need <= limit - held:
            return "admitted"
        own = (hold for hold in self.holds.values() if hold.strategy == place.strategy and hold.asset == asset)
        leaving = sum((hold.amount for hold in own if hold.leaving), ZERO)
        return "waits" if need <= limit - held + leaving else "lacks"

    def funds(self, client: Client) -> Balances:
        """What the strategy could spend if it had no order of its own open."""
        base, unowned = self._base(client)
        return Balances(client.strategy, self._available(client, client.pair.quote), base, unowned)

    def all_funds(self) -> list[Balances]:
        """The funds of every client."""
        return [self.funds(client) for client in self.clients.values()]

    def _base(self, client: Client) -> tuple[Decimal, Decimal]:
        """What it may sell of what it bought, and base that nobody bought."""
        available, owned = self._available(client, client.pair.base), max(client.owned, ZERO)
        unowned = max(available - owned, ZERO) if self._everybody_is_here else ZERO
        return min(owned, available), unowned

    def _available(self, client: Client, asset: str) -> Decimal:
        """What of the asset nobody else keeps."""
        own = self._shares.get((client.strategy, asset), ZERO)
        return max(self.totals.get(asset, ZERO) - self._taken.get(asset, ZERO) + own, ZERO)

    def _keep(self, key: str, hold: Hold) -> None:
        self.release(key)
        self.holds[key] = hold
        self._held[hold.strategy, hold.asset] = self._held.get((hold.strategy, hold.asset), ZERO) + hold.amount
        self._reckon(hold.strategy, hold.asset)

    def _reckon(self, strategy: int | None, asset: str) -> None:
        """Somebody's holds of an asset have changed, or what it bought of it."""
        client = None if strategy is None else self.clients.get(strategy)
        share = self._held.get((strategy, asset), ZERO)
        if client is not None and client.pair.base == asset:
            share = max(client.owned, share)
        taken = self._taken.get(asset, ZERO) - self._shares.get((strategy, asset), ZERO)
        self._taken[asset], self._shares[strategy, asset] = taken + share, share
        self.changes += 1
