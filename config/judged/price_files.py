"""A price file is of one pair: it has no column that says of which."""

from collections.abc import Iterator

from config.problems import Problem, shown
from config.schema import PAPER, Config


def price_file_problems(config: Config, source: str) -> Iterator[Problem]:
    """A file of prices for strategies of several pairs. A dry run does not read it."""
    paper = config.exchange.paper
    symbols = dict.fromkeys(strategy.symbol for strategy in config.strategy)
    if config.exchange.adapter == PAPER and paper.price_file is not None and len(symbols) > 1:
        found = f"{shown(paper.prices)} for {', '.join(symbols)}"
        yield Problem(source, "exchange.paper.prices", found, "a file for strategies of one pair only")
