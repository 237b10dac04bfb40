"""Configurations, prices and whole runs for the tests of the backtest."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import gettempdir

import numpy as np
from msgspec import Struct

from assembly import registry
from backtesting.engine import Course, Engine
from backtesting.record import Holdings, OrderRecord, RunRecord
from backtesting.setup import Stage, make_account, make_record, open_stage
from backtesting.tape import ArrayTape
from config import Config, parse
from messages.ids import Nanos
from simulators.paper.pairs import pair_rules

SECOND = 10**9
START = Nanos(1_700_000_000 * SECOND)
KINDS = ("GridHODL", "GridSell", "SWING", "cDCA")

_HEAD = """
[bot]
name = "trial"

[exchange]
adapter = "paper"

[exchange.paper]
balances = {{ USD = {usd}, ETH = {eth} }}
maker_fee = 0.0005
taker_fee = 0.0010
prices = "{prices}"
speed = 0
fill_rule = "{fill_rule}"

[persistence]
database = "trial.duckdb"

[metrics]
enabled = false
"""

_STRATEGY = """
[[strategy]]
name = "{kind}"
kind = "{kind}"
base_currency = "ETH"
quote_currency = "USD"
userref = {userref}
amount_per_grid = {amount}
interval = {interval}
n_open_buy_orders = {buys}
max_investment = {investment}
"""


class Ended(Struct):
    """What is left of a run."""

    orders: list[OrderRecord]
    fills: list[OrderRecord]
    holdings: list[Holdings]
    balances: dict[str, Decimal]
    pauses: list[tuple[int, int]]
    refused: dict[str, int]


def text(
    prices: Path | str = "prices.csv",
    kinds: Sequence[str] = KINDS,
    *,
    usd: object = 20000,
    eth: object = 5,
    amount: object = 100,
    interval: object = "0.005",
    buys: object = 5,
    investment: object = 3000,
    fill_rule: str = "at",
) -> str:
    """A configuration file for ETH/USD."""
    strategies = (
        _STRATEGY.format(
            kind=kind,
            userref=1001 + KINDS.index(kind),
            amount=amount,
            interval=interval,
            buys=buys,
            investment=investment,
        )
        for kind in kinds
    )
    return _HEAD.format(prices=prices, usd=usd, eth=eth, fill_rule=fill_rule) + "".join(strategies)


def read(toml: str) -> Config:
    """The configuration that this text is."""
    return parse(toml, "trial.toml", {}, registry.known())


def run(config: Config, stage: Stage, course: Course) -> tuple[RunRecord, Ended]:
    """One run to its end."""
    record = make_record(stage.pair)
    account = make_account(config.strategy, stage, record)
    Engine(stage.tape, account, record, course).run()
    ended = Ended(
        record.orders, record.fills, record.holdings, dict(account.balances), record.pauses, dict(record.refused)
    )
    return record, ended


def run_file(config: Config, course: Course | None = None) -> Ended:
    """One run over the configured file."""
    return run(config, open_stage(config, "trial.toml", Path(gettempdir())), course or Course())[1]


def stage_of(config: Config, cents: Sequence[int], seconds: Sequence[int] | None = None) -> Stage:
    """Prices in memory: cents of ETH/USD, one a second unless `seconds` since the start are given."""
    times = np.array(range(len(cents)) if seconds is None else seconds, dtype=np.int64) * SECOND + START
    tape = ArrayTape("ETH/USD", Decimal("0.01"), times, np.array(cents, dtype=np.int64))
    return Stage(tape, pair_rules("ETH/USD", {}, "trial.toml"), config.exchange.paper, "trial.toml")
