"""From a configuration to an account with its strategies, as the live program would start them."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from assembly.cores import MarketFacts, core_maker
from backtesting.data.reading import open_tape
from backtesting.record import RunRecord
from backtesting.tape import Tape, price_of
from backtesting.trading_account import Trader, TradingAccount
from config import Config, ConfigError, Problem, StrategyConfig, check_against_pair
from config.problems import shown
from config.schema import PaperConfig
from messages.journal import CoreLoaded
from messages.money import Pair
from simulators.paper.book import Rules
from simulators.paper.pairs import pair_rules
from simulators.prices.source import PRICES_KEY

LINEAGE = "backtest"
"""Stands for the UUID of a journal, so that equal runs give equal order ids."""


class Stage(Struct, frozen=True):
    """What is traded, before any strategy is made."""

    tape: Tape
    pair: Pair
    paper: PaperConfig
    source: str
    """The configuration's name in errors."""


def open_stage(config: Config, source: str, scratch: Path) -> Stage:
    """The pair and its prices; `scratch` is a folder that lives as long. Blocks; raises `ConfigError`."""
    paper = config.exchange.paper
    symbols = list(dict.fromkeys(strategy.symbol for strategy in config.strategy))
    if paper.price_file is None:
        allowed = "a CSV or Parquet file of trades, here or as --prices; config/replay.toml names one"
        raise ConfigError.at(source, PRICES_KEY, shown(paper.prices), allowed)
    if len(symbols) != 1:
        found = f"{shown(paper.prices)} for {', '.join(symbols)}"
        raise ConfigError.at(source, PRICES_KEY, found, "a file for strategies of one pair only")
    if not paper.balances:
        raise ConfigError.at(source, "exchange.paper.balances", "nothing", "what the account holds: { USD = 1000 }")
    pair = pair_rules(symbols[0], paper.pairs, source)
    return Stage(open_tape(paper, pair, source, scratch), pair, paper, source)


def check(config: Config, stage: Stage, begin: int = 0) -> None:
    """Refuse what the live program would refuse before its first order. Raises `ConfigError`."""
    first = stage.tape.read(begin, begin + 1)
    price = price_of(stage.tape.unit, int(first.prices[0]))
    problems: list[Problem] = []
    for index, strategy in enumerate(config.strategy):
        problems += check_against_pair(config, index, stage.pair, _fee(strategy, stage.paper), price, stage.source)
    if problems:
        raise ConfigError(problems)


def make_account(strategies: Sequence[StrategyConfig], stage: Stage, record: RunRecord) -> TradingAccount:
    """A new account; its strategies decide with the first row."""
    fees = {strategy.userref: _fee(strategy, stage.paper) for strategy in strategies}
    market = MarketFacts({stage.pair.symbol: stage.pair}, fees)
    loaded = CoreLoaded(LINEAGE, None)
    traders = [
        Trader(strategy.userref, fees[strategy.userref], core_maker(strategy, market)(loaded))
        for strategy in strategies
    ]
    rules = Rules(stage.paper.maker_fee, stage.paper.taker_fee, stage.paper.fill_rule)
    return TradingAccount(stage.pair, rules, stage.paper.balances, traders, record)


def make_record(pair: Pair) -> RunRecord:
    """An empty one."""
    return RunRecord(pair.base, pair.quote)


def _fee(strategy: StrategyConfig, paper: PaperConfig) -> Decimal:
    return paper.maker_fee if strategy.fee is None else strategy.fee
