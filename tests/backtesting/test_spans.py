"""Which rows are traded."""

import pytest

from backtesting.spans import Span, SpanError, first_row_at, parse_length, parse_moment, rows_between, split
from backtesting.tape import ArrayTape
from tests.backtesting.stage import SECOND, START, read, stage_of, text


def tape(rows: int = 10) -> ArrayTape:
    made = stage_of(read(text()), [100] * rows).tape
    assert isinstance(made, ArrayTape)
    return made


@pytest.mark.parametrize(
    ("length", "seconds"), [("6h", 21_600), ("30m", 1_800), ("1.5d", 129_600), ("90s", 90), ("0", 0)]
)
def test_lengths(length: str, seconds: int) -> None:
    assert parse_length(length) == seconds * SECOND


@pytest.mark.parametrize("length", ["", "6", "h", "-1h", "0h", "6 hours", "1e9999d", "1e99d", "nanh"])
def test_other_lengths_are_refused(length: str) -> None:
    with pytest.raises(SpanError, match="allowed: a length of time such as 6h"):
        parse_length(length)


def test_moments() -> None:
    assert parse_moment("2023-11-14 22:13:20") == START
    with pytest.raises(SpanError, match='found "yesterday"; allowed: a date'):
        parse_moment("yesterday")


def test_the_first_row_of_a_time() -> None:
    assert [first_row_at(tape(), START + second * SECOND) for second in (-5, 0, 3, 9, 10)] == [0, 0, 3, 9, 10]


def test_rows_between_dates() -> None:
    assert rows_between(tape(), None, None) == Span(0, 10)
    assert rows_between(tape(), START + 2 * SECOND, START + 5 * SECOND) == Span(2, 5)
    with pytest.raises(SpanError, match="no row between"):
        rows_between(tape(), START + 50 * SECOND, None)


def test_a_split_by_part_and_by_date() -> None:
    assert split(tape(), Span(2, 10), "0.5") == (Span(2, 6), Span(6, 10))
    assert split(tape(), Span(0, 10), "2023-11-14 22:13:27") == (Span(0, 7), Span(7, 10))


@pytest.mark.parametrize("at", ["0", "1", "1.5", "0.01", "2020-01-01", "2030-01-01", "half"])
def test_a_split_that_leaves_one_part_empty_is_refused(at: str) -> None:
    with pytest.raises(SpanError, match="allowed"):
        split(tape(), Span(0, 10), at)
