"""A price file has no column that says of which pair a row is."""

from config.judged.price_files import price_file_problems
from tests.config.judged.trials import DRY, PAPER, SECOND, changed

FILE = 'prices = "a.csv"\n'


def test_one_file_for_two_pairs() -> None:
    (problem,) = price_file_problems(changed(PAPER + FILE + SECOND), "grid.toml")
    assert problem.found == '"a.csv" for ETH/EUR, SOL/EUR'


def test_one_file_for_two_ladders_on_one_pair() -> None:
    twin = SECOND.replace('"SOL"', '"ETH"')
    assert list(price_file_problems(changed(PAPER + FILE + twin), "grid.toml")) == []


def test_a_dry_run_reads_no_file() -> None:
    assert list(price_file_problems(changed(DRY + FILE + SECOND), "grid.toml")) == []
