"""Whether real money is at stake, in the first line that is said of a configuration."""

from collections.abc import Mapping

from config.schema import PAPER, SYNTHETIC, is_price_file

_NONE: Mapping[str, object] = {}


def mode_of(raw: Mapping[str, object]) -> str:
    """`LIVE: ...`, `dry run: ...` or `paper exchange: ...`, from tables that may be wrong elsewhere.

    Where neither can be told the sentence says so.
    """
    exchange, bot = _table(raw, "exchange"), _table(raw, "bot")
    adapter, dry_run = exchange.get("adapter"), bot.get("dry_run")
    if adapter == PAPER:
        return f"paper exchange: simulated orders, {_prices(_table(exchange, 'paper').get('prices'))}"
    if not isinstance(adapter, str) or not isinstance(dry_run, bool):
        return "neither LIVE nor dry run: it takes [exchange] adapter, and [bot] dry_run = true or false"
    venue = _venue(adapter, exchange.get("rest_url"))
    if dry_run:
        return f"dry run: real prices of {venue}, simulated orders"
    return f"LIVE: real orders on {venue}, with real money"


def _venue(adapter: str, url: object) -> str:
    name = adapter if adapter.isprintable() else "an unknown exchange"
    name = name.capitalize() if name.islower() and name.isalpha() else name
    # A URL with credentials is refused, and not shown before.
    at = f" at {url}" if isinstance(url, str) and url and "@" not in url and url.isprintable() else ""
    return f"{name[:64]}{at[:128]}"


def _prices(prices: object) -> str:
    if prices in (None, SYNTHETIC):
        return "invented prices"
    if not isinstance(prices, str) or not prices.isprintable():
        return "no usable prices"
    return f"prices of the file {prices[:128]}" if is_price_file(prices) else f"live prices of {_venue(prices, None)}"


def _table(values: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = values.get(key)
    return value if isinstance(value, dict) else _NONE
