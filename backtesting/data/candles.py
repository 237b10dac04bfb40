"""`python -m backtest candles`: trades into candles, exactly as Kraken forms its own.

Open and close are the first and last trade of the interval in the order of the file, volume is the exact
sum; an interval without trades has no row.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import duckdb
from rich.console import Console

from backtesting.data.trade_files import PARQUET
from config import ConfigError
from config.problems import shown
from messages.counted import counted

_MINUTE = 60 * 10**9

AGGREGATE = """
SELECT time // {span} * {span} AS time, arg_min(price, number) AS open, max(price) AS high, min(price) AS low,
       arg_max(price, number) AS close, sum(volume) AS volume, count(*) AS trades
FROM {trades} GROUP BY ALL ORDER BY time
"""
"""SQL over `trades` with the columns number (order), time (nanoseconds UTC), price and volume (decimals)."""


def main(arguments: Sequence[str], console: Console) -> None:
    """Raises `ConfigError` for files that cannot be used."""
    options = _parser().parse_args(arguments)
    rows = write_candles(options.trades, options.output, options.minutes)
    console.print(f"{counted(rows, 'candle')}: {options.output}")


def write_candles(trades: Path, target: Path, minutes: int) -> int:
    """A Parquet file of candles from one of trades, as `download` and `import` write it. Blocks."""
    source = "(SELECT file_row_number AS number, * FROM read_parquet(?, file_row_number=true))"
    query = AGGREGATE.format(span=minutes * _MINUTE, trades=source)
    copy = "COPY ({}) TO '{}' ({})".format(query, str(target).replace("'", "''"), PARQUET)
    try:
        with duckdb.connect(":memory:", config={"memory_limit": "512MB"}) as connection:
            ((rows,),) = connection.execute(copy, [str(trades)]).fetchall()
    except duckdb.Error as error:
        found = f"{shown(str(trades))} ({str(error).splitlines()[0]})"
        allowed = "a Parquet file with time, price and volume, as download and import write it"
        raise ConfigError.at("command line", "TRADES", found, allowed) from None
    return int(rows)


def _minutes(text: str) -> int:
    minutes = int(text)
    if minutes < 1:
        raise ValueError
    return minutes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backtest candles", description="Make candles of trades.")
    parser.add_argument("trades", type=Path, metavar="TRADES", help="Parquet file of trades")
    parser.add_argument("--minutes", type=_minutes, default=1, help="length of a candle (1)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="Parquet file to write")
    return parser
