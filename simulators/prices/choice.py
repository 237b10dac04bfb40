"""The source of prices that a configuration names."""

from config.problems import ConfigError, shown
from config.schema import PRICE_FILE_SUFFIXES, SYNTHETIC, PaperConfig
from simulators.prices.file import PriceFile
from simulators.prices.source import PRICES_KEY, PriceSource
from simulators.prices.synthetic import SyntheticPrices


def price_source(config: PaperConfig, origin: str) -> PriceSource:
    """Synthetic prices or those of a file. Raises `ConfigError`, naming `origin`, for anything else."""
    if config.prices == SYNTHETIC:
        return SyntheticPrices(config.seed, config.start_price)
    if config.price_file is not None:
        return PriceFile(config, origin)
    allowed = f'"{SYNTHETIC}" or a price file ({", ".join(PRICE_FILE_SUFFIXES)})'
    raise ConfigError.at(origin, PRICES_KEY, shown(config.prices), allowed)
