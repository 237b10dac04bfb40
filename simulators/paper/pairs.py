"""Trading rules of common pairs, as Kraken states them; the configuration may replace or add any.

They were taken down once and may have changed since: a simulation needs rules of the right kind, and
live trading asks the exchange.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
from msgspec import Struct

from config.problems import ConfigError, Problem, same_pair
from config.schema import PairOverride
from messages.money import Pair

KEY = "exchange.paper.pairs"


class _Base(Struct, frozen=True):
    """What depends on the base currency."""

    tick_size: str
    min_volume: str
    reference: str
    """A price of the right magnitude, in dollars, for synthetic prices to begin at."""


class _Quote(Struct, frozen=True):
    """What depends on the quote currency."""

    cost_decimals: int
    min_cost: str


_LOT_DECIMALS = 8
"""Decimals of a volume, for every pair listed here."""

_BASES = {
    "BTC": _Base("0.1", "0.00005", "60000"),
    "ETH": _Base("0.01", "0.001", "2500"),
    "SOL": _Base("0.01", "0.02", "150"),
    "XRP": _Base("0.00001", "2", "2"),
    "ADA": _Base("0.000001", "5", "0.6"),
    "DOGE": _Base("0.0000001", "20", "0.15"),
    "DOT": _Base("0.0001", "1", "4"),
    "LTC": _Base("0.01", "0.04", "90"),
    "LINK": _Base("0.00001", "0.2", "15"),
    "BCH": _Base("0.01", "0.01", "400"),
    "AVAX": _Base("0.01", "0.1", "25"),
    "ATOM": _Base("0.0001", "0.5", "4"),
    "TRX": _Base("0.000001", "15", "0.3"),
    "XLM": _Base("0.000001", "15", "0.3"),
    "XMR": _Base("0.01", "0.02", "250"),
}
_QUOTES = {
    "USD": _Quote(5, "0.5"),
    "EUR": _Quote(5, "0.45"),
    "USDT": _Quote(8, "0.5"),
    "USDC": _Quote(8, "0.5"),
}
_TOKENIZED = {
    "AAPLx": _Base("0.01", "0.005", "200"),
    "TSLAx": _Base("0.01", "0.005", "300"),
    "NVDAx": _Base("0.01", "0.005", "150"),
    "SPYx": _Base("0.01", "0.002", "600"),
}


def _build() -> dict[str, tuple[Pair, Decimal]]:
    listed = [(base, quote) for base in _BASES for quote in _QUOTES] + [(base, "USD") for base in _TOKENIZED]
    return {f"{base}/{quote}": _pair(base, quote) for base, quote in listed}


def _pair(base: str, quote: str) -> tuple[Pair, Decimal]:
    of_base, of_quote = (_BASES | _TOKENIZED)[base], _QUOTES[quote]
    pair = Pair(
        symbol=f"{base}/{quote}",
        tick_size=Decimal(of_base.tick_size),
        lot_decimals=_LOT_DECIMALS,
        cost_decimals=of_quote.cost_decimals,
        min_volume=Decimal(of_base.min_volume),
        min_cost=Decimal(of_quote.min_cost),
    )
    return pair, Decimal(of_base.reference)


_BUILT_IN = _build()
KNOWN_PAIRS = tuple(_BUILT_IN)
"""Symbols that need no configuration."""


def pair_rules(symbol: str, overrides: Mapping[str, PairOverride], origin: str) -> Pair:
    """The rules of `symbol`: the built-in ones, with what the configuration states in their place.

    Raises `ConfigError` at `exchange.paper.pairs` for a pair that is neither built in nor fully stated;
    `origin` is the file it names.
    """
    stated = msgspec.structs.asdict(overrides.get(symbol, PairOverride()))
    stated = {name: value for name, value in stated.items() if value is not None}
    if symbol in _BUILT_IN:
        return msgspec.structs.replace(_BUILT_IN[symbol][0], **stated)
    missing = [name for name in PairOverride.__struct_fields__ if name not in stated]
    if missing:
        raise ConfigError((_unknown(symbol, missing, symbol in overrides, origin),))
    return msgspec.convert({"symbol": symbol, **stated}, Pair)


def reference_price(pair: Pair) -> Decimal:
    """Where synthetic prices of this pair begin when the configuration does not say."""
    if pair.symbol in _BUILT_IN:
        return _BUILT_IN[pair.symbol][1]
    # Below some ten thousand ticks the rounding to a tick would swallow the steps of the path.
    return max(Decimal(100), 10_000 * pair.tick_size)


def _unknown(symbol: str, missing: list[str], stated: bool, origin: str) -> Problem:
    return Problem(
        source=origin,
        key=f'{KEY}."{symbol}"',
        found=f"rules without {', '.join(missing)}" if stated else "no rules for this pair, and none are built in",
        allowed=f'[{KEY}."{symbol}"] with {", ".join(PairOverride.__struct_fields__)}',
        hint=same_pair(symbol, KNOWN_PAIRS),
    )
