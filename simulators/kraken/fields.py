"""Typed access to what a client sent, whichever way; anything odd is refused as the venue refuses it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from simulators.kraken import wire
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import INVALID_ARGUMENTS, Refused

T = TypeVar("T")

_AMOUNT_MOST = 10**11
"""A product of two such numbers still has exact digits."""
_INTEGER_MOST = 1 << 64

_FLAGS = {"true": True, "false": False}


class Fields:
    """The parameters of one request. Every getter raises `Refused` naming the field."""

    def __init__(self, values: dict[str, Any], *, strings: bool = True) -> None:
        """`strings`: numbers may come as text (REST); on the WebSocket they are JSON numbers."""
        self.values = {name: value for name, value in values.items() if value is not None}
        self._strings = strings

    @classmethod
    def of_query(cls, query: str) -> "Fields":
        """From a URL's query or a form body."""
        return cls(dict(parse_qsl(query, keep_blank_values=True)))

    @classmethod
    def of_body(cls, body: bytes, content_type: str) -> "Fields":
        """From a form or JSON body."""
        if content_type.startswith("application/json"):
            try:
                values = wire.decode(body)
            except (ValueError, json.JSONDecodeError):
                raise Refused(INVALID_ARGUMENTS) from None
            if not isinstance(values, dict):
                raise Refused(INVALID_ARGUMENTS)
            return cls(values)
        return cls.of_query(body.decode("utf-8", "replace"))

    def has(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise self._refused(name)
        if isinstance(value, int):
            if not self._strings:
                raise self._refused(name)
            return str(value)
        return value

    def needed_text(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise self._refused(name)
        return value

    def choice(self, name: str, choices: Mapping[str, T], default: str | None = None) -> T:
        """One of the spellings that the venue knows, as what it stands for."""
        value = self.text(name) or default
        if value is None or value not in choices:
            raise self._refused(name)
        return choices[value]

    def decimal(self, name: str) -> Decimal | None:
        """An amount or price; absurdly large ones are refused."""
        return self._number(name, _AMOUNT_MOST)

    def needed_decimal(self, name: str) -> Decimal:
        value = self.decimal(name)
        if value is None:
            raise self._refused(name)
        return value

    def integer(self, name: str) -> int | None:
        """A whole number that fits 64 bits."""
        value = self._number(name, _INTEGER_MOST)
        if value is not None and value != value.to_integral_value():
            raise self._refused(name)
        return None if value is None else int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """JSON booleans, or exactly `true` and `false`; `True` is refused, as measured."""
        value = self.values.get(name, default)
        if isinstance(value, bool):
            return value
        if self._strings and isinstance(value, str) and value in _FLAGS:
            return _FLAGS[value]
        raise Refused(INVALID_ARGUMENTS)

    def names(self, name: str) -> list[str]:
        """A comma list, or a JSON list of texts."""
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, str) and self._strings:
            return [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return list(value)
        raise self._refused(name)

    def rows(self, name: str) -> list["Fields"]:
        """A JSON list of objects."""
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            raise self._refused(name)
        return [Fields(part, strings=self._strings) for part in value]

    def moment(self, name: str) -> int | None:
        """An RFC 3339 time, in nanoseconds UTC."""
        text = self.text(name)
        try:
            return None if text is None else wire.parse_rfc3339(text)
        except ValueError:
            raise self._refused(name) from None

    def unix_time(self, name: str, now: int) -> int | None:
        """UNIX seconds or `+n` seconds from now, in nanoseconds UTC; None for 0 or nothing."""
        value = self.values.get(name)
        if isinstance(value, str) and value.startswith("+"):
            number = Fields({name: value[1:]}).decimal(name)
            return now + int(number * SECOND) if number else None
        number = Fields({name: value}).decimal(name)
        return int(number * SECOND) if number else None

    def _number(self, name: str, most: int) -> Decimal | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str) and self._strings:
            try:
                value = wire.plain_decimal(value)
            except ValueError:
                raise self._refused(name) from None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self._refused(name)
        number = Decimal(value)
        if not -most < number < most:
            raise self._refused(name)
        return number

    def _refused(self, name: str) -> Refused:
        return Refused(f"{INVALID_ARGUMENTS}:{name}")
