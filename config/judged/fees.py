"""The maker fee that a strategy states: below what an account pays, it is a wish and no fee."""

from collections.abc import Iterator
from decimal import Decimal

from config.judged.stakes import FIAT
from config.judged.steps import percent
from config.pair_checks import fees_eat
from config.problems import ConfigWarning
from config.schema import Config, PaperConfig, StrategyConfig

_KRAKEN = "kraken"
NEW_ACCOUNT = PaperConfig().maker_fee
"""What Kraken asks of a maker without turnover."""
NEW_ACCOUNT_PEGGED = Decimal("0.0020")
"""What Kraken asks of one where the base is money or stands for it."""
_PEGGED = """DAI EURC EUROP EURQ EURR EURT PYUSD RLUSD TUSD USD1 USDC USDD USDE USDG USDQ USDR USDS USDT"""
PEGGED = frozenset(_PEGGED.split())
"""Coins that stand for dollars or euros."""


def fee_warnings(config: Config, source: str) -> Iterator[ConfigWarning]:
    """Stated fees that are probably too low. None is refused: some pairs and accounts pay little or nothing."""
    for index, strategy in enumerate(config.strategy):
        meaning = _on_simulated(config, strategy) if config.simulated else _on_real(config, strategy)
        if strategy.fee is not None and meaning:
            yield ConfigWarning(source, f"strategy[{index}].fee", f"{strategy.fee:f}", meaning, strategy.name)


def _on_simulated(config: Config, strategy: StrategyConfig) -> str:
    if strategy.fee != 0 or config.exchange.paper.maker_fee == 0:
        return ""
    return "the account pays its own fee; without this key it is asked for, and no sell is placed at a loss"


def _on_real(config: Config, strategy: StrategyConfig) -> str:
    stated, usual = strategy.fee, usual_fee(config, strategy)
    if stated is None or (stated > 0 and (usual is None or stated >= usual)):
        return ""
    counts = "the account pays its own fee: the start asks for it, and the higher of both counts"
    if usual is None:
        return counts
    loss = ", at which each sell of this grid is a loss" if fees_eat(strategy.kind, strategy.interval, usual) else ""
    return f"{counts}; a new account pays {percent(usual)} % on {strategy.symbol}{loss}"


def usual_fee(config: Config, strategy: StrategyConfig) -> Decimal | None:
    """The maker fee rate of a new account; None for an exchange of which nothing is known here."""
    if config.exchange.adapter != _KRAKEN:
        return None
    return NEW_ACCOUNT_PEGGED if strategy.base_currency in FIAT | PEGGED else NEW_ACCOUNT
