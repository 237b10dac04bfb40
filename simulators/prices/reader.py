"""Reading trades from a CSV or Parquet file with DuckDB: in file order, in constant memory, never as floats.

Blocking: every function here runs in a worker thread.
"""

import csv
import os
import re
from pathlib import Path

import duckdb
from msgspec import Struct

from config.problems import why
from simulators.prices.columns import (
    PriceFileError,
    Unit,
    find_columns,
    is_number,
    numbered_columns,
    unit_of,
)

BATCH_ROWS = 1_000
_BUFFER_BYTES = 1 << 20
_LINE_BYTES = 1 << 16
_DELIMITERS = ",;\t|"
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_COMPLETE = "a complete file"

Row = tuple[str | None, str | None]
"""Time and price as they stand in the file; None where there is nothing."""


class Typed(Struct, frozen=True):
    """Name and DuckDB type of both columns of a Parquet file, names quoted."""

    time: str
    time_type: str
    price: str
    price_type: str


class _Query(Struct, frozen=True):
    """How to read the two columns as texts."""

    select: str
    unit: Unit | None
    inexact: bool
    """The price column is binary floating point: its texts may carry the noise of that."""
    typed: Typed | None = None


class PriceReader:
    """One pass over one file. Raises `PriceFileError` from every method."""

    def __init__(self, path: Path, columns: tuple[str | None, str | None], unit: Unit | None, skip: int = 0) -> None:
        """Look at the file and begin after `skip` rows; `columns` are the stated names of time and price."""
        _refuse_no_file(path)
        self._path = path
        self._stated_unit = unit
        # A single thread keeps the order of the file and the memory small; nothing is fetched from the network.
        options: dict[str, str | bool | int | float | list[str]] = {
            "threads": 1,
            "memory_limit": "512MB",
            "autoinstall_known_extensions": False,
        }
        self._connection = duckdb.connect(":memory:", config=options)
        try:
            parquet = path.suffix.lower() == ".parquet"
            self._query = self._parquet_query(*columns) if parquet else self._csv_query(*columns)
            self.unit = self._query.unit or self._unit_of_first_row()
            self._run(f"{self._query.select} OFFSET {skip:d}")
        except BaseException:
            self._connection.close()
            raise

    @property
    def inexact(self) -> bool:
        """Whether prices come from binary floating point and have to be rounded to the pair's decimals."""
        return self._query.inexact

    @property
    def select(self) -> str:
        """SQL that reads time and price as texts; its one parameter is `literal`."""
        return self._query.select

    @property
    def literal(self) -> str:
        """The path as DuckDB takes it."""
        return _literal(self._path)

    @property
    def typed(self) -> Typed | None:
        """The columns of a Parquet file; None for texts."""
        return self._query.typed

    def fetch(self) -> list[Row]:
        """The next rows; none at the end of the file."""
        try:
            return self._connection.fetchmany(BATCH_ROWS)
        except duckdb.Error as error:
            raise self._translated(error) from None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _unit_of_first_row(self) -> Unit | None:
        self._run(f"{self._query.select} LIMIT 1")
        rows = self.fetch()
        if not rows:
            raise PriceFileError("no rows", "at least one trade")
        return unit_of(rows[0][0] or "")

    def _run(self, query: str) -> None:
        try:
            self._connection.execute(query, [_literal(self._path)])
        except duckdb.Error as error:
            raise self._translated(error) from None

    def _csv_query(self, time_column: str | None, price_column: str | None) -> _Query:
        _refuse_open_last_line(self._path)
        first = self._first_line()
        delimiter = max(_DELIMITERS, key=first.count)
        names = next(csv.reader([first], delimiter=delimiter))
        columns = numbered_columns(len(names), time_column, price_column)
        header_lines = 0 if columns else 1
        if columns is None:
            _refuse_no_header(names, first)
            columns = find_columns(names, time_column, price_column)
        types = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(names)))
        # The dialect is stated, since a guessed one turns a damaged file into another file.
        select = (
            f"SELECT trim(c{columns.time}), trim(c{columns.price}) FROM read_csv(?, auto_detect=false,"  # noqa: S608 - numbers of our own
            f" header=false, skip={header_lines}, delim='{delimiter}', quote='\"', escape='\"', nullstr='',"
            f" strict_mode=true, columns={{{types}}}, {self._csv_options()})"
        )
        return _Query(select, self._stated_unit or columns.unit, inexact=False)

    def _first_line(self) -> str:
        """Whatever the file begins with, as one text without its line end."""
        self._run(
            "SELECT line FROM read_csv(?, auto_detect=false, header=false, delim='\x01', quote='', escape='',"  # noqa: S608 - options of our own
            f" strict_mode=false, columns={{'line': 'VARCHAR'}}, {self._csv_options()}) LIMIT 1"
        )
        rows = self.fetch()
        if not rows or not rows[0][0]:
            raise PriceFileError("an empty file", "a header and at least one trade")
        return rows[0][0].removeprefix("\ufeff")

    def _csv_options(self) -> str:
        compression = _COMPRESSIONS.get(self._path.suffix.lower(), "none")
        return f"compression='{compression}', buffer_size={_BUFFER_BYTES}, max_line_size={_LINE_BYTES}"

    def _parquet_query(self, time_column: str | None, price_column: str | None) -> _Query:
        self._run("DESCRIBE SELECT * FROM read_parquet(?)")
        described = {name: kind for name, kind, *_ in self._connection.fetchall()}
        names = list(described)
        columns = find_columns(names, time_column, price_column)
        time, price = names[columns.time], names[columns.price]
        as_text, unit = f"{_quoted(time)}::VARCHAR", self._stated_unit or columns.unit
        if described[time].startswith("TIMESTAMP") or described[time] == "DATE":
            instant = f"{_quoted(time)}::TIMESTAMP" if described[time] == "DATE" else _quoted(time)
            as_text, unit = f"epoch_ns({instant})::VARCHAR", "ns"
        select = f"SELECT {as_text}, {_quoted(price)}::VARCHAR FROM read_parquet(?)"  # noqa: S608 - quoted names
        typed = Typed(_quoted(time), described[time], _quoted(price), described[price])
        return _Query(select, unit, inexact=described[price] in ("DOUBLE", "FLOAT"), typed=typed)

    def _translated(self, error: duckdb.Error) -> PriceFileError:
        text = str(error)
        if line := re.search(r"CSV Error on Line: (\d+)", text):
            place = f"line {line[1]}"
            if width := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text):
                return PriceFileError(
                    f"{place}: {width[2]} fields where the first line has {width[1]}, so it is cut off or damaged",
                    f"{_COMPLETE} with the same columns in every line",
                )
            reason = next((part for part in text.splitlines()[2:] if part.strip()), "damaged")
            return PriceFileError(f"{place}: {reason}", "UTF-8 text with one trade a line")
        if "GZIP" in text or "ZSTD" in text or "Parquet" in text or "magic bytes" in text or "Thrift" in text:
            return PriceFileError(f"a file that is cut off or damaged ({text.splitlines()[0]})", _COMPLETE)
        return PriceFileError(f"a file that cannot be read ({text.splitlines()[0]})", "a readable CSV or Parquet file")


