"""Kraken's downloadable archives: complete ones, increments, folders, trades and candles."""

from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pytest

from backtesting.data.archive import convert
from backtesting.data.reading import open_tape
from config import ConfigError
from config.schema import PaperConfig
from simulators.paper.pairs import pair_rules

S = 10**9
WHOLE = "1672531200,16531.1,0.00421500\n1672531203,16531.2,1\n1672531203,16531.4,0.5\n"
INCREMENT = "1672531203,16531.4,0.5\n1672531204.25,16500.0,2\n1672531300,16510.5,0.1\n"
HOUR = "1672531200,16531.1,16534.9,16528.0,16530.2,4.52201199,61\n1672534800,16530,16531,16529,16530.5,1,3\n"


def zipped(path: Path, **files: str) -> Path:
    with ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"Kraken_Trading_History/{name}.csv", content)
    return path


def rows(path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute("FROM read_parquet(?)", [str(path)]).fetchall()


def test_increments_add_what_lies_behind(tmp_path: Path) -> None:
    files = [
        zipped(tmp_path / "all.zip", XBTUSD=WHOLE, ETHUSD="1,2,3\n"),
        zipped(tmp_path / "q1.zip", XBTUSD=INCREMENT),
    ]
    told: list[int] = []
    assert convert(files, "XBTUSD", tmp_path / "a.parquet", told.append) == 5
    assert told == [1, 2]
    assert [(row[0], row[1]) for row in rows(tmp_path / "a.parquet")] == [
        (1672531200 * S, Decimal("16531.1")),
        (1672531203 * S, Decimal("16531.2")),
        (1672531203 * S, Decimal("16531.4")),
        (1672531204 * S + S // 4, Decimal(16500)),
        (1672531300 * S, Decimal("16510.5")),
    ]
    tape = open_tape(PaperConfig(prices=str(tmp_path / "a.parquet")), pair_rules("BTC/USD", {}, "t"), "t", tmp_path)
    assert tape.rows == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "all.zip", "q1.zip"]


def test_a_plain_file_and_candles(tmp_path: Path) -> None:
    (tmp_path / "XBTUSD_60.csv").write_text(HOUR)
    assert convert([tmp_path / "XBTUSD_60.csv"], None, tmp_path / "a.parquet") == 2
    assert rows(tmp_path / "a.parquet")[0][4] == Decimal("16530.2")
    tape = open_tape(PaperConfig(prices=str(tmp_path / "a.parquet")), pair_rules("BTC/USD", {}, "t"), "t", tmp_path)
    assert [int(price) for price in tape.read(0, 2).prices] == [165302 * 10**9, 165305 * 10**9]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("time,price,volume\n", "a first line"),
        ("1,2\n", "a first line"),
        ("1,2,3\n2,x,3\n", "rows that cannot be read"),
        ("5,2,3\n4,2,3\n", "1 row older than the row before"),
        ("", "a first line"),
    ],
)
def test_files_that_are_something_else(content: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(ConfigError, match=complaint):
        convert([tmp_path / "a.csv"], None, tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


def test_archives_that_cannot_be_meant(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "all.zip", XBTUSD=WHOLE, ETHUSD="1,2,3\n", XBTUSD_60=HOUR)
    for pair, complaint in ((None, "one of the 3 pairs"), ("XBT/USD", 'Did you mean "XBTUSD"')):
        with pytest.raises(ConfigError, match=complaint):
            convert([whole], pair, tmp_path / "a.parquet")
    (tmp_path / "torn.zip").write_bytes(whole.read_bytes()[:60])
    with pytest.raises(ConfigError, match="a damaged ZIP file"):
        convert([tmp_path / "torn.zip"], "XBTUSD", tmp_path / "a.parquet")
    with pytest.raises(ConfigError, match="no such file"):
        convert([tmp_path / "missing.zip"], "XBTUSD", tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text(HOUR)
    with pytest.raises(ConfigError, match="candles among trades"):
        convert([whole, tmp_path / "b.csv"], "XBTUSD", tmp_path / "a.parquet")
