"""Who may spend what: totals of the account, holds of every open order, base that each strategy owns.

Pure. Free funds are known without asking the exchange, and strategies that share an account never spend
each other's money (docs/design.md, "Who may spend what"). Amounts are in the asset's own
unit, assets in common spelling.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from messages.account import OrderFacts
from messages.ids import ClientOrderId
from messages.money import ZERO, Pair, cost, hold_of, owned_after
from messages.orders import Balances, Place, Reckoned

Verdict = Literal["admitted", "waits", "lacks"]


class Client(Struct):
    """A strategy as the ledger sees it."""

    strategy: int
    pair: Pair
    fee: Decimal
    sells_unowned: bool
    owned: Decimal
    attach: int = 0
    """Number of the attach that it joined with."""
    since: Decimal = ZERO
    """What its orders have brought and taken since that was answered."""
    marks: dict[tuple[str, Decimal], Decimal] = field(default_factory=dict)
    """`since` after each execution of a sell that its owner enlarged, by client id and cumulative volume."""


class Total(Struct):
    """One asset of the account."""

    amount: Decimal = ZERO
    """Held funds included."""
    kept: Decimal = ZERO
    """Sum of what all purses reserve."""


class Purse(Struct):
    """One owner's part of one asset."""

    strategy: int | None
    """Userref; None for the owners of all external orders."""
    asset: str
    total: Total
    held: Decimal = ZERO
    """Sum of the holds of its open orders."""
    extra: Decimal = ZERO
    """Part of `held` reserved by extra sells, which offer accumulated base, the account owner's first."""
    bought: Decimal = ZERO
    """Base that a strategy bought and has not sold; 0 for quote and for external orders."""
    kept: Decimal = ZERO
    """Reserved from all other owners: the larger of `held` and `bought`."""

    def reckon(self) -> None:
        """Recompute `kept` after a change of `held` or `bought`."""
        kept = max(self.held, self.bought)
        self.total.kept += kept - self.kept
        self.kept = kept

    def available(self) -> Decimal:
        """Amount of the asset that no other purse reserves."""
        return max(self.total.amount - self.total.kept + self.kept, ZERO)


class Hold(Struct):
    """Funds reserved by one open order."""

    purse: Purse
    amount: Decimal
    extra: bool = False
    """By an extra sell."""
    leaving: bool = False
    """A cancel is on its way; the funds are still held."""


