"""Strange frames: what a message becomes when somebody at the exchange makes a mistake.

Only what makes no sense is drawn: a plausible lie about a price or a quantity could not be told from the truth.
"""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any, Self

NONSENSE = ("null", '""', "[]", "{}", '"NaN"', '"x"', "true", "1e999", '"2026-13-45T99:00:00Z"', "[[[[]]]]", "{}{}")
UNMISTAKABLE = ("true", "1e999", "[[[[]]]]", "{}{}")
"""Where an empty value would be a plausible lie: an order that is not in the list."""
_PLACE = "@place@"


def garbled(text: str, chance: random.Random) -> str:
    """The message with one thing wrong."""
    return _garbled(text, chance, ("cut", "bytes", "lacks", "value", "value", "value", "list"), NONSENSE)


def garbled_reply(text: str, chance: random.Random) -> str:
    """The same of a REST reply, whose absent parts have a meaning."""
    return _garbled(text, chance, ("cut", "bytes", "value", "value", "list"), UNMISTAKABLE)


def _garbled(text: str, chance: random.Random, ways: Sequence[str], nonsense: Sequence[str]) -> str:
    match chance.choice(ways):
        case "cut":
            return text[: chance.randrange(len(text))]
        case "bytes":
            place = chance.randrange(len(text))
            return text[:place] + chance.choice(("\x00", "}", "]", "\ufffd", ",,")) + text[place + 1 :]
        case "lacks":
            return _edited(text, chance, None)
        case "list":
            return f"[{text}]"
        case _:
            return _edited(text, chance, chance.choice(nonsense))


def _edited(text: str, chance: random.Random, value: str | None) -> str:
    """One field is missing or holds this value; all numbers keep their digits."""
    message = json.loads(text, parse_float=_Literal, parse_int=_Literal)
    holder, key = chance.choice(list(_fields(message)))
    if value is None:
        del holder[key]
    else:
        holder[key] = _PLACE
    written = json.dumps(message, default=str)
    for number in _numbers(message):
        written = written.replace(json.dumps(number.marked), number.text, 1)
    return written.replace(f'"{_PLACE}"', value or "")


class _Literal(str):
    """A number as it was written."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        return super().__new__(cls, f"@{text}@")

    @property
    def text(self) -> str:
        return str(self)[1:-1]

    @property
    def marked(self) -> str:
        return str(self)


def _fields(value: Any) -> Iterator[tuple[dict[str, Any], str]]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from _fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner)


def _numbers(value: Any) -> Iterator[_Literal]:  # noqa: ANN401 - any JSON
    if isinstance(value, _Literal):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner)
