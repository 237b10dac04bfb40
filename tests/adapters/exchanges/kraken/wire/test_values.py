"""Times and numbers, exactly."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchanges.kraken.wire.values import (
    WireError,
    decimal_of,
    nanoseconds,
    nanoseconds_of_unix,
    plain,
    stamp_of,
)


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2026-09-21T14:13:20Z", 1790000000_000000000),
        ("2026-09-21T14:13:21.118233Z", 1790000001_118233000),
        ("2026-09-21T14:13:30.524394914Z", 1790000010_524394914),
        ("2026-09-21T14:13:20.5+00:00", 1790000000_500000000),
    ],
)
def test_stamps_are_read_to_the_nanosecond(stamp: str, time: int) -> None:
    assert nanoseconds(stamp) == time


@pytest.mark.parametrize("stamp", ["", "now", "2026-13-21T14:13:20Z", "2026-09-21T14:13:20", "2026-09-21T25:13:20Z"])
def test_what_is_no_time_is_told(stamp: str) -> None:
    with pytest.raises(WireError):
        nanoseconds(stamp)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001 - made aware below
def test_a_deadline_reads_back_to_the_millisecond(moment: datetime) -> None:
    time = int(moment.replace(tzinfo=UTC).timestamp()) * 10**9 + moment.microsecond * 1000
    assert nanoseconds(stamp_of(time)) == time - time % 10**6


def test_unix_seconds_are_exact() -> None:
    assert nanoseconds_of_unix(Decimal("1790000020.551204")) == 1790000020551204000
    with pytest.raises(WireError):
        nanoseconds_of_unix(Decimal("1e30"))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=0, max_value=10**9))
def test_plain_digits_have_no_exponent_and_lose_nothing(value: Decimal) -> None:
    text = plain(value)
    assert "e" not in text.lower()
    assert Decimal(text) == value


@given(st.one_of(st.text(), st.none(), st.booleans(), st.lists(st.integers()), st.floats()))
def test_anything_is_a_number_or_a_clear_error(value: object) -> None:
    with contextlib.suppress(WireError):
        assert decimal_of(value, "it").is_finite()
