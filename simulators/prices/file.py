"""Prices replayed from a file of trades."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import trio

from config.problems import ConfigError, shown
from config.schema import PaperConfig
from messages.ids import Nanos
from messages.market import Tick
from messages.money import EXACT, Pair
from simulators.prices.columns import PriceFileError, parse_price, parse_time
from simulators.prices.reader import PriceReader, Row
from simulators.prices.source import PRICES_KEY, Position


class PriceFile:
    """The trades of one pair from a CSV or Parquet file, in the order of the file."""

    live = False

    def __init__(self, config: PaperConfig, origin: str) -> None:
        """`config.prices` is the path; `origin` is what errors name as the place of the configuration."""
        self._config = config
        self._path = Path(config.prices)
        self._origin = origin
        self._head: Decimal | None = None

    @property
    def name(self) -> str:
        """The file's name without its folder, so that it may be moved."""
        return f"file:{self._path.name}"

    async def check(self) -> None:
        """Open the file and read its first rows. Raises `ConfigError`."""
        await trio.to_thread.run_sync(self.look)

    def look(self) -> Decimal | None:
        """Open the file, read its first rows, return the first price. Blocks. Raises `ConfigError`."""
        self._check()
        return self._head

    def market_open(self, symbol: str) -> bool:
        """Always."""
        del symbol
        return True

    def clock_offset(self) -> int | None:
        """There is no other clock."""
        return None

    def first_price(self, pair: Pair) -> Decimal | None:
        """The price of the first row."""
        del pair
        return self._head

    @asynccontextmanager
    async def rows(self, pairs: Sequence[Pair], position: Position) -> AsyncIterator[AsyncIterator[Tick]]:
        """The trades after the first `position.row`. Raises `ConfigError` here and from the iterator."""
        if len(pairs) != 1:
            found = f"{shown(self._config.prices)} for {', '.join(pair.symbol for pair in pairs)}"
            raise ConfigError.at(self._origin, PRICES_KEY, found, "a file for strategies of one pair only")
        reader = await trio.to_thread.run_sync(self._open, position.row)
        ticks = self._ticks(reader, pairs[0], position.row)
        try:
            yield ticks
        finally:
            with trio.CancelScope(shield=True):
                await ticks.aclose()
                await trio.to_thread.run_sync(reader.close)

    def each(self, pair: Pair) -> Iterator[Tick]:
        """All rows for a caller that may block, such as a backtest. Raises like `rows`."""
        reader = self._open(0)
        try:
            number, newest = 0, 0
            while batch := self._fetch(reader):
                for tick in self._parsed(reader, batch, pair, number, newest):
                    newest = tick.time
                    yield tick
                number += len(batch)
        finally:
            reader.close()

    def error_of(self, found: str, allowed: str) -> ConfigError:
        """What is wrong with this file, as `rows` would say it."""
        return self._error(PriceFileError(found, allowed))

    def _check(self) -> None:
        reader = self._open(0)
        try:
            newest = 0
            self._head = None
            batch = self._fetch(reader)
            if not batch:
                raise self._error(PriceFileError("no rows", "at least one trade"))
            for number, row in enumerate(batch, start=1):
                newest, price = self._read(reader, row, number, newest)
                self._head = self._head or price
        finally:
            reader.close()

    async def _ticks(self, reader: PriceReader, pair: Pair, skipped: int) -> AsyncGenerator[Tick, None]:
        number, newest = skipped, 0
        while batch := await trio.to_thread.run_sync(self._fetch, reader):
            for tick in self._parsed(reader, batch, pair, number, newest):
                newest = tick.time
                yield tick
            number += len(batch)

    def _parsed(
        self, reader: PriceReader, batch: Sequence[Row], pair: Pair, number: int, newest: int
    ) -> Iterator[Tick]:
        """The rows of a batch that follows row `number` of time `newest`."""
        for row in batch:
            number += 1
            newest, price = self._read(reader, row, number, newest)
            if reader.inexact:
                price = self._rounded(price, pair, number)
            yield Tick(pair.symbol, price, Nanos(newest))

    def _open(self, skip: int) -> PriceReader:
        config = self._config
        try:
            return PriceReader(self._path, (config.time_column, config.price_column), config.time_unit, skip)
        except PriceFileError as error:
            raise self._error(error) from None

    def _fetch(self, reader: PriceReader) -> list[Row]:
        try:
            return reader.fetch()
        except PriceFileError as error:
            raise self._error(error) from None

    def _read(self, reader: PriceReader, row: Row, number: int, newest: int) -> tuple[int, Decimal]:
        """Time and price of a row that comes after one of time `newest`."""
        time_text, price_text = row[0] or "", row[1] or ""
        try:
            time = parse_time(time_text, reader.unit)
        except ValueError:
            raise self._error(_bad(number, "time", time_text, "a time since 1970 or a date, UTC")) from None
        try:
            price = parse_price(price_text)
        except ValueError:
            raise self._error(_bad(number, "price", price_text, "a number above 0")) from None
        if time < newest:
            found = f"row {number}: time {shown(time_text)}, which is before the row above it"
            raise self._error(PriceFileError(found, "rows in the order of time"))
        return time, price

    def _rounded(self, price: Decimal, pair: Pair, number: int) -> Decimal:
        rounded = price.quantize(pair.tick_size, ROUND_HALF_EVEN, EXACT)
        if not rounded:
            allowed = f"prices of {pair.symbol}, whose tick size is {pair.tick_size:f}"
            raise self._error(_bad(number, "price", str(price), allowed))
        return rounded

    def _error(self, error: PriceFileError) -> ConfigError:
        return ConfigError.at(self._origin, PRICES_KEY, f"{self._path}: {error.found}", error.allowed)


def _bad(number: int, what: str, text: str, allowed: str) -> PriceFileError:
    return PriceFileError(f"row {number}: {what} {shown(text)}", allowed)
