from decimal import Decimal

import pytest

from simulators.prices.columns import (
    Columns,
    PriceFileError,
    Unit,
    find_columns,
    numbered_columns,
    parse_price,
    parse_time,
    unit_of,
)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("time_seconds,price,size,is_buyer_maker", Columns(0, 1, "s")),
        ("timestamp,open,high,low,close,volume", Columns(0, 4)),
        ("p,ts", Columns(1, 0)),
        ("id,Price,Timestamp MS", Columns(2, 1, "ms")),
        ("close,price,date", Columns(2, 1)),
        ("last,time_ns", Columns(1, 0, "ns")),
        ("price,timestamp,timestamp_ms", Columns(1, 0)),
    ],
)
def test_columns_are_found_by_their_usual_names(header: str, columns: Columns) -> None:
    assert find_columns(header.split(","), None, None) == columns


def test_stated_columns_come_before_found_ones() -> None:
    assert find_columns(["time", "mine", "price", "at"], "at", "mine") == Columns(3, 1)


def test_a_file_without_a_price_column_lists_what_it_has() -> None:
    with pytest.raises(PriceFileError, match=r'no price column among "time", "value".*exchange\.paper\.price_column'):
        find_columns(["time", "value"], None, None)


def test_a_file_without_a_time_column_says_so() -> None:
    with pytest.raises(PriceFileError, match="no time column"):
        find_columns(["when", "price"], None, None)


def test_a_stated_column_that_is_absent_gets_a_hint() -> None:
    with pytest.raises(PriceFileError, match=r'no column "pricee".*Did you mean "price"\?'):
        find_columns(["time", "price"], None, "pricee")


def test_numbered_columns_count_from_one() -> None:
    assert numbered_columns(6, "1", "3") == Columns(0, 2)
    assert numbered_columns(6, "1", None) is None
    assert numbered_columns(6, "time", "price") is None
    with pytest.raises(PriceFileError, match="price_column 7 in a file of 6 columns"):
        numbered_columns(6, "1", "7")


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1625097621.647", "s"),
        ("1625097621647", "ms"),
        ("1625097621647123", "us"),
        ("1625097621647123456", "ns"),
        ("2021-07-01", None),
    ],
)
def test_the_unit_of_a_number_is_known_by_its_size(text: str, unit: Unit | None) -> None:
    assert unit_of(text) == unit


@pytest.mark.parametrize(
    ("text", "unit", "time"),
    [
        ("1625097621.647", "s", 1625097621_647000000),
        ("1.625097621647e9", "s", 1625097621_647000000),
        ("1625097621647", "ms", 1625097621_647000000),
        ("1625097621647123456", "ns", 1625097621_647123456),
        ("2021-07-01", None, 1625097600_000000000),
        ("2021-07-01 00:00:21.647", None, 1625097621_647000000),
        ("2021-07-01T00:00:21.647123456Z", None, 1625097621_647123456),
        ("2021-07-01 02:00:21+02:00", None, 1625097621_000000000),
        ("2021-06-30T19:00 -0500", None, 1625097600_000000000),
        ("2021-07-01 00:00:21 UTC", "s", 1625097621_000000000),
        ("0", "s", 0),
    ],
)
def test_times_are_read_to_the_nanosecond(text: str, unit: Unit | None, time: int) -> None:
    assert parse_time(text, unit) == time


@pytest.mark.parametrize("text", ["", "nan", "soon", "-1", "2021-13-01", "2021-07-01 25:00:00", "1e30", "12:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text will do, the caller words the error
        parse_time(text, "s")


@pytest.mark.parametrize("text", ["2278.15", "2272", "0.00000001", "1e-7", "2278.150"])
def test_prices_keep_their_digits(text: str) -> None:
    assert str(parse_price(text)) == str(Decimal(text))


@pytest.mark.parametrize(
    "text", ["", "nan", "NaN", "inf", "-1", "0", "0.0", "abc", "1_000", "1,5", "0x10", "٣", "1e99"]
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text will do, the caller words the error
        parse_price(text)
