"""`[notifier.<name>]` tables: their kinds, and their options until the channel itself reads them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Struct

from config.problems import ConfigError, Problem, did_you_mean, key_path, one_of, shown
from config.schema import ChannelConfig, Config
from config.secrets import Secret
from config.tables import Reader, keep

LOG = "log"
"""The channel that always exists; it has no options."""
COMMON_KEYS = ("kind", "enabled", "notices")
"""What every channel's table may have; all else is the channel's own."""
_INTEGER_BITS = 63
_LARGEST_EXPONENT = 30

Options = TypeVar("Options", bound=Struct)


def read_options(kind: type[Options], channel: ChannelConfig) -> Options:
    """A channel's options as its own struct, checked like the rest of the file.

    A field of type `str` gets the revealed text; one of type `Secret` keeps it hidden. Raises `ConfigError`.
    """
    problems: list[Problem] = []
    values = Reader(channel.source, problems).table(kind, channel.options, channel.key)
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
    for name, table in tables.items():
        key = key_path("notifier", name)
        if not isinstance(table, dict):
            problems.append(Problem(source, key, shown(table), f"a table [{key}]"))
        elif (problem := _unknown_kind(name, table, known, key, source)) is not None:
            problems.append(problem)
        else:
            arranged[name] = _arranged(name, table, source, problems)
    raw["notifier"] = arranged


def channel_kind(name: str, table: Mapping[str, object]) -> object:
    """`kind` of a raw notifier table; without it, the table's name is its kind."""
    return table.get("kind", name)


def secret_texts(config: Config) -> Iterator[str]:
    """Every secret of a configuration in the clear, for whoever has to search texts for them."""
    for key in (config.exchange.api_public_key, config.exchange.api_secret_key):
        if key is not None:
            yield key.reveal()
    for channel in config.notifier.values():
        yield from _revealed(channel.options)


def _revealed(value: object) -> Iterator[str]:
    match value:
        case Secret():
            yield value.reveal()
        case dict():
            for item in value.values():
                yield from _revealed(item)
        case list():
            for item in value:
                yield from _revealed(item)


def _unknown_kind(name: str, table: dict[str, object], known: list[str], key: str, source: str) -> Problem | None:
    kind = channel_kind(name, table)
    if kind in known:
        return None
    if "kind" in table:
        guess = did_you_mean(kind, known) if isinstance(kind, str) else ""
        return Problem(source, key_path(key, "kind"), shown(kind), one_of(known), guess)
    allowed = f"{one_of(known)}, or any name with one of them as its kind"
    return Problem(source, key, "an unknown channel", allowed, did_you_mean(name, known))


def _arranged(name: str, table: dict[str, object], source: str, problems: list[Problem]) -> dict[str, object]:
    key = key_path("notifier", name)
    kind = channel_kind(name, table)
    common = {key: value for key, value in table.items() if key in COMMON_KEYS}
    options = {}
    for option, value in table.items():
        path = key_path(key, option)
        if option in COMMON_KEYS:
            continue
        if kind == LOG:
            hint = did_you_mean(option, COMMON_KEYS)
            problems.append(Problem(source, path, "an unknown key", ", ".join(COMMON_KEYS), hint))
        elif _plain(value):
            options[option] = _hidden(value)
        else:
            problems.append(Problem(source, path, shown(value), "texts, ordinary numbers, true or false"))
    return {**common, "kind": kind, "name": name, "source": source, "options": options}


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
