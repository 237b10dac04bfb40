"""Price files as tapes: what DuckDB can convert by columns is converted so, the rest row by row.

Both ways give the same rows as `simulators.prices.file`, which the live program replays:
whatever is not plain enough for SQL is read by that very reader, which also words all errors.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from backtesting.data.trade_files import PARQUET
from backtesting.tape import ArrayTape, Chunk, Integers, Tape
from config.problems import ConfigError
from config.schema import PaperConfig
from messages.money import EXACT, ONE, Pair
from simulators.prices.columns import PriceFileError, Unit
from simulators.prices.file import PriceFile
from simulators.prices.reader import PriceReader, Typed
from simulators.prices.source import PRICES_KEY

TEXT_DECIMALS = 8
"""Decimals of a price that is read from a text column by SQL; one that has more is read row by row."""
MOST_IN_MEMORY = 50_000_000
"""Bytes of a CSV file (compressed: a quarter) beyond which it is converted to Parquet first."""
_HIGHEST = 2**62
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_PER_SECOND: dict[Unit, int] = {"s": 9, "ms": 6, "us": 3, "ns": 0}
"""Decimals that a time of this unit has, in nanoseconds."""
_BATCH = 100_000
_INT64_DIGITS = 18
_HALF = 0.5
_DOUBT = 1e-4
_TOO_LONG = ("a price with too many digits", "prices of at most 18 digits")


class _Converted(Struct, frozen=True):
    """SQL expressions of both columns as integers; NULL where a row is not plain."""

    time: str
    price: str
    unit: Decimal
    floats: bool = False
    """The price is binary floating point and becomes units in numpy."""


def open_tape(config: PaperConfig, pair: Pair, origin: str, scratch: Path) -> Tape:
    """The trades of `config.prices`. Blocks while a CSV file is read.

    A large CSV file is written to the folder `scratch` as Parquet first; that must live as long as the tape.
    `origin` is the file that errors name. Raises `ConfigError`.
    """
    source = PriceFile(config, origin)
    path = Path(config.prices)
    try:
        reader = PriceReader(path, (config.time_column, config.price_column), config.time_unit)
    except PriceFileError as error:
        raise ConfigError.at(origin, PRICES_KEY, f"{path}: {error.found}", error.allowed) from None
    reader.close()
    if reader.typed is None:
        return _text_tape(source, reader, path, pair, scratch)
    converted = _of_types(reader.typed, reader.unit, pair)
    if converted is None:
        return _row_by_row(source, pair)
    return ParquetTape(source, reader.literal, pair, converted)


class ParquetTape:
    """Trades in a Parquet file, read piece by piece in constant memory."""

    def __init__(self, source: PriceFile, literal: str, pair: Pair, converted: _Converted) -> None:
        self.symbol = pair.symbol
        self.unit = converted.unit
        self._source = source
        self._pair = pair
        self._converted = converted
        self._literal = literal
        # Read ahead while another thread trades: a second one would take more memory and hardly be faster.
        self._connection = _connect(threads=1)
        ((self.rows,),) = self._run("SELECT count(*) FROM read_parquet(?)").fetchall()
        if not self.rows:
            _explain(source, pair)

    def read(self, start: int, stop: int) -> Chunk:
        """Rows `start` to `stop - 1`. Raises `ConfigError`."""
        query = (
            f"SELECT {self._converted.time} AS t, {self._converted.price} AS p"  # noqa: S608 - quoted names, own numbers
            f" FROM read_parquet(?, file_row_number=true)"
            f" WHERE file_row_number >= {start:d} AND file_row_number < {stop:d}"
        )
        columns = self._run(query).fetchnumpy()
        prices = columns["p"]
        if self._converted.floats:
            prices = _units_of_floats(prices, self.unit)
        times = _plain(columns["t"])
        if prices is None or times is None or not _in_order(times, prices):
            _explain(self._source, self._pair)
        return Chunk(start, times, prices)

    def _run(self, query: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(query, [self._literal])
        except duckdb.Error:
            _explain(self._source, self._pair)


def _text_tape(source: PriceFile, reader: PriceReader, path: Path, pair: Pair, scratch: Path) -> Tape:
    converted = _of_texts(reader.unit)
    size = path.stat().st_size * (1 if path.suffix.lower() == ".csv" else 4)
    query = f"SELECT {converted.time} AS t, {converted.price} AS p FROM ({reader.select}) AS texts(t, p)"  # noqa: S608
    connection = _connect(threads=2)
    if size > MOST_IN_MEMORY:
        return _converted_tape(source, query, reader.literal, pair, scratch, connection)
    try:
        columns = connection.execute(query, [reader.literal]).fetchnumpy()
    except duckdb.Error:
        return _row_by_row(source, pair)
    times, prices = _plain(columns["t"]), _plain(columns["p"])
    if times is None or prices is None or not len(prices) or not _in_order(times, prices):
        return _row_by_row(source, pair)
    return ArrayTape(pair.symbol, converted.unit, times, prices)


def _converted_tape(
    source: PriceFile,
    query: str,
    literal: str,
    pair: Pair,
    scratch: Path,
    connection: duckdb.DuckDBPyConnection,
) -> Tape:
    """A large file of texts as a Parquet file of integers."""
    target = scratch / "prices.parquet"
    try:
        connection.execute(f"COPY ({query}) TO '{target}' ({PARQUET})", [literal])
        ((bad,),) = connection.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE t IS NULL OR p IS NULL", [str(target)]
        ).fetchall()
    except duckdb.Error:
        _explain(source, pair)
    if bad:
        return _row_by_row(source, pair)
    return ParquetTape(source, str(target), pair, _Converted("t", "p", ONE.scaleb(-TEXT_DECIMALS)))


def _of_texts(unit: Unit | None) -> _Converted:
    time = "epoch_ns(TRY_CAST(t AS TIMESTAMP_NS))"
    plain = r"'[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?'"
    if unit is not None:
        digits = _PER_SECOND[unit]
        plain = rf"'[0-9]{{1,{19 - digits}}}(\.[0-9]{{1,{digits}}})?'" if digits else "'[0-9]{1,18}'"
        time = f"CAST(CAST(t AS DECIMAL(20, {digits})) * {10**digits}::DECIMAL({digits + 1}, 0) AS BIGINT)"
    price = f"CAST(CAST(p AS DECIMAL(20, {TEXT_DECIMALS})) * {10**TEXT_DECIMALS}::DECIMAL(9, 0) AS BIGINT)"
    plain_price = rf"'[0-9]{{1,9}}(\.[0-9]{{1,{TEXT_DECIMALS}}})?'"
    return _Converted(
        f"CASE WHEN regexp_full_match(t, {plain}) THEN {time} END",
        f"CASE WHEN regexp_full_match(p, {plain_price}) THEN {price} END",
        ONE.scaleb(-TEXT_DECIMALS),
    )


def _of_types(typed: Typed, unit: Unit | None, pair: Pair) -> _Converted | None:
    """The columns of a Parquet file; None for types that only their texts give exactly."""
    time = typed.time
    if typed.time_type in ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"):
        time = f"epoch_ns({time})"
    elif typed.time_type in _INTEGERS and unit is not None:
        time = f"{time}::BIGINT * {10 ** _PER_SECOND[unit]}"
    else:
        return None
    if typed.price_type == "DOUBLE":
        return _Converted(time, typed.price, ONE.scaleb(int(pair.tick_size.as_tuple().exponent)), floats=True)
    if typed.price_type in _INTEGERS:
        return _Converted(time, f"{typed.price}::BIGINT", ONE)
    if typed.price_type.startswith("DECIMAL("):
        width, scale = (int(number) for number in typed.price_type[8:-1].split(","))
        if width <= _INT64_DIGITS:
            # Wide enough for the product, although it fits into the narrow type again.
            wide, factor = f"{typed.price}::DECIMAL(19, {scale})", f"{10**scale}::DECIMAL({scale + 1}, 0)"
            return _Converted(time, f"CAST({wide} * {factor} AS BIGINT)", ONE.scaleb(-scale))
    return None


def _row_by_row(source: PriceFile, pair: Pair) -> ArrayTape:
    """The reference: every row as the live program reads it."""
    ticks = source.each(pair)
    times: list[Integers] = []
    counts: list[tuple[int, Integers]] = []
    while batch := list(islice(ticks, _BATCH)):
        times.append(np.array([tick.time for tick in batch], dtype=np.int64))
        counts.append(_in_units(source, [tick.price for tick in batch]))
    if not times:
        _explain(source, pair)
    decimals = max(scale for scale, _ in counts)
    prices = []
    for scale, part in counts:
        factor = 10 ** (decimals - scale)
        if int(part.max()) * factor >= _HIGHEST:
            raise source.error_of(*_TOO_LONG)
        prices.append(part * factor)
    return ArrayTape(pair.symbol, ONE.scaleb(-decimals), np.concatenate(times), np.concatenate(prices))


def _in_units(source: PriceFile, prices: list[Decimal]) -> tuple[int, Integers]:
    """The prices as whole numbers, and how many decimals one of them has."""
    decimals = max(0, *(-int(price.normalize().as_tuple().exponent) for price in prices))
    counts = [int(price.scaleb(decimals)) for price in prices]
    if max(counts) >= _HIGHEST:
        raise source.error_of(*_TOO_LONG)
    return decimals, np.array(counts, dtype=np.int64)


def _units_of_floats(prices: NDArray[np.float64], unit: Decimal) -> Integers | None:
    """Rounded to whole units, half to even, as `Decimal` rounds the shortest text of each number."""
    if isinstance(prices, np.ma.MaskedArray):
        return None
    decimals = -int(unit.as_tuple().exponent)
    scaled = prices * float(10**decimals) if decimals >= 0 else prices / float(10**-decimals)
    # Written such that it is false for what is no number, too.
    if len(scaled) and not (scaled.max() < float(_HIGHEST) and scaled.min() > -float(_HIGHEST)):
        return None
    whole = np.rint(scaled)
    # Only near a half could the product's own rounding error have decided. In place: a large array costs its passes.
    np.subtract(scaled, whole, out=scaled)
    np.abs(scaled, out=scaled)
    near_half = np.flatnonzero(scaled > _HALF - _DOUBT)
    del scaled
    counts = whole.astype(np.int64)
    for place in near_half.tolist():
        text = Decimal(repr(float(prices[place])))
        counts[place] = int(EXACT.divide(text.quantize(unit, ROUND_HALF_EVEN, EXACT), unit))
    return counts


def _plain(column: NDArray[Any]) -> Integers | None:
    """Whole numbers without a gap, or None."""
    if isinstance(column, np.ma.MaskedArray):
        if column.mask.any():
            return None
        column = column.data
    return column.astype(np.int64, copy=False)


def _in_order(times: Integers, prices: Integers) -> bool:
    if not len(times):
        return True
    return bool(prices.min() > 0 and times[0] >= 0 and (times[1:] >= times[:-1]).all())


def _connect(threads: int) -> duckdb.DuckDBPyConnection:
    options: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": "256MB",
        "autoinstall_known_extensions": False,
    }
    return duckdb.connect(":memory:", config=options)


def _explain(source: PriceFile, pair: Pair) -> NoReturn:
    """Raise the error that the live program would show; the reader by rows finds the place."""
    for _ in source.each(pair):
        pass
    raise source.error_of("rows that cannot be read as columns", "times since 1970 and prices above 0")
