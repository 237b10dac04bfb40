"""Figures as a person reads them; rounding happens here and nowhere else."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from messages.money import EXACT

_SECOND = 10**9
_DAY = 86_400 * _SECOND
NOTHING = "–"


def money(amount: Decimal, decimals: int = 2) -> str:
    """With groups of digits, for instance `-1,234.50`."""
    return f"{_rounded(amount, decimals):,f}"


def signed(amount: Decimal) -> str:
    """Money that came or went."""
    return f"{_rounded(amount, 2):+,f}"


def base(volume: Decimal) -> str:
    """A volume, without zeros at its end."""
    text = f"{_rounded(volume, 8):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def price(value: Decimal) -> str:
    """A price, without zeros at its end but with two decimals at least."""
    whole, _, decimals = base(value).partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def percent(rate: Decimal | None) -> str:
    """A fraction as percent; a dash where there is none."""
    return NOTHING if rate is None else f"{_rounded(rate * 100, 2):+,f} %"


def exact_percent(rate: Decimal) -> str:
    """A configured rate, without rounding."""
    return f"{(rate * 100).normalize():f} %"


def share(rate: Decimal | None) -> str:
    """A part of a whole."""
    return NOTHING if rate is None else f"{_rounded(rate * 100, 1):f} %"


def moment(time: int) -> str:
    """Nanoseconds UTC as a date and a minute."""
    return f"{datetime.fromtimestamp(time // _SECOND, UTC):%Y-%m-%d %H:%M}"


def duration(nanoseconds: int) -> str:
    """Days, or hours where there are few."""
    if nanoseconds >= 2 * _DAY:
        return f"{_rounded(Decimal(nanoseconds) / _DAY, 1):f} days"
    return f"{_rounded(Decimal(nanoseconds) / (3600 * _SECOND), 1):f} h"


def _rounded(value: Decimal, decimals: int) -> Decimal:
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN, EXACT)
    return rounded or abs(rounded)
