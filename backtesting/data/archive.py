"""`python -m backtest import`: Kraken's downloadable archives of trades or candles into one Parquet file.

A trade archive has one CSV file per pair (`XBTUSD.csv`: seconds, price, volume), a candle archive one per
pair and interval (`XBTUSD_60.csv`: seconds, open, high, low, close, volume, trades); neither has a header.
The complete archive comes with increments per quarter: a later file adds only what lies behind the earlier.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

import duckdb
from rich.console import Console

from backtesting.data.trade_files import PARQUET, PRICE_TYPE, VOLUME_TYPE
from backtesting.report.progress import bar
from config import ConfigError
from config.problems import same_pair, shown
from messages.counted import counted

_TRADES = {"seconds": "DECIMAL(20, 9)", "price": PRICE_TYPE, "volume": VOLUME_TYPE}
_CANDLES = {
    "seconds": "DECIMAL(20, 9)",
    **dict.fromkeys(("open", "high", "low", "close"), PRICE_TYPE),
    "volume": VOLUME_TYPE,
    "trades": "BIGINT",
}
_FORMATS = {len(columns): columns for columns in (_TRADES, _CANDLES)}
_SECOND = "1000000000::DECIMAL(10, 0)"
_PIECE = 1 << 20
_SHOWN = 10


def main(arguments: Sequence[str], console: Console) -> None:
    """Raises `ConfigError` for files that cannot be used."""
    options = _parser().parse_args(arguments)
    if options.output.suffix != ".parquet":
        raise ConfigError.at("command line", "--output", shown(str(options.output)), "a file that ends in .parquet")
    with bar(Console(stderr=True), "files", len(options.files)) as progress:
        rows = convert(options.files, options.pair, options.output, progress)
    console.print(f"{counted(rows, 'row')}: {options.output}")


def convert(
    files: Sequence[Path], pair: str | None, target: Path, progress: Callable[[int], None] | None = None
) -> int:
    """Write `target` from archives (ZIP or CSV) in their order; returns its number of rows. Blocks.

    `pair` is the name inside the archives (`XBTUSD`, or `XBTUSD_60` for candles). Raises `ConfigError`.
    """
    connection = duckdb.connect(":memory:", config={"memory_limit": "512MB"})
    kind: dict[str, str] | None = None
    partial = target.with_name(f"{target.name}.partial")
    with connection, tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder:
        connection.execute(f"SET temp_directory = '{_quoted(Path(folder))}'")
        pieces: list[str] = []
        newest = -1
        for number, file in enumerate(files):
            with _unpacked(file, pair, Path(folder)) as text:
                columns = _columns(text, file)
                if kind not in (None, columns):
                    raise _unusable(file, "candles among trades", "archives of one kind")
                kind = columns
                piece = Path(folder) / f"{number}.parquet"
                newest = _append(connection, text, file, columns, piece, newest)
                pieces.append(str(piece))
            if progress:
                progress(number + 1)
        copy = f"COPY (FROM read_parquet(?)) TO '{_quoted(partial)}' ({PARQUET})"
        ((rows,),) = connection.execute(copy, [pieces]).fetchall()
        if not rows:
            raise _unusable(files[0], "no rows", "at least one trade")
    partial.replace(target)
    return int(rows)


def _append(
    connection: duckdb.DuckDBPyConnection, text: Path, file: Path, columns: dict[str, str], piece: Path, newest: int
) -> int:
    """One file's rows behind `newest`, in the order of the file; returns the new newest time."""
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    others = ", ".join(name for name in columns if name != "seconds")
    time = f"CAST(seconds * {_SECOND} AS BIGINT)"
    source = f"read_csv(?, header=false, auto_detect=false, delim=',', strict_mode=true, columns={{{types}}})"
    query = f"SELECT {time} AS time, {others} FROM {source} WHERE {time} > {newest:d}"  # noqa: S608 - names and numbers of our own
    try:
        connection.execute(f"COPY ({query}) TO '{_quoted(piece)}' (FORMAT parquet)", [str(text)])
        ((latest, falls),) = connection.execute(
            "SELECT max(time), count_if(time < before) FROM"
            " (SELECT time, lag(time) OVER (ORDER BY file_row_number) AS before"
            " FROM read_parquet(?, file_row_number=true))",
            [str(piece)],
        ).fetchall()
    except duckdb.Error as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise _unusable(file, f"rows that cannot be read ({lines[0]})", "an archive as Kraken publishes it") from None
    if falls:
        raise _unusable(file, f"{counted(falls, 'row')} older than the row before", "rows in the order of time")
    return newest if latest is None else int(latest)


@contextmanager
def _unpacked(file: Path, pair: str | None, folder: Path) -> Iterator[Path]:
    """The CSV file of `pair`: the file itself, or what a ZIP archive holds of it."""
    if not file.is_file():
        raise _unusable(file, "no such file", "a ZIP or CSV file")
    if file.suffix.lower() != ".zip":
        yield file
        return
    try:
        with ZipFile(file) as archive:
            name = _member(file, archive.namelist(), pair)
            text = folder / "unpacked.csv"
            with archive.open(name) as packed, text.open("wb") as plain:
                _copy(packed, plain)
    except BadZipFile as error:
        raise _unusable(file, f"a damaged ZIP file ({error})", "a complete one") from None
    yield text
    text.unlink()


def _member(file: Path, names: Sequence[str], pair: str | None) -> str:
    by_pair = {Path(name).stem: name for name in names if name.lower().endswith(".csv")}
    if pair is None:
        if len(by_pair) == 1:
            return next(iter(by_pair.values()))
        some = ", ".join(sorted(by_pair)[:_SHOWN])
        raise ConfigError.at(
            "command line", "--pair", "nothing", f"one of the {len(by_pair)} pairs of {file}: {some}, …"
        )
    if pair not in by_pair:
        hint = same_pair(pair, by_pair)
        allowed = f"a pair of {file}" + (f". {hint}" if hint else "")
        raise ConfigError.at("command line", "--pair", shown(pair), allowed)
    return by_pair[pair]


def _copy(packed: IO[bytes], plain: IO[bytes]) -> None:
    while piece := packed.read(_PIECE):
        plain.write(piece)


def _columns(text: Path, file: Path) -> dict[str, str]:
    with text.open(encoding="utf-8", errors="replace") as lines:
        first = lines.readline()
    columns = _FORMATS.get(first.count(",") + 1)
    if columns is None or not first[:1].isdecimal():
        allowed = "seconds,price,volume or seconds,open,high,low,close,volume,trades without a header"
        raise _unusable(file, f"a first line {shown(first.strip())}", allowed)
    return columns


def _unusable(file: Path, found: str, allowed: str) -> ConfigError:
    return ConfigError.at(str(file), "", found, allowed)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backtest import",
        description="Kraken's archives of trades or candles, the complete one first, then its increments.",
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="ZIP or CSV files, oldest first")
    parser.add_argument("--pair", help="name inside the archive: XBTUSD, or XBTUSD_60 for candles of an hour")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="Parquet file to write")
    return parser
