"""Secrets: a type that never shows its value, and where they come from.

The environment beats the file. Each secret is a value or the path of a file that holds it, never both.
"""

import codecs
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from config.paths import expanded, what_is_wrong
from config.problems import Problem, key_path, kind_of, why

ENVIRONMENT = "environment"
PREFIX = "INFINITY_GRID_"
_LARGEST_FILE = 16_384
_SECRET = re.compile(r"[!-~]+\Z")
ALLOWED = "a secret of printable ASCII characters without blanks"


class Secret:
    """A text that only `reveal` shows: not `str`, `repr`, a format string, an encoder or a pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled")


_UNUSABLE = Secret("")
"""Placeholder for a secret with a reported problem, so that it is not reported as missing too; no program starts with
it."""


class SecretPlace(Struct, frozen=True):
    """Where a secret stands: its environment variable, and its table and key in the file."""

    variable: str
    table: tuple[str, ...]
    key: str


PLACES = (
    SecretPlace(f"{PREFIX}API_PUBLIC_KEY", ("exchange",), "api_public_key"),
    SecretPlace(f"{PREFIX}API_SECRET_KEY", ("exchange",), "api_secret_key"),
    SecretPlace(f"{PREFIX}TELEGRAM_TOKEN", ("notifier", "telegram"), "token"),
    SecretPlace(f"{PREFIX}WEBHOOK_URL", ("notifier", "webhook"), "url"),
)

CHANNEL_SECRETS = {"telegram": "token", "webhook": "url"}
"""The secret key of each kind of channel; `[notifier.ops]` may have it in `INFINITY_GRID_OPS_TOKEN`."""


class Sources(Struct, frozen=True):
    """What secrets are read from."""

    source: str
    environ: Mapping[str, str]
    base: Path
    """Directory that relative `*_file` keys of the file start at; variables start at the current one."""


def places_in(raw: dict[str, object]) -> list[SecretPlace]:
    """Where secrets may stand, for this configuration's channels too."""
    return [*PLACES, *_named_channels(raw)]


def insert_secrets(raw: dict[str, object], sources: Sources, problems: list[Problem]) -> None:
    """Put the secrets into the raw tables, as `Secret`; their `*_file` twins are taken out."""
    for place in places_in(raw):
        secret = _from_environment(place.variable, sources.environ, problems)
        table = _table(raw, place.table)
        if table is not None:
            _insert(table, place, secret, sources, problems)


def stand_in(raw: dict[str, object]) -> None:
    """Put a secret of nothing where one belongs: for whoever signs in nowhere."""
    exchange = _table(raw, ("exchange",)) or {}
    for place in places_in(raw):
        table = _table(raw, place.table)
        if table is not None and (table is not exchange or exchange.get("adapter") != "paper"):
            table.pop(f"{place.key}_file", None)
            table[place.key] = _UNUSABLE


def _named_channels(raw: dict[str, object]) -> list[SecretPlace]:
    """Channels that are called otherwise than their kind have variables of their own."""
    places = []
    for name in _table(raw, ("notifier",)) or {}:
        table = _table(raw, ("notifier", name)) or {}
        kind = table.get("kind")
        key = CHANNEL_SECRETS.get(kind) if isinstance(kind, str) else None
        known = {place.table: place.key for place in PLACES}
        if key and known.get(("notifier", name)) != key:
            variable = f"{PREFIX}{name.upper().replace('-', '_')}_{key.upper()}"
            places.append(SecretPlace(variable, ("notifier", name), key))
    return places


def _insert(
    table: dict[str, object], place: SecretPlace, secret: Secret | None, sources: Sources, problems: list[Problem]
) -> None:
    twin = f"{place.key}_file"
    value, path = table.get(place.key), table.get(twin)
    if secret is not None:
        table[place.key] = secret
        table.pop(twin, None)
        return
    key = key_path(".".join(place.table), place.key)
    if path == "":
        del table[twin]
    if not isinstance(path, str) or not path:
        _wrap(table, place.key, Problem(sources.source, key, kind_of(value), ALLOWED), problems)
        return
    del table[twin]
    if value not in (None, ""):
        problems.append(Problem(sources.source, key, f"both {place.key} and {twin}", "one of them"))
        table[place.key] = _UNUSABLE
        return
    outcome = _read_file(path, sources.base)
    if isinstance(outcome, Secret):
        table[place.key] = outcome
    else:
        table[place.key] = _UNUSABLE
        problems.append(Problem(sources.source, f"{key}_file", outcome, "a readable file with one line, the secret"))


def _wrap(table: dict[str, object], key: str, problem: Problem, problems: list[Problem]) -> None:
    """Turn the text at `key` into a Secret; an empty one counts as not given."""
    value = table.get(key)
    if value is None or isinstance(value, Secret):
        return
    text = value.strip() if isinstance(value, str) else None
    flaw = problem.found if text is None else _flaw(text)
    if text and not flaw:
        table[key] = Secret(text)
        return
    table.pop(key)
    if text != "":
        found = flaw
        problems.append(Problem(problem.source, problem.key, found, problem.allowed))
        table[key] = _UNUSABLE


def _from_environment(variable: str, environ: Mapping[str, str], problems: list[Problem]) -> Secret | None:
    value, path = environ.get(variable, "").strip(), environ.get(f"{variable}_FILE", "")
    if value and path:
        problems.append(Problem(ENVIRONMENT, variable, f"both {variable} and {variable}_FILE", "one of them"))
        return _UNUSABLE
    if path:
        outcome = _read_file(path, Path())
        if isinstance(outcome, Secret):
            return outcome
        problems.append(
            Problem(ENVIRONMENT, f"{variable}_FILE", outcome, "the path of a readable file with one line, the secret")
        )
        return _UNUSABLE
    if value and (flaw := _flaw(value)):
        problems.append(Problem(ENVIRONMENT, variable, flaw, ALLOWED))
        return _UNUSABLE
    if value:
        return Secret(value)
    return None


def _read_file(path: str, base: Path) -> Secret | str:
    """The secret, or what was found instead: never the path, which may be the secret itself by mistake."""
    if wrong := what_is_wrong(path):
        return f"{wrong[0]} ({wrong[1]})"
    try:
        with (base / expanded(path)).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        return f"a file that cannot be read ({why(error)})"
    except ValueError:
        return "a path with a zero character"
    text = content.removeprefix(codecs.BOM_UTF8).strip()
    if not text:
        return "an empty file"
    if len(content) > _LARGEST_FILE or not _SECRET.match(decoded := text.decode("ascii", "replace")):
        return "a file with something else than one line of printable ASCII"
    flaw = _flaw(decoded)
    return f"a file with {flaw}" if flaw else Secret(decoded)


def _flaw(text: str) -> str:
    """What is wrong with the text of a secret, without showing it; empty for a good one."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        return "quotes around it that are part of it: leave them out"
    return "" if _SECRET.match(text) else "a text with other characters"


def _table(raw: dict[str, object], path: tuple[str, ...]) -> dict[str, object] | None:
    """The table at `path`, or None when there is none."""
    table: object = raw
    for part in path:
        table = table.get(part) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else None
