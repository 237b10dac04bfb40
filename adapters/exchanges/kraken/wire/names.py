"""Asset and pair names: Kraken has four spellings of most of them, the rest of the program has one.

Common spelling is that of WebSocket v2: `BTC`, `DOGE`, `USD`, `AAPLx`, pairs as `BTC/USD`. A leading X or Z
is never stripped by rule, since `XAUT` or `ZEUS` are real names; the table below is complete.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

_CRYPTO = "ETC ETH LTC MLN REP XBT XDG XLM XMR XRP ZEC"
_FIAT = "ARS AUD CAD CLP COP DKK EUR GBP GEL GHS JPY LKR MXN PLN SEK UGX USD VND XOF"

LEGACY: Mapping[str, str] = {
    **{f"X{name}": name for name in _CRYPTO.split()},
    **{f"Z{name}": name for name in _FIAT.split()},
    "KFEE": "FEE",
}
"""Asset ids that differ from their altname."""

RENAMED: Mapping[str, str] = {"XBT": "BTC", "XDG": "DOGE"}
"""Altnames that WebSocket v2 spells in another way."""

TOKENIZED = "tokenized_asset"
"""Kraken's name of the class."""

_SPENDABLE_SUFFIXES = frozenset({"F", "T"})
"""Earning automatically (`.F`) and tokenized (`.T`): spent through the plain asset. All others, also ones that are not
known yet, are staked, bonded or held: no order can spend them."""

_VARIANT = re.compile(r"(?P<base>.+?)(?P<days>\d\d)?\.(?P<suffix>[A-Z][A-Z0-9]*)\Z")
"""`XBT.F`, `AAPLx.T`, `DOT28.S`, `ETH2.S`: an asset and what is done with it."""

_ASSET_IDS = {RENAMED.get(altname, altname): legacy for legacy, altname in LEGACY.items()}


def common_asset(name: str) -> str:
    """The common spelling of an asset in any of Kraken's, suffixes included; unknown names stay as they are."""
    variant = _VARIANT.match(name)
    if variant is not None:
        name = variant["base"] if variant["suffix"] == "S" else variant["base"] + (variant["days"] or "")
    altname = LEGACY.get(name, name)
    return RENAMED.get(altname, altname)


def is_spendable(name: str) -> bool:
    """Whether a balance of this spelling can be traded: not staked, bonded or held."""
    variant = _VARIANT.match(name)
    return variant is None or variant["suffix"] in _SPENDABLE_SUFFIXES


def asset_id(common: str) -> str:
    """What REST balances and ledgers call a plain asset (`XXBT`, `ZUSD`, `SOL`)."""
    return _ASSET_IDS.get(common, common)


def common_symbol(name: str) -> str:
    """`BASE/QUOTE` in common spelling from any name that has the stroke, for instance `XBT/USD`."""
    base, stroke, quote = name.partition("/")
    return f"{common_asset(base)}{stroke}{common_asset(quote)}"


def spendable(balances: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """All spellings of one asset summed under its common name; what is locked is left out."""
    totals: dict[str, Decimal] = {}
    for name, amount in balances.items():
        if is_spendable(name):
            asset = common_asset(name)
            totals[asset] = totals.get(asset, Decimal(0)) + amount
    return totals


class PairName(Struct, frozen=True):
    """One pair in all its spellings."""

    id: str
    """Key of AssetPairs, TradeVolume and Ticker: `XXBTZUSD`."""
    altname: str
    """In order descriptions and file names: `XBTUSD`."""
    symbol: str
    """Common spelling, the WebSocket's: `BTC/USD`."""
    tokenized: bool = False
    """A tokenized asset, which most of REST does not find unless its class is named."""

    def of_class(self, parameter: str = "asset_class") -> dict[str, str]:
        """What a REST call has to add to find this pair; AssetPairs calls it `aclass_base`."""
        return {parameter: TOKENIZED} if self.tokenized else {}


class PairTable:
    """Looks pairs up by any of their spellings."""

    def __init__(self, pairs: Iterable[PairName]) -> None:
        self._by_name: dict[str, PairName] = {}
        self.symbols: list[str] = []
        self.learn(pairs)

    def learn(self, pairs: Iterable[PairName]) -> None:
        """Further pairs, or newer words about known ones. Names that are no longer listed stay known."""
        for pair in pairs:
            if self._by_name.get(pair.symbol) is None:
                self.symbols.append(pair.symbol)
            for name in (pair.id, pair.altname, pair.symbol):
                self._by_name[name] = pair

    def find(self, name: str) -> PairName | None:
        """The pair that `name` means, or None."""
        return self._by_name.get(name) or self._by_name.get(common_symbol(name))

    def symbol(self, name: str) -> str:
        """Common spelling of `name`; an unknown one is passed through, since external orders may trade it."""
        pair = self.find(name)
        return pair.symbol if pair else common_symbol(name)


def pair_name(pair_id: str, altname: str, base: str, quote: str, base_class: str = "currency") -> PairName:
    """From the fields of AssetPairs; `base` and `quote` are asset ids."""
    return PairName(pair_id, altname, f"{common_asset(base)}/{common_asset(quote)}", base_class == TOKENIZED)
