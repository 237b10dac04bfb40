"""Types of the configuration's fields: what a value may be, in words and as bounds, and what was probably meant."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Annotated

from msgspec import Meta

from config.secrets import ALLOWED, Secret

HIGHEST_FEE = Decimal("0.05")
_DAY = 86_400
_STROKE = re.compile(r"[-_:/]")
"""Between the currencies of a pair, as exchanges and other programs write it."""


def percent_hint(value: Decimal) -> str:
    """The sentence for a rate that was probably written in percent."""
    if value <= HIGHEST_FEE or value.scaleb(-2) > HIGHEST_FEE:
        return ""
    percent, meant = (f"{value.scaleb(shift).normalize():f}" for shift in (2, -2))
    return f"{value:f} means {percent} %; for {value:f} % write {meant}"


def interval_hint(value: Decimal) -> str:
    """The sentence for an interval that was probably written in percent."""
    likely = 1 <= value < 100  # noqa: PLR2004 - percent
    return f"Did you mean {value.scaleb(-2).normalize():f} ({value.normalize():f} %)?" if likely else ""


def currency_hint(value: str) -> str:
    """The sentence for a pair, or for blanks, where a currency is expected."""
    base, stroke, quote = _STROKE.sub("/", value.strip()[:64], count=1).partition("/")
    if stroke and base.isalnum() and quote.isalnum():
        return f'A pair is written as base_currency = "{base}" and quote_currency = "{quote}"'
    return f'Did you mean "{base}"?' if not stroke and base.isalnum() and base != value else ""


def _number(allowed: str, hint: Callable[[Decimal], str] | None = None, **bounds: Decimal | int) -> Meta:
    """A number within `bounds`, which are named as in a JSON schema."""
    return Meta(description=allowed, extra={"check": partial(_within, bounds), "hint": hint}, extra_json_schema=bounds)


def _within(bounds: Mapping[str, Decimal | int], value: Decimal) -> bool:
    return (
        value >= bounds.get("minimum", value)
        and value <= bounds.get("maximum", value)
        and ("exclusiveMinimum" not in bounds or value > bounds["exclusiveMinimum"])
        and ("exclusiveMaximum" not in bounds or value < bounds["exclusiveMaximum"])
    )


def _url(scheme: str, example: str) -> Meta:
    pattern = rf"^({scheme}://[^\s/@]+(/[^\s@]*)?)?$"

    def hint(value: str) -> str:
        return "" if "://" in value else f"It begins with {example.partition('/')[0]}//"

    extra = {"hidden": "@", "text_hint": hint}
    return Meta(pattern=pattern, description=f"a URL without credentials: {example}", extra=extra)


Positive = Annotated[Decimal, _number("a number above 0", exclusiveMinimum=0)]
NotNegative = Annotated[Decimal, _number("a number, 0 or more", minimum=0)]
Interval = Annotated[
    Decimal, _number("0 < interval < 1 (0.02 is 2 %)", interval_hint, exclusiveMinimum=0, exclusiveMaximum=1)
]
FeeRate = Annotated[
    Decimal,
    _number("0 <= fee <= 0.05, as a fraction (0.0026 is 0.26 %)", percent_hint, minimum=0, maximum=HIGHEST_FEE),
]
Seconds = Annotated[Decimal, _number("seconds, 0 < s <= 86400", exclusiveMinimum=0, maximum=_DAY)]
Decimals = Annotated[int, Meta(ge=0, le=18, description="a whole number from 0 to 18")]
Currency = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9.]{1,16}$",
        description="1 to 16 letters, digits or dots",
        extra={"text_hint": currency_hint},
    ),
]
Symbol = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9.]{1,16}/[A-Za-z0-9.]{1,16}$", description='"BASE/QUOTE", for instance "BTC/USD"')
]
Name = Annotated[str, Meta(pattern=r"\S", max_length=64, description="a text of 1 to 64 printable characters")]
Text = Annotated[str, Meta(pattern=r"\S", max_length=4096, description="a text that is not empty")]
OptionalText = Annotated[str, Meta(max_length=4096, description="a text")]
HttpUrl = Annotated[str, _url("https?", "https://host/path")]
SocketUrl = Annotated[str, _url("wss?", "wss://host/path")]
HiddenText = Annotated[Secret | None, Meta(description=ALLOWED, extra_json_schema={"pattern": r"^\s*[!-~]*\s*$"})]
