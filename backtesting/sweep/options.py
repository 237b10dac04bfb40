"""Options that every run over prices takes, and the configuration that they lead to."""

import argparse
import os
from pathlib import Path

import msgspec

from assembly import registry
from backtesting.setup import Stage
from backtesting.spans import Span, parse_moment, rows_between, split
from config import Config, ConfigError, load
from config.paths import expanded
from config.problems import shown
from config.schema import PRICE_FILE_SUFFIXES, is_price_file


def add_price_options(parser: argparse.ArgumentParser) -> None:
    """Options that any run over prices takes."""
    parser.add_argument("config", type=Path, help="TOML file, the same that the live program takes")
    parser.add_argument("--prices", help="CSV or Parquet file of trades, instead of exchange.paper.prices")
    parser.add_argument("--price-column", help="its column of prices (by number for a CSV file without header)")
    parser.add_argument("--time-column", help="its column of times")
    parser.add_argument("--time-unit", choices=["s", "ms", "us", "ns"], help="of numeric times")
    parser.add_argument("--from", dest="since", metavar="DATE", help="first day, UTC")
    parser.add_argument("--to", dest="until", metavar="DATE", help="first day that is left out, UTC")
    parser.add_argument("--split", metavar="PART", help="judge by the rows after this part (0.7) or date, too")
    parser.add_argument(
        "--hole", default="6h", metavar="LENGTH", help="time without a row that is not traded across; 0: none (6h)"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with an interactive picture")


def read_config(options: argparse.Namespace) -> Config:
    """The configuration with what the command line replaces. Raises `ConfigError`."""
    config = load(options.config, os.environ, registry.known())
    paper = config.exchange.paper
    if options.prices is not None:
        if not is_price_file(options.prices):
            allowed = f"a file that ends in {', '.join(PRICE_FILE_SUFFIXES)}"
            raise ConfigError.at("command line", "--prices", shown(options.prices), allowed)
        paper = msgspec.structs.replace(
            paper, prices=str(expanded(options.prices)), price_column=None, time_column=None, time_unit=None
        )
    stated = {name: getattr(options, name) for name in ("price_column", "time_column", "time_unit")}
    paper = msgspec.structs.replace(paper, **{name: value for name, value in stated.items() if value is not None})
    return msgspec.structs.replace(config, exchange=msgspec.structs.replace(config.exchange, paper=paper))


def spans_of(options: argparse.Namespace, stage: Stage) -> tuple[Span, Span | None]:
    """The rows to trade, and those to judge by if the command line asks for a split. Raises `SpanError`."""
    since, until = (None if text is None else parse_moment(text) for text in (options.since, options.until))
    span = rows_between(stage.tape, since, until)
    return (span, None) if options.split is None else split(stage.tape, span, options.split)
