"""Whether real money is at stake, in the first line that is said of a configuration."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from config.addresses import leads_here
from config.schema import PAPER, SYNTHETIC, is_price_file
from config.veil import may_be_secret

_NONE: Mapping[str, object] = {}


def mode_of(raw: Mapping[str, object], known: frozenset[str] | None = None) -> str:
    """`LIVE: ...`, `dry run: ...` or `paper exchange: ...`, from tables that may be wrong elsewhere.

    Where neither can be told the sentence says so. `known` are the adapters that exist; None: any may.
    """
    exchange, bot = _table(raw, "exchange"), _table(raw, "bot")
    adapter, dry_run = exchange.get("adapter"), bot.get("dry_run")
    if adapter == PAPER:
        return f"paper exchange: simulated orders, {_prices(_table(exchange, 'paper').get('prices'), known)}"
    if not isinstance(adapter, str) or not isinstance(dry_run, bool):
        return "neither LIVE nor dry run: it takes [exchange] adapter, and [bot] dry_run = true or false"
    if known is not None and adapter not in known:
        return f"{'dry run' if dry_run else 'LIVE'} of an exchange that this program does not know: nothing is traded"
    venue = _venue(adapter, exchange.get("rest_url"))
    if dry_run:
        return f"dry run: real prices of {venue}, simulated orders"
    if here := address_here(exchange):
        return f"LIVE at {here}: real orders to whatever answers there as {_venue(adapter, None)}"
    return f"LIVE: real orders on {venue}, with real money"


def address_here(exchange: Mapping[str, object]) -> str:
    """The address on this machine that all orders go to; empty where any may go to the exchange itself."""
    hosts = []
    for key in ("rest_url", "ws_auth_url"):
        url = exchange.get(key)
        try:
            parts = urlsplit(url if isinstance(url, str) and "@" not in url else "")
            hosts.append((parts.hostname or "", parts.port))
        except ValueError:
            return ""
    if not all(leads_here(host) for host, _ in hosts):
        return ""
    host, port = hosts[0]
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" if port else name


def _venue(adapter: str, url: object) -> str:
    name = adapter if adapter.isprintable() and not may_be_secret(adapter) else "an unknown exchange"
    name = name.capitalize() if name.islower() and name.isalpha() else name
    # A URL with credentials is refused, and not shown before.
    showable = isinstance(url, str) and url and "@" not in url and url.isprintable() and not may_be_secret(url)
    at = f" at {url}" if showable else ""
    return f"{name[:64]}{at[:128]}"


def _prices(prices: object, known: frozenset[str] | None) -> str:
    if prices in (None, SYNTHETIC):
        return "invented prices"
    if not isinstance(prices, str) or not prices.isprintable():
        return "no usable prices"
    if is_price_file(prices):
        return "prices of a file" if may_be_secret(prices) else f"prices of the file {prices[:128]}"
    return f"live prices of {_venue(prices, None)}" if known is None or prices in known else "no usable prices"


def _table(values: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = values.get(key)
    return value if isinstance(value, dict) else _NONE
