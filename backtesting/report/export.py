"""A result as JSON: money as strings of decimal digits, times in nanoseconds UTC."""

from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import msgspec

from backtesting.figures.summary import Result, Summary
from messages.money import EXACT

_PLACES = Decimal("1e-12")
"""Quotients (average costs, rates) have 60 digits; what is exact has fewer than these."""


def as_json(title: str, result: Result, out_of_sample: Summary | None) -> bytes:
    """Summary, equity and fills of one run; of an out-of-sample part the summary."""
    document = {
        "title": title,
        "summary": result.summary,
        "out_of_sample": out_of_sample,
        "equity": result.worth,
        "fills": result.fills,
        "open_orders": [order for order in result.orders if order.status == "open"],
    }
    plain = shortened(msgspec.to_builtins(document, builtin_types=(Decimal,)))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


def write_json(path: Path, title: str, result: Result, out_of_sample: Summary | None) -> None:
    """Raises `OSError`."""
    path.write_bytes(as_json(title, result, out_of_sample))


def shortened(value: object) -> object:
    """Copy of the tables with every number as plain text of at most twelve decimals."""
    match value:
        case Decimal():
            text = f"{value.quantize(_PLACES, ROUND_HALF_EVEN, EXACT):f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case dict():
            return {key: shortened(item) for key, item in value.items()}
        case list() | tuple():
            return [shortened(item) for item in value]
        case _:
            return value
