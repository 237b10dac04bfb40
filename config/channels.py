"""`[notifier.<kind>]` tables: their kinds, and their options until the channel itself reads them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Struct

from config.problems import ConfigError, Problem, did_you_mean, key_path, one_of, shown
from config.secrets import Secret
from config.tables import Reader, keep

LOG = "log"
"""The channel that always exists; it has no options."""
_INTEGER_BITS = 63
_LARGEST_EXPONENT = 30

Options = TypeVar("Options", bound=Struct)


def read_options(kind: type[Options], options: Mapping[str, object], source: str, key: str) -> Options:
    """A channel's options as its own struct, checked like the rest of the file.

    A field of type `str` gets the revealed text; one of type `Secret` keeps it hidden. Raises `ConfigError`.
    """
    problems: list[Problem] = []
    values = Reader(source, problems).table(kind, options, key)
    if problems:
        raise ConfigError(problems)
    return msgspec.convert(values, kind, dec_hook=keep)


def arrange_channels(raw: dict[str, object], channels: frozenset[str], source: str, problems: list[Problem]) -> None:
    """Give each raw notifier table the shape of a `ChannelConfig`."""
    tables = raw.get("notifier")
    if not isinstance(tables, dict):
        return
    known = sorted(channels | {LOG})
    arranged: dict[str, object] = {}
    for kind, table in tables.items():
        key = key_path("notifier", kind)
        if kind not in known:
            problems.append(Problem(source, key, "an unknown channel", one_of(known), did_you_mean(kind, known)))
        elif not isinstance(table, dict):
            problems.append(Problem(source, key, shown(table), f"a table [notifier.{kind}]"))
        elif kind == LOG:
            problems += [
                Problem(source, key_path(key, name), "an unknown key", "enabled", did_you_mean(name, ["enabled"]))
                for name in table
                if name != "enabled"
            ]
            arranged[kind] = {name: value for name, value in table.items() if name == "enabled"}
        else:
            arranged[kind] = _arranged(table, key, source, problems)
    raw["notifier"] = arranged


def _arranged(table: dict[str, object], key: str, source: str, problems: list[Problem]) -> dict[str, object]:
    options = {}
    for name, value in table.items():
        if name == "enabled":
            continue
        if _plain(value):
            options[name] = _hidden(value)
        else:
            problems.append(
                Problem(source, key_path(key, name), shown(value), "texts, ordinary numbers, true or false")
            )
    return {**{name: value for name, value in table.items() if name == "enabled"}, "options": options}


def _plain(value: object) -> bool:
    match value:
        case str() | bool() | Secret():
            return True
        case int():
            return value.bit_length() <= _INTEGER_BITS
        case Decimal():
            return value.is_finite() and abs(value.adjusted()) <= _LARGEST_EXPONENT
        case list():
            return all(map(_plain, value))
        case dict():
            return all(map(_plain, value.values()))
        case _:
            return False


def _hidden(value: object) -> object:
    match value:
        case str():
            return Secret(value)
        case list():
            return [_hidden(item) for item in value]
        case dict():
            return {name: _hidden(item) for name, item in value.items()}
        case _:
            return value
