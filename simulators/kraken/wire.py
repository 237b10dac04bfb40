"""JSON, numbers and times as the venue writes and reads them; no binary float on the way."""

import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import msgspec

from simulators.kraken.model.clock import SECOND

Json = dict[str, Any]

_encoder = msgspec.json.Encoder(decimal_format="number")
_MICROSECOND_DIGITS = 6
_AVERAGE_EXTRA_DECIMALS = 5


def encode(value: object) -> bytes:
    """JSON text in which a Decimal stands as a number with exactly its digits."""
    return _encoder.encode(value)


def decode(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value, its numbers as int or Decimal. Raises `ValueError` for what is no JSON."""
    return json.loads(text, parse_float=Decimal)


def quantized(value: Decimal, decimals: int) -> Decimal:
    """A number with exactly this many decimals, rounded to nearest."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def fixed(value: Decimal, decimals: int) -> str:
    """Fixed-point text with this many decimals."""
    return f"{quantized(value, decimals):f}"


def kept(value: Decimal, decimals: int) -> Decimal:
    """A number with at least this many decimals: none of its own is lost, as for orders older than a rule."""
    own = value.normalize().as_tuple().exponent
    return quantized(value, max(decimals, -own if isinstance(own, int) else 0))


def kept_text(value: Decimal, decimals: int) -> str:
    """`kept` as fixed-point text."""
    return f"{kept(value, decimals):f}"


def average(price: Decimal, decimals: int) -> Decimal:
    """An average price: the pair's decimals when they suffice, else five more."""
    short = quantized(price, decimals)
    return short if short == price else quantized(price, decimals + _AVERAGE_EXTRA_DECIMALS)


def seconds(time: int, digits: int = _MICROSECOND_DIGITS) -> Decimal:
    """UNIX seconds with a fraction, as REST writes them; 0 for a time that is not set."""
    return (Decimal(time) / SECOND).quantize(Decimal(1).scaleb(-digits)) if time else Decimal(0)


def rfc3339(time: int, digits: int = _MICROSECOND_DIGITS) -> str:
    """`2026-09-21T14:13:20.100001Z`; without a fraction when `digits` is 0."""
    whole, fraction = divmod(time, SECOND)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09}"[: len(text) + 1 + digits] + "Z" if digits else f"{text}Z"


def rfc1123(time: int) -> str:
    """As the Time endpoint writes it, with a year of two digits."""
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%a, %d %b %y %H:%M:%S +0000")


def parse_rfc3339(text: str) -> int:
    """Nanoseconds UTC. Raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1000


def plain_decimal(text: str) -> Decimal:
    """A fixed-point number. Raises `ValueError` for exponents (`1e-05`), which the venue refuses."""
    if not text or not set(text) <= set("0123456789.-"):
        raise ValueError(f"{text} is no fixed-point number")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text} is no number") from None
