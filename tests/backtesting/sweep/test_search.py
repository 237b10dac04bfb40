"""Many configurations: each is what a run of its own gives; interrupted sweeps go on; Dask gives the same."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from backtesting.command import main
from backtesting.engine import Course
from backtesting.run import run
from backtesting.sweep.result_files import SweepFile
from backtesting.sweep.search import POINTS, Outcome, SweepRow, rank_correlation
from config import ConfigError
from tests.backtesting.stage import read, stage_of, text
from tests.backtesting.test_command import prices, written

D = Decimal
GRID = ("--grid", "interval=0.005..0.02/0.005", "--grid", "n_open_buy_orders=2,4")


def sweep(folder: Path, *more: str) -> int:
    arguments = [str(folder / "trial.toml"), *GRID, "--results", str(folder / "sweep.parquet"), *more]
    return main(["sweep", *arguments])


def rows(path: Path, columns: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {columns} FROM read_parquet(?) ORDER BY ALL", [str(path)]).fetchall()  # noqa: S608


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path, text(prices(tmp_path), ["GridHODL", "SWING"]))
    return tmp_path


def test_each_row_is_what_a_run_of_its_own_gives(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(folder, "--jobs", "2", "--split", "0.5", "--html", str(folder / "sweep.html")) == 0
    found = rows(folder / "sweep.parquet", "interval, n_open_buy_orders, first_profit, first_cycles, later_profit")
    assert len(found) == 8
    config = read(text(prices(folder), ["GridHODL", "SWING"], interval="0.015", buys=4))
    cents = [int(D(line.split(",")[1]) * 100) for line in (folder / "prices.csv").read_text().splitlines()[1:]]
    stage = stage_of(config, cents)
    halves = [
        run(config.strategy, stage, Course(begin=begin, end=begin + 1000), points=POINTS).summary for begin in (0, 1000)
    ]
    assert (D("0.015"), D(4), halves[0].profit, D(halves[0].cycles), halves[1].profit) in found
    assert halves[0].cycles > 3
    said = capsys.readouterr().out
    assert "best in sample, 8 of 8" in said
    assert "Rank correlation" in said
    page = (folder / "sweep.html").read_text()
    assert "Rank correlation" in page
    assert '"name":"n_open_buy_orders","values":["2","4"]' in page
    assert "http://" not in page
    assert "https://" not in page


def test_an_interrupted_sweep_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        count = 0

        def interrupted(self: SweepFile, rows: list[SweepRow], number: int) -> None:
            nonlocal count
            original(self, rows[:3], 3)
            raise KeyboardInterrupt

        original = SweepFile.add
        patch.setattr(SweepFile, "add", interrupted)
        assert sweep(folder, "--jobs", "1") == 130
    assert not (folder / "sweep.parquet").exists()
    assert len(list((folder / "sweep.parquet.parts").iterdir())) == 1
    assert sweep(folder, "--jobs", "1") == 0
    assert "resuming: 3 configurations done, 5 to do" in capsys.readouterr().out
    assert len(rows(folder / "sweep.parquet", "interval, n_open_buy_orders")) == 8
    assert not (folder / "sweep.parquet.parts").exists()
    before = rows(folder / "sweep.parquet", "*")
    assert sweep(folder, "--jobs", "1", "--grid", "fee=0.0005") == 2
    assert "results of another sweep" in capsys.readouterr().err
    assert rows(folder / "sweep.parquet", "*") == before


def test_more_values_add_to_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = ["--results", str(folder / "sweep.parquet"), "--jobs", "1"]
    for grid in ("interval=0.01,0.02", "interval=0.01,0.02,0.03"):
        assert main(["sweep", str(folder / "trial.toml"), "--grid", grid, *results]) == 0
    assert "resuming: 2 configurations done, 1 to do" in capsys.readouterr().out
    assert len(rows(folder / "sweep.parquet", "interval")) == 3


def test_configurations_without_sense_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = ["--results", str(folder / "sweep.parquet"), "--jobs", "1"]
    assert main(["sweep", str(folder / "trial.toml"), "--grid", "interval=0.0005,0.02", *results]) == 0
    assert "not run: [[strategy]] 1" in capsys.readouterr().out
    assert [row[1] != "" and row[1] is not None for row in rows(folder / "sweep.parquet", "interval, problem")] == [
        True,
        False,
    ]


def test_two_dask_workers_give_the_same(folder: Path) -> None:
    distributed = pytest.importorskip("distributed")
    assert sweep(folder, "--jobs", "1") == 0
    local = rows(folder / "sweep.parquet", "*")
    (folder / "sweep.parquet").unlink()
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        assert sweep(folder, "--dask", cluster.scheduler_address) == 0
    assert rows(folder / "sweep.parquet", "*") == local


def test_a_scheduler_that_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("backtesting.sweep.search._DASK_SECONDS", 0.2)
    assert sweep(folder, "--dask", "tcp://127.0.0.1:9") == 2
    assert "the address of a Dask scheduler" in capsys.readouterr().err


def outcome(profit: int) -> Outcome:
    return Outcome(D(profit), D(0), D(0), 0, D(0), None, D(0), None)


def test_rank_correlation() -> None:
    def of(*pairs: tuple[int, int]) -> float | None:
        return rank_correlation(
            [SweepRow((D(place),), "", outcome(a), outcome(b)) for place, (a, b) in enumerate(pairs)]
        )

    assert of((1, 10), (2, 20), (3, 35)) == pytest.approx(1)
    assert of((1, 3), (2, 2), (3, 1)) == pytest.approx(-1)
    assert of((1, 1), (2, 1), (3, 1)) is None
    assert of((1, 1), (2, 2)) is None
    assert of((1, 5), (1, 6), (9, 7)) == pytest.approx(0.866, abs=0.001)


def test_a_results_file_that_is_something_else(folder: Path) -> None:
    (folder / "sweep.parquet").write_text("mine")
    with pytest.raises(ConfigError, match="results of another sweep"):
        SweepFile(folder / "sweep.parquet", (), "x").load()
