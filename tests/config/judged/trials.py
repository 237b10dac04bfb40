"""One sound configuration at Kraken and one on paper, and what is said when something in them is changed."""

from config import Config, ConfigWarning, judge
from tests.config.texts import read

LIVE = """\
[bot]
dry_run = false

[exchange]
adapter = "kraken"

[[strategy]]
name = "ladder"
kind = "GridSell"
base_currency = "ETH"
quote_currency = "EUR"
userref = 7
amount_per_grid = 40
interval = 0.025
n_open_buy_orders = 4
max_investment = 400
"""
DRY = LIVE.replace("dry_run = false", "dry_run = true") + "[exchange.paper]\nbalances = { EUR = 900, ETH = 1 }\n"
PAPER = DRY.replace('"kraken"', '"paper"').replace("dry_run = true\n", "")
SECOND = """
[[strategy]]
name = "second"
kind = "GridHODL"
base_currency = "SOL"
quote_currency = "EUR"
userref = 8
amount_per_grid = 20
interval = 0.03
n_open_buy_orders = 2
max_investment = 100
"""


def changed(text: str, *changes: tuple[str, str]) -> Config:
    """The configuration with each first part replaced by its second."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return read(text)


def warned(text: str, *changes: tuple[str, str]) -> list[ConfigWarning]:
    """All that is said of the changed configuration."""
    return list(judge(changed(text, *changes), "grid.toml").warnings)


def keys(text: str, *changes: tuple[str, str]) -> list[str]:
    """The keys that are warned of."""
    return [warning.key for warning in warned(text, *changes)]
