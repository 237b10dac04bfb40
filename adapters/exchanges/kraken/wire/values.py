"""Exact numbers and times as they stand on the wire."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Raw, Struct

from messages.ids import Nanos

_STAMP = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)\Z")
_ID = re.compile(r"[A-Za-z0-9_-]+\Z")
_SECOND = 10**9
_DIGITS = 30
"""No amount of money has more digits before or after its point."""
_LATEST_SECOND = 253_402_300_799
"""The last second of the year 9999."""


_OTHER_KINDS = frozenset(
    {
        "market",
        "iceberg",
        "stop-loss",
        "take-profit",
        "stop-loss-limit",
        "take-profit-limit",
        "trailing-stop",
        "trailing-stop-limit",
        "settle-position",
    }
)


NOTHING = Raw()
"""A part that the payload does not have."""


def is_other_kind(order_type: str | None, *, borrowed: bool = False) -> bool:
    """Whether an order is of a kind that this program never places: no limit order, or one on margin."""
    return borrowed or (order_type or "") in _OTHER_KINDS


class WireError(Exception):
    """A payload that cannot be understood; the message says which part of it."""


class Wire(Struct, frozen=True):
    """Base of all payloads: numbers must be finite and of a size that exact arithmetic can bear."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal):
                check_number(name, value)


def check_id(name: str, text: str) -> None:
    """Raises `ValueError` for what cannot be an id of the exchange: its letters are plain ones."""
    if not _ID.match(text):
        raise ValueError(f"{name} is no usable id")


def check_number(name: str, value: Decimal) -> None:
    """Raises `ValueError` for what is no number of money."""
    if not value.is_finite() or (value and abs(value.adjusted()) > _DIGITS):
        raise ValueError(f"{name} is no usable number")
    if int(value.as_tuple().exponent) < -_DIGITS:
        raise ValueError(f"{name} has too many decimals")


def nanoseconds(stamp: str) -> Nanos:
    """An RFC 3339 time in UTC as nanoseconds, exactly. Raises `WireError`."""
    match = _STAMP.match(stamp)
    if match is None:
        raise WireError(f"{stamp[:40]!r} is no time in UTC")
    try:
        whole = int(datetime.fromisoformat(f"{match[1]}+00:00").timestamp())
    except ValueError:
        raise WireError(f"{stamp[:40]!r} is no time") from None
    return Nanos(whole * _SECOND + int((match[2] or "0").ljust(9, "0")))


def nanoseconds_of_unix(seconds: Decimal) -> Nanos:
    """UNIX seconds with a fraction as nanoseconds. Raises `WireError`."""
    if not 0 <= seconds <= _LATEST_SECOND:
        raise WireError(f"{seconds} is no UNIX time")
    return Nanos(int(seconds * _SECOND))


def stamp_of(time: int) -> str:
    """A time in nanoseconds UTC as Kraken wants it in requests, with milliseconds."""
    seconds, rest = divmod(time, _SECOND)
    base = datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{base}.{rest // 10**6:03d}Z"


def decimal_of(value: Any, name: str) -> Decimal:  # noqa: ANN401 - untyped rows of JSON
    """A number inside an untyped row, as a text or as an integer. Raises `WireError`."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise WireError(f"{name} is no number")
    try:
        number = Decimal(value)
        check_number(name, number)
    except (InvalidOperation, ValueError):
        raise WireError(f"{name} is no number") from None
    return number


def plain(value: Decimal) -> str:
    """Fixed-point digits: an exponent is refused by Kraken."""
    return f"{value:f}"
