"""What is wrong with a configuration, in words: one `Problem` each, all of them in one `ConfigError`."""

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from difflib import get_close_matches

from msgspec import Struct

from messages.counted import counted

_SHOWN = 60
_LONGEST_GUESS = 64
"""difflib's time grows with the square of the length; no name that is meant is longer."""
_SHORT_INTEGER_BITS = 128
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class Problem(Struct, frozen=True):
    """One thing that is wrong, and what would be right."""

    source: str
    """The file, or `environment`."""
    key: str
    """Path of the key, for instance `strategy[1].interval`; empty for the file as a whole."""
    found: str
    allowed: str
    hint: str = ""
    """A further sentence, for instance `Did you mean "interval"?`."""
    strategy: str = ""
    """Name of the strategy that the key belongs to, where it is known."""

    def line(self) -> str:
        """The problem without its source."""
        owner = f" ({self.strategy})" if self.strategy else ""
        where = f"{self.key}{owner}: " if self.key else ""
        hint = f". {self.hint}" if self.hint else ""
        return f"{where}found {self.found}; allowed: {self.allowed}{hint}"

    def __str__(self) -> str:
        return f"{self.source}: {self.line()}"


class ConfigError(Exception):
    """The configuration makes no sense. Exit code 2.

    `problems` holds all that was found; no secret is ever part of one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    @classmethod
    def at(cls, source: str, key: str, found: str, allowed: str) -> "ConfigError":
        """An error with one problem, for modules that check what only they can know."""
        return cls((Problem(source, key, found, allowed),))

    def __str__(self) -> str:
        if not self.problems:
            return "configuration: 0 problems"
        source = self.problems[0].source
        lines = [f"{source}: {counted(len(self.problems), 'problem')}"]
        lines += [f"  {problem.line() if problem.source == source else problem}" for problem in self.problems]
        return "\n".join(lines)


def shown(value: object) -> str:
    """A value as a person would recognise it, short and on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _cut(json.dumps(value, ensure_ascii=not value.isprintable()))
        case int() if value.bit_length() > _SHORT_INTEGER_BITS:
            return f"an integer of {value.bit_length()} bits"
        case int() | Decimal():
            return _cut(str(value))
        case _:
            return kind_of(value)


def kind_of(value: object) -> str:
    """What sort of value it is, without showing it."""
    match value:
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | Decimal():
            return "a number"
        case dict():
            return "a table"
        case list() | tuple():
            return "an array"
        case _:
            return "a date or time"


def key_path(parent: str, key: str) -> str:
    """`parent.key`, with a key that is no bare TOML key in quotes."""
    part = key if _BARE_KEY.match(key) else shown(key)
    return f"{parent}.{part}" if parent else part


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be; case does not count."""
    if len(name) > _LONGEST_GUESS:
        return None
    by_fold = {candidate.casefold(): candidate for candidate in sorted(known)}
    matches = get_close_matches(name.strip().casefold(), list(by_fold), n=1)
    return by_fold[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question that names the closest known name, or nothing."""
    match = closest(name, known)
    return f"Did you mean {json.dumps(match)}?" if match else ""


def one_of(names: Sequence[str]) -> str:
    """`"a", "b" or "c"`."""
    quoted = [json.dumps(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}" if quoted else "nothing"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def why(error: OSError) -> str:
    """Why a file cannot be read, in words."""
    if isinstance(error, FileNotFoundError):
        return "the file does not exist"
    return error.strerror or type(error).__name__
