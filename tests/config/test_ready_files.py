"""The TOML files that come with the program."""

from pathlib import Path

import pytest

import config as package
from config import Config, Known, load, validate
from tests import example_prices
from tests.config.texts import KNOWN

FOLDER = Path(package.__file__).parent
KINDS = ["GridHODL", "GridSell", "SWING", "cDCA"]


def ready(name: str, known: Known = KNOWN) -> Config:
    return load(FOLDER / name, {}, known)


@pytest.mark.parametrize("name", ["demo.toml", "replay.toml"])
def test_it_is_valid_and_needs_neither_keys_nor_a_real_exchange(name: str) -> None:
    known = Known(kinds=frozenset(KINDS), exchanges=frozenset({"paper"}), channels=frozenset())
    config = ready(name, known)
    assert config.simulated
    assert validate(config, known) == config
    assert [strategy.kind for strategy in config.strategy] == KINDS
    assert [strategy.userref for strategy in config.strategy] == [1001, 1002, 1003, 1004]


def test_the_demo_runs_on_synthetic_prices() -> None:
    config = ready("demo.toml")
    assert config.exchange.paper.price_file is None
    assert [strategy.symbol for strategy in config.strategy] == ["BTC/USD", "ETH/USD", "BTC/USD", "SOL/USD"]
    assert config.persistence.database == "infinity-grid-demo.duckdb"


def test_the_replay_reads_its_price_file_in_lock_step() -> None:
    paper = ready("replay.toml").exchange.paper
    assert paper.price_file == FOLDER / "prices" / "trades.csv"
    assert (paper.price_column, paper.time_column, paper.time_unit) == ("price", "time_seconds", "s")
    assert paper.speed == 0
    assert {strategy.symbol for strategy in ready("replay.toml").strategy} == {"ETH/USD"}


def test_the_prices_of_the_replay_are_made_by_their_recipe() -> None:
    text = (FOLDER / "prices" / "trades.csv").read_text()
    assert text.splitlines() == list(example_prices.lines())
