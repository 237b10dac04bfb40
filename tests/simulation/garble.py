"""Strange frames: what a message becomes when somebody at the exchange makes a mistake.

Only what makes no sense is drawn: a plausible lie about a price or a quantity could not be told from the truth.
"""

import json
import random
from collections.abc import Iterator
from typing import Any, Self

NONSENSE = ("null", '""', "[]", "{}", '"NaN"', '"x"', "true", "1e999", '"2026-13-45T99:00:00Z"', "[[[[]]]]", "{}{}")
_PLACE = "@place@"


def garbled(text: str, chance: random.Random) -> str:
    """The message with one thing wrong."""
    match chance.choice(("cut", "bytes", "lacks", "value", "value", "value", "list")):
        case "cut":
            return text[: chance.randrange(len(text))]
        case "bytes":
            place = chance.randrange(len(text))
            return text[:place] + chance.choice(("\x00", "}", "]", "\ufffd", ",,")) + text[place + 1 :]
        case "lacks":
            return _edited(text, chance, drop=True)
        case "list":
            return f"[{text}]"
        case _:
            return _edited(text, chance, drop=False)


def _edited(text: str, chance: random.Random, *, drop: bool) -> str:
    """One field is missing or holds nonsense; all numbers keep their digits."""
    message = json.loads(text, parse_float=_Literal, parse_int=_Literal)
    holder, key = chance.choice(list(_fields(message)))
    if drop:
        del holder[key]
    else:
        holder[key] = _PLACE
    written = json.dumps(message, default=str)
    for number in _numbers(message):
        written = written.replace(json.dumps(number.marked), number.text, 1)
    return written.replace(f'"{_PLACE}"', chance.choice(NONSENSE))


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
