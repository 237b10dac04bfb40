"""The source of prices that a configuration names."""

import importlib
from typing import TYPE_CHECKING, cast

from config.problems import ConfigError, shown
from config.schema import PRICE_FILE_SUFFIXES, SYNTHETIC, PaperConfig
from simulators.prices.source import PRICES_KEY, PriceSource
from simulators.prices.synthetic import SyntheticPrices

if TYPE_CHECKING:
    from simulators.prices.file import PriceFile


def price_source(config: PaperConfig, origin: str) -> PriceSource:
    """Synthetic prices or those of a file. Raises `ConfigError`, naming `origin`, for anything else."""
    if config.prices == SYNTHETIC:
        return SyntheticPrices(config.seed, config.start_price)
    if config.price_file is not None:
        return price_file(config, origin)
    allowed = f'"{SYNTHETIC}" or a price file ({", ".join(PRICE_FILE_SUFFIXES)})'
    raise ConfigError.at(origin, PRICES_KEY, shown(config.prices), allowed)


def price_file(config: PaperConfig, origin: str) -> "PriceFile":
    """The configured file of prices. What reads it takes a tenth of a second to import, so that only it imports it."""
    made = importlib.import_module("simulators.prices.file").PriceFile(config, origin)
    return cast("PriceFile", made)
