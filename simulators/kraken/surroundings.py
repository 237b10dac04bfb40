"""What changes around a trading program: a pair's rules and listing, the account's rights, fees, keys and rows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from simulators.kraken.model import trading
from simulators.kraken.model.accounts import Account, ApiKey
from simulators.kraken.model.catalogue import Asset, Pair
from simulators.kraken.model.events import MarketEvent, PairEvent
from simulators.kraken.model.fees import Rates
from simulators.kraken.model.market import Market
from simulators.kraken.model.orders import LedgerEntry, Oddity, OrderRequest, Side
from simulators.kraken.model.venue import Venue
from simulators.kraken.settings import KeySettings

MARKET_CLOSED = "Market closed"
_WALLETS = {"": ("spot", "main"), ".F": ("earn", "flexible")}
_BOUND_WALLET = ("earn", "bonded")


class Surroundings:
    """The part of `Control` that alters what a program has read before, or what others do with the account."""

    venue: Venue

    def rules(
        self,
        symbol: str,
        *,
        tick_size: Decimal | None = None,
        pair_decimals: int | None = None,
        lot_decimals: int | None = None,
        ordermin: Decimal | None = None,
        costmin: Decimal | None = None,
    ) -> None:
        """Other rules of a pair from now on, sent over the instrument channel; open orders stay as they are.

        A tick size alone brings the decimals that it needs, decimals alone bring their tick.
        """
        market = self._market(symbol)
        if tick_size is None and pair_decimals is not None:
            tick_size = Decimal(1).scaleb(-pair_decimals)
        elif tick_size is not None and pair_decimals is None:
            places = tick_size.normalize().as_tuple().exponent
            pair_decimals = max(0, -places) if isinstance(places, int) else 0
        changes = {
            "tick_size": tick_size,
            "pair_decimals": pair_decimals,
            "lot_decimals": lot_decimals,
            "ordermin": ordermin,
            "costmin": costmin,
        }
        pair: Pair = replace(market.pair, **{name: value for name, value in changes.items() if value is not None})
        self.venue.catalogue.put(pair)
        market.follow_rules(pair)
        self.venue.emit(PairEvent(pair.id))

    def misprint(self, symbol: str, price: Decimal, volume: Decimal = Decimal("0.0001")) -> None:
        """One public trade at an outlying price: nothing fills, the best bid and ask stay where they are."""
        market = self._market(symbol)
        market.last = price
        trade = self.venue.tape(market, price, volume, "buy", None)
        self.venue.emit(MarketEvent(market.pair.id, (trade,)))

    def delist(self, symbol: str, reason: str = MARKET_CLOSED) -> None:
        """The pair ends: its orders are canceled for `reason`, it leaves every list, its subscriptions are refused."""
        market = self._market(symbol)
        market.status = "delisted"
        for order in [order for order in self.venue.orders.open.values() if order.pair == market.pair.id]:
            self.venue.end(order, "canceled", reason)
        self.venue.emit(PairEvent(market.pair.id))
        self.venue.catalogue.delist(market.pair)

    def relist(self, symbol: str) -> None:
        """A delisted pair is back, online, with the rules that it had."""
        pair = self.venue.catalogue.former(symbol)
        if pair is None:
            raise LookupError(f"{symbol} was not delisted")
        self.venue.catalogue.put(pair)
        self.venue.markets[pair.id].status = "online"
        self.venue.emit(PairEvent(pair.id))

    def restrict(self, symbol: str, text: str | None = None, account: str | None = None) -> None:
        """Orders of the account on this pair are refused with `text`; open ones stay and can be canceled."""
        pair = self._pair(symbol)
        words = f"EAccount:Invalid permissions:{pair.base.symbol} trading restricted for US:WA."
        self._account(account).restricted[pair.id] = words if text is None else text

    def unrestrict(self, symbol: str, account: str | None = None) -> None:
        """The account may trade the pair again."""
        self._account(account).restricted.pop(self._pair(symbol).id, None)

    def fees(
        self,
        maker: Decimal | None = None,
        taker: Decimal | None = None,
        *,
        volume_30d: Decimal | None = None,
        fee_credits: bool | None = None,
        account: str | None = None,
    ) -> None:
        """Another fee tier: fixed rates in percent, or what the ladder says of a volume in USD.

        With `fee_credits` fees are paid with them (`KFEE`, a cent each) instead of the quote currency.
        """
        owner = self._account(account)
        if (maker is None) != (taker is None):
            raise ValueError("maker and taker rate go together")
        owner.fix_rates(None if maker is None or taker is None else Rates(maker, taker))
        owner.volume = owner.volume if volume_30d is None else volume_30d
        owner.fee_credits = owner.fee_credits if fee_credits is None else fee_credits

    def move(
        self,
        asset: str,
        amount: Decimal,
        kind: str,
        *,
        subtype: str = "",
        suffix: str = "",
        fee: Decimal = Decimal(0),
        account: str | None = None,
    ) -> None:
        """A ledger entry of any kind: `staking`, `transfer`, `conversion`, `credit`, `rollover`, `adjustment`, ...

        `suffix` names the row: `.F` earns and can be spent; `.B`, `.S`, `.M`, `.P` cannot.
        """
        found = self._asset(asset)
        row = found.altname + suffix if suffix else found.row
        wallet = _WALLETS.get(suffix, _BOUND_WALLET)
        nothing = Decimal(0)
        entry = LedgerEntry("", "", 0, kind, found.id, row, amount, fee, nothing, nothing, subtype, wallet)
        self.venue.enter(self._account(account), found, entry)

    def stake(self, asset: str, amount: Decimal, suffix: str = ".S", account: str | None = None) -> None:
        """Coins go from the spot row to a bound one; a negative amount brings them back."""
        there = amount > 0
        kinds = ("spottostaking", "stakingfromspot") if there else ("spotfromstaking", "stakingtospot")
        self.move(asset, -amount, "transfer", subtype=kinds[0], account=account)
        self.move(asset, amount, "transfer", subtype=kinds[1], suffix=suffix, account=account)

    def convert(self, sold: str, amount: Decimal, bought: str, brought: Decimal, account: str | None = None) -> None:
        """The owner converts one asset into another, away from the order book."""
        self.move(sold, -amount, "conversion", account=account)
        self.move(bought, brought, "conversion", account=account)

    def place(
        self,
        symbol: str,
        side: Side,
        price: Decimal | None,
        volume: Decimal,
        *,
        cl_ord_id: str | None = None,
        userref: int | None = None,
        leverage: int = 0,
        without: Sequence[str] = (),
        changes: dict[str, Any] | None = None,
        account: str | None = None,
    ) -> str:
        """An external order of the same account: by its owner by hand, or by a second program. Its txid.

        A limit order, or without a price a market order. `leverage` makes it a margin order, which holds no coin.
        Its rows lack the fields `without` and show `changes`, as `{"cl_ord_id": null}`. It charges the same
        counters as all orders. Raises `Refused`.
        """
        request = OrderRequest(
            side,
            "market" if price is None else "limit",
            volume,
            price,
            cl_ord_id=cl_ord_id,
            userref=userref,
            leverage=leverage,
            odd=Oddity(tuple(without), changes or {}),
        )
        pair, owner = self._pair(symbol), self._account(account)
        placed = trading.add(self.venue, owner, pair, request, deadline=None, nearest_deadline=0)
        return placed.txid if placed else ""

    def odd_pair(self, symbol: str, without: Sequence[str] = (), changes: dict[str, Any] | None = None) -> None:
        """The pair's row in AssetPairs and the instrument channel lacks fields or shows others; neither: as usual."""
        market = self._market(symbol)
        market.odd = Oddity(tuple(without), changes or {})

    def add_key(self, key: KeySettings, account: str | None = None) -> None:
        """One more API key of an account that exists."""
        if key.public in self.venue.keys:
            raise ValueError(f"key {key.public} exists already")
        owner, venue = self._account(account), self.venue
        venue.keys[key.public] = ApiKey(key, owner, venue.clock.now(), venue.behaviour.lockout_after)

    def remove_key(self, public: str) -> None:
        """The key is deleted: `EAPI:Invalid key` from now on. Its sockets and tokens live on until they end."""
        del self.venue.keys[public]

    def permissions(self, public: str, permissions: frozenset[str]) -> None:
        """The key has other rights."""
        key = self.venue.keys[public]
        key.settings = replace(key.settings, permissions=permissions)

    def _keys(self, account: str | None) -> list[ApiKey]:
        owner = self._account(account)
        return [key for key in self.venue.keys.values() if key.account is owner]

    def _account(self, name: str | None) -> Account:
        """The named account; None is the first one. Raises `LookupError`."""
        return next(iter(self.venue.accounts.values())) if name is None else self.venue.accounts[name]

    def _pair(self, symbol: str) -> Pair:
        pair = self.venue.catalogue.by_symbol(symbol)
        if pair is None:
            raise LookupError(f"there is no pair {symbol}")
        return pair

    def _market(self, symbol: str) -> Market:
        return self.venue.markets[self._pair(symbol).id]

    def _asset(self, name: str) -> Asset:
        return self.venue.catalogue.asset(name)
