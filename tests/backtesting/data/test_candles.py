"""Candles from trades: what Kraken itself made of the same trades."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from backtesting.data.candles import write_candles
from backtesting.data.trade_files import PRICE_TYPE, VOLUME_TYPE, write_parquet
from config import ConfigError
from tests.data import market_data

COLUMNS = f"{{'time': 'BIGINT', 'price': '{PRICE_TYPE}', 'volume': '{VOLUME_TYPE}'}}"


def test_krakens_trades_become_krakens_candles(tmp_path: Path) -> None:
    trades = reply("kraken-xbtusdt-rest-trades-20251110.json.gz")
    stamps = [int(Decimal(row[2]) * 10**9) for row in trades]
    lines = [[stamp, row[0], row[1]] for stamp, row in zip(stamps, trades, strict=True)]
    write_parquet(lines, COLUMNS, tmp_path / "trades.parquet")
    assert write_candles(tmp_path / "trades.parquet", tmp_path / "candles.parquet", 1) > 200
    made = {row[0] // 10**9: row[1:] for row in read(tmp_path / "candles.parquet")}
    first, last = stamps[0] // 10**9, stamps[-1] // 10**9
    theirs = reply("kraken-xbtusdt-rest-ohlc1m-20251110.json.gz")
    inner = [row for row in theirs if first < int(row[0]) and int(row[0]) + 60 <= last and row[7]]
    silent = [row for row in theirs if first < int(row[0]) and int(row[0]) + 60 <= last and not row[7]]
    assert len(inner) > 150
    assert len(inner) + len(silent) >= 272
    for row in inner:
        expected = (*(Decimal(row[place]) for place in (1, 2, 3, 4, 6)), row[7])
        assert made.pop(int(row[0])) == expected
    quiet = {int(row[0]) for row in theirs if not row[7]}
    assert not quiet & set(made)


def test_the_first_and_the_last_trade_of_the_file_open_and_close(tmp_path: Path) -> None:
    minute = 60 * 10**9
    lines = [
        [0, "10", "1"],
        [0, "12", "1"],
        [minute - 1, "9", "0.5"],
        [minute - 1, "11", "0.25"],
        [3 * minute, "7", "2"],
    ]
    write_parquet(lines, COLUMNS, tmp_path / "trades.parquet")
    write_candles(tmp_path / "trades.parquet", tmp_path / "candles.parquet", 1)
    assert read(tmp_path / "candles.parquet") == [
        (0, 10, 12, 9, 11, Decimal("2.75"), 4),
        (3 * minute, 7, 7, 7, 7, 2, 1),
    ]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.parquet").write_text("no parquet")
    with pytest.raises(ConfigError, match=r"other\.parquet"):
        write_candles(tmp_path / "other.parquet", tmp_path / "candles.parquet", 1)


def reply(name: str) -> list[list[str]]:
    """The rows of a recorded answer of Kraken."""
    with gzip.open(market_data(name)) as file:
        answer = json.load(file, parse_float=str)
    rows: list[list[str]] = answer["result"]["XBTUSDT"]
    return rows


def read(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute("FROM read_parquet(?)", [str(path)]).fetchall()
