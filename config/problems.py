"""What is wrong with a configuration, in words: one `Problem` each, all of them in one `ConfigError`."""

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from difflib import SequenceMatcher, get_close_matches

from msgspec import Struct

from config.file_rights import denied
from config.veil import HIDDEN, may_be_secret

_SHOWN = 60
_LONGEST_GUESS = 64
"""difflib's time grows with the square of the length; no name that is meant is longer."""
_SHORT_INTEGER_BITS = 128
_NEAR = 0.7
"""Ratio of difflib below which two names are strangers: `api_key` is neither `api_public_key` nor `api_secret_key`."""
_AS_NEAR = 0.08
"""Within this much of the best guess another one is as good, and none is made."""
_ENTRY = re.compile(r"strategy\[(\d+)\]")
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
        where = place(self.key, self.strategy)
        hint = f". {self.hint}" if self.hint else ""
        return f"{where}{': ' if where else ''}found {self.found}; allowed: {self.allowed}{hint}"

    def __str__(self) -> str:
        return f"{self.source}{', ' if self.key else ': '}{self.line()}"


class ConfigWarning(Struct, frozen=True):
    """What is allowed and probably not meant, or worth a second look before money depends on it."""

    source: str
    """The file, or `environment`."""
    key: str
    """Path of the key, for instance `strategy[1].interval`; empty for the file as a whole."""
    found: str
    meaning: str
    """What comes of it, and what to write where something else is meant."""
    strategy: str = ""
    """Name of the strategy that the key belongs to."""

    def __str__(self) -> str:
        where = place(self.key, self.strategy)
        return f"{self.source}{', ' if where else ''}{where}: found {self.found}: {self.meaning}"


def place(key: str, strategy: str = "") -> str:
    """A key as a reader of the file counts: `[[strategy]] 2 "name", interval` for `strategy[1].interval`."""
    entry = _ENTRY.match(key)
    if entry is None:
        return key
    name = f' "{strategy}"' if strategy else ""
    rest = key[entry.end() :].removeprefix(".")
    return f"[[strategy]] {int(entry[1]) + 1}{name}{', ' if rest else ''}{rest}"


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
        return "\n".join(map(str, self.problems)) or "configuration: 0 problems"


def shown(value: object) -> str:
    """A value as a person would recognise it, short and on one line; never what may be a secret."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() if may_be_secret(value):
            return f"a text of {len(value)} characters that may be a secret"
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
    """`parent.key`, with a key that is no bare TOML key in quotes; `***` for one that may be a secret."""
    part = HIDDEN if may_be_secret(key) else key if _BARE_KEY.match(key) else shown(key)
    return f"{parent}.{part}" if parent else part


def closest(name: str, known: Iterable[str]) -> str | None:
    """The one known name that `name` was probably meant to be; case does not count. None where two are as near."""
    if len(name) > _LONGEST_GUESS:
        return None
    by_fold = {candidate.casefold(): candidate for candidate in sorted(known)}
    wanted = name.strip().casefold()
    if wanted in by_fold:
        return by_fold[wanted]
    matches = get_close_matches(wanted, list(by_fold), n=2, cutoff=_NEAR)
    if not matches:
        return None
    best, *others = (SequenceMatcher(None, match, wanted).ratio() for match in matches)
    return None if others and best - others[0] < _AS_NEAR else by_fold[matches[0]]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question that names the closest known name, or nothing."""
    match = closest(name, known)
    return f"Did you mean {json.dumps(match)}?" if match else ""


def same_pair(symbol: str, known: Iterable[str]) -> str:
    """A question that names the known pair of the same two currencies in another spelling, or nothing.

    One letter makes another coin, so that no pair is ever guessed by its nearness.
    """
    wanted = _spelled(symbol)
    match = next((pair for pair in known if _spelled(pair) == wanted and pair != symbol), None)
    return f"Did you mean {json.dumps(match)}?" if match else ""


def _spelled(symbol: str) -> str:
    letters = re.sub(r"[^A-Z0-9]", "", symbol.upper()[:_LONGEST_GUESS])
    return re.sub(r"\AX?(XBT|XDG)", lambda old: {"XBT": "BTC", "XDG": "DOGE"}[old[1]], letters)


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
    if isinstance(error, IsADirectoryError):
        return "a directory, as Docker makes one where a file to mount is missing"
    if isinstance(error, PermissionError):
        return denied(error)
    return error.strerror or type(error).__name__
