"""Who may spend what: totals of the account, holds of every open order, base that each strategy owns.

Pure. Free funds are known without asking the exchange, and strategies that share an account never spend
each other's money (design, section 3). Amounts are in the asset's own unit, assets in common spelling.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from messages.account import OrderFacts
from messages.money import ZERO, Pair, hold_of
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
        self._expected = expected
        self.totals: dict[str, Decimal] = {}
        self.clients: dict[int, Client] = {}
        self.holds: dict[str, Hold] = {}

    def hold_foreign(self, order: OrderFacts) -> None:
        """Funds of an order that is not ours; its fee is unknown, so the hold is without one."""
        base, _, quote = order.symbol.partition("/")
        rest = order.volume - order.filled
        asset, amount = (quote, rest * order.price) if order.side == "buy" else (base, rest)
        self.holds[order.order_id or order.exchange_id] = Hold(None, asset, amount)

    def verdict(self, place: Place) -> Verdict:
        """Whether the order can be paid now, once running cancels are confirmed, or not at all."""
        client = self.clients[place.strategy]
        need = hold_of(client.pair, place.side, place.price, place.volume, client.fee)
        funds = self.funds(client)
        if place.side == "buy":
            limit, asset = funds.quote, client.pair.quote
        else:
            limit = funds.base + (funds.base_unowned if client.sells_unowned else ZERO)
            asset = client.pair.base
        own = [hold for hold in self.holds.values() if hold.strategy == place.strategy and hold.asset == asset]
        held = sum((hold.amount for hold in own), ZERO)
        if need <= limit - held:
            return "admitted"
        leaving = sum((hold.amount for hold in own if hold.leaving), ZERO)
        return "waits" if need <= limit - held + leaving else "lacks"

    def hold(self, place: Place, filled: Decimal = ZERO) -> None:
        """Keep what is not filled yet of this order from every other one."""
        client = self.clients[place.strategy]
        pair = client.pair
        amount = hold_of(pair, place.side, place.price, place.volume - filled, client.fee)
        leaving = place.order_id in self.holds and self.holds[place.order_id].leaving
        asset = pair.quote if place.side == "buy" else pair.base
        self.holds[place.order_id] = Hold(place.strategy, asset, amount, leaving)

    def leaving(self, order_id: str) -> None:
        """A cancel of this order is on its way."""
        if hold := self.holds.get(order_id):
            hold.leaving = True

    def release(self, order_id: str) -> None:
        """The order is closed; what it held is free."""
        self.holds.pop(order_id, None)

    def executed(self, place: Place, volume: Decimal) -> None:
        """Base changed its owner."""
        client = self.clients[place.strategy]
        client.owned += volume if place.side == "buy" else -volume

    def funds(self, client: Client) -> Balances:
        """What the strategy could spend if it had no order of its own open."""
        quote = self._available(client.pair.quote, client)
        base = self._available(client.pair.base, client)
        owned = max(client.owned, ZERO)
        everybody_is_here = self._expected <= self.clients.keys()
        return Balances(
            client.strategy,
            quote=max(quote, ZERO),
            base=max(min(owned, base), ZERO),
            base_unowned=max(base - owned, ZERO) if everybody_is_here else ZERO,
        )

    def _available(self, asset: str, client: Client) -> Decimal:
        """The account's total without what other strategies own or hold and what foreign orders hold."""
        taken = ZERO
        offered: dict[int, Decimal] = {}
        for hold in self.holds.values():
            if hold.asset != asset or hold.strategy == client.strategy:
                continue
            if hold.strategy is not None and self.clients[hold.strategy].pair.base == asset:
                offered[hold.strategy] = offered.get(hold.strategy, ZERO) + hold.amount
            else:
                taken += hold.amount
        for other in self.clients.values():
            if other.pair.base == asset and other.strategy != client.strategy:
                taken += max(other.owned, offered.get(other.strategy, ZERO))
        return self.totals.get(asset, ZERO) - taken