def _refuse_no_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise PriceFileError("a directory", "a file")
        if not path.exists():
            raise PriceFileError("no such file", "an existing file")
        if path.stat().st_size == 0:
            raise PriceFileError("an empty file", "at least one trade")
        path.open("rb").close()  # whoever reads it in the end does not say why it may not
    except OSError as error:
        raise PriceFileError(f"a file that cannot be read ({why(error)})", "a readable file") from None


def _refuse_open_last_line(path: Path) -> None:
    """A line that was cut within its last field looks complete, but it has no end."""
    if path.suffix.lower() in _COMPRESSIONS:
        return  # Compression knows its own length.
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)
    except OSError as error:
        raise PriceFileError(f"a file that cannot be read ({why(error)})", "a readable file") from None
    if last not in (b"\n", b"\r"):
        raise PriceFileError(
            "a last line without a line end, so the file may be cut off",
            f"{_COMPLETE}; if it is, end its last line with a line break",
        )


def _refuse_no_header(names: list[str], first: str) -> None:
    if all(is_number(name.strip()) for name in names):
        raise PriceFileError(
            f'no header: the first line is "{first[:60]}"',
            'a header, or the columns by number, for instance time_column = "1" and price_column = "2"',
        )


def _literal(path: Path) -> str:
    """The path with the signs escaped that DuckDB takes for a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
