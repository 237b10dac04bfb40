"""A valid configuration text, ways to change it, and the names that exist in these tests."""

from collections.abc import Mapping

from config import Config, ConfigError, Known, parse

KNOWN = Known(
    kinds=frozenset({"GridHODL", "GridSell", "SWING", "cDCA"}),
    exchanges=frozenset({"paper", "kraken"}),
    channels=frozenset({"telegram", "webhook"}),
)

VALID = """\
[bot]
name = "my grids"
dry_run = true

[exchange]
adapter = "kraken"

[exchange.paper]
balances = { USD = 10000, BTC = 0.5 }

[[strategy]]
name = "btc-hodl"
kind = "GridHODL"
base_currency = "BTC"
quote_currency = "USD"
userref = 1001
amount_per_grid = 100
interval = 0.02
max_investment = 1000
fee = 0.0026

[[strategy]]
name = "eth-sell"
kind = "GridSell"
base_currency = "ETH"
quote_currency = "USD"
userref = 1002
amount_per_grid = 50.5
interval = 0.03
max_investment = 500
"""


def changed(old: str, new: str) -> str:
    """The valid text with the first `old` replaced."""
    assert old in VALID
    return VALID.replace(old, new, 1)


def read(text: str, environ: Mapping[str, str] | None = None) -> Config:
    return parse(text, "grid.toml", environ or {}, KNOWN)


def refusal(text: str, environ: Mapping[str, str] | None = None) -> ConfigError:
    """The error that reading `text` ends with."""
    try:
        read(text, environ)
    except ConfigError as error:
        return error
    raise AssertionError("the configuration was accepted")


def lines(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """What the refusal says of each problem."""
    return [problem.line() for problem in refusal(text, environ).problems]