class Ledger:
    """Totals, holds and ownership. One instance per account."""

    def __init__(self, expected: frozenset[int]) -> None:
        """`expected` are the strategies that will become clients; until then no base counts as unowned."""
        self._expected = expected
        self.clients: dict[int, Client] = {}
        self.holds: dict[str, Hold] = {}
        self._totals: dict[str, Total] = {}
        self._purses: dict[tuple[int | None, str], Purse] = {}
        self._everybody_is_here = not expected
        self._absent: Mapping[str, Decimal] = {}
        self.changes = 0
        """Rises with everything that could change anybody's funds."""

    def set_totals(self, totals: Mapping[str, Decimal]) -> None:
        """What the account holds of these assets, held funds included."""
        for asset, amount in totals.items():
            self._total(asset).amount = amount
        self.changes += 1

    def keep_for_absent(self, amounts: Mapping[str, Decimal]) -> None:
        """What strategies that are not configured any more bought, by asset, beyond what their sells hold.

        No strategy may spend it. It never reduces what a strategy bought itself: the account's owner may have sold it.
        """
        if amounts != self._absent:
            self._absent = dict(amounts)
            self.changes += 1

    def join(self, client: Client) -> None:
        """A strategy (re)starts; what it owns is what its durable state says."""
        self.clients[client.strategy] = client
        self._everybody_is_here = self._expected <= self.clients.keys()
        self._own(client)

    def reckon_with(self, strategy: int, pair: Pair, fee: Decimal) -> None:
        """Rules and fee of a strategy's new orders; what open ones hold stays as it was asked for."""
        if client := self.clients.get(strategy):
            client.pair, client.fee = pair, fee

    def hold_foreign(self, order: OrderFacts) -> None:
        """Funds of an order that is not ours; its fee is unknown, so the hold is without one.

        An order on margin holds collateral, which no balance shows: nothing of the coin.
        """
        key = order.order_id or order.exchange_id
        if order.status != "open" or order.margin:
            self.release(key)
            return
        base, _, quote = order.symbol.partition("/")
        rest = max(order.volume - order.filled, ZERO)
        asset, amount = (quote, max(cost(order.price, rest), ZERO)) if order.side == "buy" else (base, rest)
        self._keep(key, self.purse(None, asset), amount)

    def hold(self, place: Place, filled: Decimal = ZERO, placed: Decimal | None = None) -> None:
        """Keep what is not filled yet of this order from every other one.

        `placed`: how much of a sell is the strategy's, None: all. It is what one amended by hand had before, and 0 of
        one that was taken over with its owner's base. The other part is held for the account's owner.
        """
        client = self.clients[place.strategy]
        rest = place.volume - filled
        own = min(rest, max(placed - filled, ZERO)) if placed is not None and place.side == "sell" else rest
        amount = hold_of(client.pair, place.side, place.price, own, client.fee)
        self._keep(place.order_id, self._purse_of(client, place), amount, extra=place.kind == "extra")
        self._free(_beyond(place.order_id))
        if own < rest:
            self._keep(_beyond(place.order_id), self.purse(None, client.pair.base), rest - own)

    def leaving(self, order_id: ClientOrderId) -> None:
        """A cancel of this order is on its way."""
        if hold := self.holds.get(order_id):
            hold.leaving = True

    def release(self, key: str) -> None:
        """The order is closed; what it held is free. `key`: client id, or the exchange's of an external one without."""
        self._free(key)
        self._free(_beyond(key))

    def _free(self, key: str) -> None:
        if gone := self.holds.pop(key, None):
            gone.purse.held -= gone.amount
            gone.purse.extra -= gone.amount if gone.extra else ZERO
            gone.purse.reckon()
            self.changes += 1

    def executed(self, place: Place, volume: Decimal, own: Decimal = ZERO, waiting: Decimal = ZERO) -> None:
        """Base changed its owner.

        `own`: see `own_part`; of no account where unowned base may be sold. `waiting`: what sells of the strategy offer
        that were asked for and hold nothing yet.
        """
        client = self.clients[place.strategy]
        hold = self.holds.get(place.order_id)
        purse = self._purse_of(client, place)
        promised = waiting + purse.held - purse.extra - (hold.amount if hold and not hold.extra else ZERO)
        own = ZERO if client.sells_unowned else own
        before, client.owned = client.owned, owned_after(place.side, volume, client.owned, promised, own)
        client.since += client.owned - before
        self._own(client)

    def mark(self, place: Place, filled: Decimal) -> None:
        """An enlarged sell was executed up to this volume: the strategy says what is left (`Reckoned`)."""
        client = self.clients[place.strategy]
        client.marks[place.order_id, filled] = client.since

    def rejoined(self, client: Client) -> Balances:
        """Its attach is answered; returns its funds."""
        client.since = ZERO
        client.marks = {("", ZERO): ZERO}
        return self.funds(client)

    def reckoned(self, told: Reckoned) -> None:
        """It owns no less than by its own books, and what happened since; an answer to an older attach is void.

        It may own more: a core that counts an order only once it is complete says less than its fills brought.
        """
        client = self.clients.get(told.strategy)
        if client is None or client.attach != told.number:
            return
        mark = client.marks.pop((told.order_id, told.filled), None)
        if mark is not None:
            client.owned = max(client.owned, told.owned + client.since - mark)
            self._own(client)

    def verdict(self, place: Place, *, decided_earlier: bool = False) -> Verdict:
        """Whether the order can be paid now, once running cancels are confirmed, or not at all.

        `decided_earlier`: replayed after a restart. It was checked while all strategies were attached, so it may use
        base that no attached strategy owns.
        """
        client = self.clients[place.strategy]
        need = hold_of(client.pair, place.side, place.price, place.volume, client.fee)
        purse = self._purse_of(client, place)
        if place.side == "buy" or (decided_earlier and client.sells_unowned):
            limit = self._spendable(purse)
            if place.side == "sell":
                limit = max(limit, self._base(client)[0])
        else:
            base, unowned = self._base(client)
            limit = base + unowned if client.sells_unowned else base
        if need <= limit - purse.held:
            return "admitted"
        leaving = sum((hold.amount for hold in self.holds.values() if hold.leaving and hold.purse is purse), ZERO)
        return "waits" if need <= limit - purse.held + leaving else "lacks"

    def funds(self, client: Client) -> Balances:
        """What the strategy could spend if it had no order of its own open."""
        base, unowned = self._base(client)
        quote = self._spendable(self.purse(client.strategy, client.pair.quote))
        return Balances(client.strategy, quote, base, unowned)

    def all_funds(self) -> list[Balances]:
        """The funds of every client."""
        return [self.funds(client) for client in self.clients.values()]

    def purse(self, strategy: int | None, asset: str) -> Purse:
        """What the strategy, or foreign orders, have of an asset."""
        purse = self._purses.get((strategy, asset))
        if purse is None:
            purse = self._purses[strategy, asset] = Purse(strategy, asset, self._total(asset))
        return purse

    def _base(self, client: Client) -> tuple[Decimal, Decimal]:
        """What the strategy may sell of what it bought, and base that no strategy bought."""
        purse, owned = self.purse(client.strategy, client.pair.base), max(client.owned, ZERO)
        available = purse.available()
        unowned = max(self._spendable(purse) - owned, ZERO) if self._everybody_is_here else ZERO
        return min(owned, available), unowned

    def _spendable(self, purse: Purse) -> Decimal:
        """Amount of the asset that neither an attached nor an absent strategy reserves."""
        available = purse.available()
        absent = self._absent.get(purse.asset)
        return max(available - absent, ZERO) if absent else available

    def _own(self, client: Client) -> None:
        purse = self.purse(client.strategy, client.pair.base)
        purse.bought = client.owned
        purse.reckon()
        self.changes += 1

    def _keep(self, key: str, purse: Purse, amount: Decimal, *, extra: bool = False) -> None:
        """Reserve an open order's funds; a cancel that is on its way stays so."""
        before = self.holds.get(key)
        self._free(key)
        self.holds[key] = Hold(purse, amount, extra, leaving=before is not None and before.leaving)
        purse.held += amount
        purse.extra += amount if extra else ZERO
        purse.reckon()
        self.changes += 1

    def _total(self, asset: str) -> Total:
        total = self._totals.get(asset)
        if total is None:
            total = self._totals[asset] = Total()
        return total

    def _purse_of(self, client: Client, place: Place) -> Purse:
        """What the order is paid with."""
        return self.purse(client.strategy, client.pair.quote if place.side == "buy" else client.pair.base)


def _beyond(key: str) -> str:
    """Under which name is held what the account's owner added to an order."""
    return f"{key}+"
