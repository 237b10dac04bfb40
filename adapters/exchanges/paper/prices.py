"""The source of prices that a configuration names."""

from adapters.exchanges.paper.price_file import PriceFile
from adapters.exchanges.paper.source import PRICES_KEY, PriceSource
from adapters.exchanges.paper.synthetic import SyntheticPrices
from config.problems import ConfigError, shown
from config.schema import PRICE_FILE_SUFFIXES, SYNTHETIC, PaperConfig


def price_source(config: PaperConfig, origin: str) -> PriceSource:
    """Synthetic prices or those of a file. Raises `ConfigError`, naming `origin`, for anything else."""
    if config.prices == SYNTHETIC:
        return SyntheticPrices(config.seed, config.start_price)
    if config.price_file is not None:
        return PriceFile(config, origin)
    allowed = f'"{SYNTHETIC}" or a price file ({", ".join(PRICE_FILE_SUFFIXES)})'
    raise ConfigError.at(origin, PRICES_KEY, shown(config.prices), allowed)
