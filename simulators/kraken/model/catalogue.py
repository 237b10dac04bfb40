"""Assets and pairs under all the names the venue gives them (facts, sections 2.5 and 8.4)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from simulators.kraken.model.errors import UNKNOWN_ASSET, UNKNOWN_PAIR, Refused

AssetClass = Literal["currency", "tokenized_asset"]
PairStatus = Literal[
    "online", "cancel_only", "post_only", "limit_only", "reduce_only", "maintenance", "work_in_progress", "delisted"
]

EARN_SUFFIX = ".F"
BOUND_SUFFIXES = (".B", ".M", ".P", ".S")
"""Suffixes of balance rows that cannot be spent: newer yield, opt-in rewards, parachains, staked."""
TOKENIZED_SUFFIX = ".T"


class Asset(Struct, frozen=True):
    """One asset."""

    id: str
    """Legacy id: `XXBT`, `ZUSD`, `SOL`."""
    altname: str
    """`XBT`, `USD`, `SOL`."""
    symbol: str
    """WebSocket v2 name: `BTC`, `USD`, `SOL`."""
    decimals: int
    """Ledger precision of balances."""
    display_decimals: int = 5
    aclass: AssetClass = "currency"
    status: str = "enabled"

    @property
    def row(self) -> str:
        """Key of the plain balance."""
        return self.id + TOKENIZED_SUFFIX if self.aclass == "tokenized_asset" else self.id

    @property
    def earn_row(self) -> str:
        """Key of the balance that earns automatically; spendable like the plain one."""
        return self.altname + EARN_SUFFIX

    @property
    def bound_rows(self) -> tuple[str, ...]:
        """Keys of the balances that are the account's but cannot be spent."""
        return tuple(self.altname + suffix for suffix in BOUND_SUFFIXES)


class Pair(Struct, frozen=True):
    """One pair and its trading rules."""

    id: str
    """`XXBTZUSD`."""
    altname: str
    """`XBTUSD`."""
    symbol: str
    """WebSocket v2 name: `BTC/USD`."""
    base: Asset
    quote: Asset
    pair_decimals: int
    """Decimals of a price."""
    lot_decimals: int
    """Decimals of a volume."""
    cost_decimals: int
    ordermin: Decimal
    costmin: Decimal
    tick_size: Decimal
    has_index: bool = True

    @property
    def wsname(self) -> str:
        """Name in WebSocket v1: `XBT/USD`."""
        return f"{self.base.altname}/{self.quote.altname}"

    @property
    def aclass(self) -> AssetClass:
        return self.base.aclass


class Catalogue:
    """All assets and pairs of the venue."""

    def __init__(self, pairs: Iterable[Pair], others: Iterable[Asset] = ()) -> None:
        """`others` are assets that no pair trades."""
        self.pairs = {pair.id: pair for pair in pairs}
        """Those that are listed, by id."""
        self._former = dict(self.pairs)
        """Every pair that was ever listed, as it was when it was not any more; looked at where it is not listed."""
        known = [asset for pair in self.pairs.values() for asset in (pair.base, pair.quote)] + list(others)
        self.assets = {asset.id: asset for asset in known}
        self._pair_names = {name: pair for pair in self.pairs.values() for name in (pair.id, pair.altname, pair.symbol)}
        self._asset_names = {
            name: asset for asset in known for name in (asset.id, asset.altname, asset.symbol, asset.row)
        }
        self._rows = {row: asset for asset in known for row in (asset.row, asset.earn_row, *asset.bound_rows)}
        self._symbols = {pair.symbol: pair for pair in self.pairs.values()}

    def put(self, pair: Pair) -> None:
        """List a pair, or change the rules of one that is listed."""
        self.pairs[pair.id] = self._symbols[pair.symbol] = pair
        self._pair_names |= dict.fromkeys((pair.id, pair.altname, pair.symbol), pair)

    def delist(self, pair: Pair) -> None:
        """No name leads to the pair any more; its past keeps its rules."""
        self._former[pair.id] = self.pairs.pop(pair.id)
        del self._symbols[pair.symbol]
        for name in (pair.id, pair.altname, pair.symbol):
            self._pair_names.pop(name, None)

    def former(self, symbol: str) -> Pair | None:
        """A pair that was delisted."""
        gone = (pair for pair in self._former.values() if pair.id not in self.pairs)
        return next((pair for pair in gone if pair.symbol == symbol), None)

    def known(self, pair_id: str) -> Pair:
        """A pair by id, also one that was delisted."""
        return self.pairs.get(pair_id) or self._former[pair_id]

    def pair(self, name: str) -> Pair:
        """By pair id, altname or the new style `BTC/USD`; `XBT/USD` is refused, as reported."""
        found = self._pair_names.get(name)
        if found is None:
            raise Refused(UNKNOWN_PAIR)
        return found

    def by_symbol(self, symbol: str) -> Pair | None:
        """By the only name that WebSocket v2 knows."""
        return self._symbols.get(symbol)

    def asset(self, name: str) -> Asset:
        found = self._asset_names.get(name)
        if found is None:
            raise Refused(UNKNOWN_ASSET)
        return found

    def of_row(self, row: str) -> Asset | None:
        """The asset whose balance this key holds; None for rows with a name of their own, such as `04.S`."""
        return self._rows.get(row)
