"""Which rows of a tape are traded: by date, and split into a part to choose by and a part to judge by."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from msgspec import Struct

from backtesting.tape import Tape
from simulators.prices.columns import parse_time

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SECOND = 10**9
_ENDLESS = 2**62
_SPLIT = "a fraction between 0 and 1, or a date within the prices"


class Span(Struct, frozen=True):
    """Rows `begin` to `end - 1`."""

    begin: int
    end: int

    @property
    def rows(self) -> int:
        """How many."""
        return self.end - self.begin


class SpanError(Exception):
    """A span or a length of time that makes no sense; the message says what was found and what is allowed."""


def parse_moment(text: str) -> int:
    """A date or a date with a time, UTC, in nanoseconds. Raises `SpanError`."""
    try:
        return parse_time(text, None)
    except ValueError:
        raise SpanError(f'found "{text}"; allowed: a date such as 2021-07-01 or "2021-07-01 12:00", UTC') from None


def parse_length(text: str) -> int:
    """`6h`, `30m`, `1.5d`, or 0, in nanoseconds. Raises `SpanError`."""
    try:
        if text == "0":
            return 0
        length = int(Decimal(text[:-1]) * _UNITS[text[-1:]] * _SECOND)
    except (ArithmeticError, KeyError, ValueError):
        length = 0
    if not 0 < length < _ENDLESS:
        raise SpanError(f'found "{text}"; allowed: a length of time such as 6h, 30m or 2d, or 0 for none')
    return length


def rows_between(tape: Tape, since: int | None, until: int | None) -> Span:
    """The rows from `since` on and before `until`. Raises `SpanError` when there are none."""
    begin = 0 if since is None else first_row_at(tape, since)
    end = tape.rows if until is None else first_row_at(tape, until)
    if begin >= end:
        raise SpanError("found no row between --from and --to; allowed: dates within the prices")
    return Span(begin, end)


def split(tape: Tape, span: Span, at: str) -> tuple[Span, Span]:
    """In sample and out of sample; `at` is a fraction of the rows or a date. Raises `SpanError`."""
    row = _fraction(span, at)
    if row is None:
        row = first_row_at(tape, parse_moment(at))
    if not span.begin < row < span.end:
        raise SpanError(f'found "{at}" as --split; allowed: {_SPLIT}')
    return Span(span.begin, row), Span(row, span.end)


def first_row_at(tape: Tape, time: int) -> int:
    """The first row of this time or later; the number of rows if there is none."""
    return _bisect(tape.rows, lambda row: int(tape.read(row, row + 1).times[0]) >= time)


def _bisect(rows: int, reached: Callable[[int], bool]) -> int:
    low, high = 0, rows
    while low < high:
        middle = (low + high) // 2
        if reached(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _fraction(span: Span, text: str) -> int | None:
    try:
        part = Decimal(text)
    except InvalidOperation:
        return None
    if not 0 < part < 1:
        raise SpanError(f'found "{text}" as --split; allowed: {_SPLIT}')
    return span.begin + int(span.rows * part)
