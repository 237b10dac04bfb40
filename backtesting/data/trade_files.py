"""Files of trades: parts that a download can go on from, and the one Parquet file made of them.

Columns: `time` (nanoseconds UTC), `price` and `volume` (exact decimals), and `trade_id` where there are ids.
"""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import duckdb
from msgspec import Struct

PRICE_TYPE = "DECIMAL(18, 10)"
VOLUME_TYPE = "DECIMAL(28, 10)"
PARQUET = "FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd"
"""How files are written. Version 2 keeps times as differences: a third of the size, read almost twice as fast."""


class FileTrade(Protocol):
    """One trade; price and volume as texts of exact numbers."""

    @property
    def trade_id(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def price(self) -> str: ...
    @property
    def volume(self) -> str: ...


class Reached(Struct, frozen=True):
    """How far a download has come."""

    trade_id: int = 0
    time: int = 0
    rows: int = 0


class Parts:
    """The parts of a download, in a folder beside the file that they become.

    Each part is complete or absent, whatever is killed when; an interrupted download goes on behind them.
    """

    def __init__(self, target: Path) -> None:
        """`target` is the Parquet file; one that exists already is taken for the first part."""
        self._target = target
        self._folder = target.with_name(f"{target.name}.parts")

    def reached(self) -> Reached:
        """The newest trade on disk. Blocks; raises `OSError`, and `duckdb.Error` for a file of another kind."""
        files = self._files()
        if not files:
            return Reached()
        ((trade_id, time, rows),) = _ask(
            "SELECT max(trade_id), max(time), count(*) FROM read_parquet(?)", [[str(file) for file in files]]
        )
        return Reached(trade_id or 0, time or 0, rows)

    def add(self, trades: Sequence[FileTrade]) -> None:
        """Write the next part; durable when this returns. Blocks."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lines = ([trade.trade_id, trade.time, trade.price, trade.volume] for trade in trades)
        columns = f"{{'trade_id': 'BIGINT', 'time': 'BIGINT', 'price': '{PRICE_TYPE}', 'volume': '{VOLUME_TYPE}'}}"
        write_parquet(lines, columns, self._folder / f"{trades[0].trade_id:020}.parquet")

    def join(self) -> int:
        """Make the one file of all parts and forget them; returns its number of trades. Blocks."""
        files = [str(file) for file in self._files()]
        if not files:
            return 0
        partial = self._target.with_name(f"{self._target.name}.partial")
        query = "COPY (SELECT * FROM read_parquet(?) ORDER BY trade_id) TO '{}' ({})"
        ((rows,),) = _ask(query.format(_quoted(partial), PARQUET), [files])
        _replace(partial, self._target)
        for file in self._folder.glob("*") if self._folder.exists() else ():
            file.unlink()
        if self._folder.exists():
            self._folder.rmdir()
        return int(rows)

    def _files(self) -> list[Path]:
        first = [self._target] if self._target.exists() else []
        return first + sorted(self._folder.glob("*.parquet"))


def write_parquet(lines: Iterable[Sequence[object]], columns: str, target: Path) -> None:
    """A Parquet file of these rows; `columns` are their names and types as DuckDB writes a struct. Blocks.

    The file is complete or absent.
    """
    text, partial = target.with_name(f"{target.name}.csv"), target.with_name(f"{target.name}.partial")
    try:
        with text.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(lines)
        source = f"read_csv(?, header=false, auto_detect=false, delim=',', columns={columns})"
        copy = f"COPY (SELECT * FROM {source}) TO '{_quoted(partial)}' ({PARQUET})"  # noqa: S608
        _ask(copy, [str(text)])
        _replace(partial, target)
    finally:
        text.unlink(missing_ok=True)


def _replace(partial: Path, target: Path) -> None:
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(target)


def _ask(query: str, parameters: Sequence[object]) -> list[tuple[int, ...]]:
    with duckdb.connect(":memory:", config={"memory_limit": "512MB"}) as connection:
        return connection.execute(query, list(parameters)).fetchall()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
