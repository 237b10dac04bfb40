"""Which columns of a price file hold time and price, and how their texts become exact numbers. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from config.problems import did_you_mean, shown

Unit = Literal["s", "ms", "us", "ns"]

_NANOSECONDS: dict[Unit, int] = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_UNIT_SUFFIXES: dict[str, Unit] = {
    "s": "s",
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "ms": "ms",
    "millis": "ms",
    "milliseconds": "ms",
    "us": "us",
    "micros": "us",
    "microseconds": "us",
    "ns": "ns",
    "nanos": "ns",
    "nanoseconds": "ns",
}
_TIME_NAMES = ("time", "timestamp", "ts", "t", "datetime", "date_time", "trade_time", "open_time", "unix", "date")
_PRICE_NAMES = ("price", "trade_price", "last", "last_price", "close", "close_price", "px", "p")
"""The first one that a file has is taken."""

_NAMES_SHOWN = 20

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,2})?")
_DATE = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})([T ](?P<time>\d{2}:\d{2}(:\d{2})?)(\.(?P<fraction>\d{1,9}))?)?"
    r" ?(?P<zone>Z|UTC|[+-]\d{2}(:?\d{2})?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 2**63 - 1
_HIGHEST_PRICE = Decimal(10) ** 15


class PriceFileError(Exception):
    """A price file cannot be used."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(f"found {found}; allowed: {allowed}")
        self.found = found
        self.allowed = allowed


class Columns(Struct, frozen=True):
    """Where a row has its time and its price, counted from 0, and in which unit times are."""

    time: int
    price: int
    unit: Unit | None = None
    """None: not known from the name, or times are dates."""


def is_number(text: str) -> bool:
    """Whether the text is a plain decimal number (`nan`, `inf` and digit groups are not)."""
    return _NUMBER.fullmatch(text) is not None


def find_columns(names: Sequence[str], time_column: str | None, price_column: str | None) -> Columns:
    """Time and price among the named columns, by configuration or by their usual names.

    Raises `PriceFileError` that lists the columns.
    """
    plain = [_plain(name) for name in names]
    time = _stated(names, time_column, "time_column")
    if time is None:
        wanted = [f"{name}_{suffix}" for name in _TIME_NAMES for suffix in _UNIT_SUFFIXES]
        time = _first(plain, (*_TIME_NAMES, *wanted))
    price = _stated(names, price_column, "price_column")
    if price is None:
        price = _first(plain, _PRICE_NAMES)
    for index, what, known in ((time, "time", _TIME_NAMES), (price, "price", _PRICE_NAMES)):
        if index is None:
            raise PriceFileError(
                f"no {what} column among {_listed(names)}",
                f"a column named {', '.join(known)}, or its name as exchange.paper.{what}_column",
            )
    assert time is not None  # noqa: S101 - the loop above has raised otherwise
    assert price is not None  # noqa: S101 - the same
    return Columns(time, price, _UNIT_SUFFIXES.get(plain[time].rpartition("_")[2]) if "_" in plain[time] else None)


def numbered_columns(width: int, time_column: str | None, price_column: str | None) -> Columns | None:
    """Columns of a file without a header, when the configuration gives both by number, counted from 1.

    None when it does not; raises `PriceFileError` for a number beyond the file's `width`.
    """
    if not (time_column and price_column and time_column.isdecimal() and price_column.isdecimal()):
        return None
    for what, number in (("time_column", int(time_column)), ("price_column", int(price_column))):
        if not 1 <= number <= width:
            raise PriceFileError(f"{what} {number} in a file of {width} columns", f"1 to {width}")
    return Columns(int(time_column) - 1, int(price_column) - 1)


def unit_of(text: str) -> Unit | None:
    """The unit that makes this number a time of our age; None for a date."""
    if not is_number(text):
        return None
    # 1e11 seconds are the year 5138, 1e11 milliseconds are 1973; the same again a thousand times on.
    size = abs(Decimal(text))
    limits: tuple[tuple[int, Unit], ...] = ((10**11, "s"), (10**14, "ms"), (10**17, "us"))
    return next((unit for limit, unit in limits if size < limit), "ns")


def parse_time(text: str, unit: Unit | None) -> int:
    """Nanoseconds since 1970 UTC, from a number in `unit` or a date. Raises `ValueError`."""
    if unit is not None and is_number(text):
        time = int(Decimal(text) * _NANOSECONDS[unit])
    elif match := _DATE.fullmatch(text):
        time = _date_time(match)
    else:
        raise ValueError(text)
    if not 0 <= time <= _LATEST:
        raise ValueError(text)
    return time


def parse_price(text: str) -> Decimal:
    """An exact price above 0. Raises `ValueError`."""
    if not is_number(text):
        raise ValueError(text)
    price = Decimal(text)
    if not 0 < price < _HIGHEST_PRICE:
        raise ValueError(text)
    return price


def _date_time(match: re.Match[str]) -> int:
    zone = match["zone"] or "Z"
    offset = timedelta()
    if zone not in ("Z", "UTC"):
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone[0] == "-" else 1)
    local = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00'}").replace(tzinfo=UTC)
    seconds = (local - offset - _EPOCH) // timedelta(seconds=1)
    return seconds * _NANOSECONDS["s"] + int((match["fraction"] or "").ljust(9, "0"))


def _stated(names: Sequence[str], column: str | None, what: str) -> int | None:
    if column is None:
        return None
    if column not in names:
        hint = did_you_mean(column, names)
        raise PriceFileError(
            f"no column {shown(column)} (exchange.paper.{what}) among {_listed(names)}",
            f"one of the columns{'. ' + hint if hint else ''}",
        )
    return list(names).index(column)


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(shown(name) for name in names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
