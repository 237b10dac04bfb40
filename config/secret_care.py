"""Whether secrets are kept where only their owner reads them, and whether one of two sources is ignored."""

import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from config.paths import expanded
from config.problems import ConfigWarning, key_path
from config.secrets import ENVIRONMENT, SecretPlace, Sources

_MANAGED = ("/run/secrets", "/var/run/secrets")
"""Where container engines put secrets: their rights are the engine's affair."""


def secret_warnings(
    raw: Mapping[str, object], places: Sequence[SecretPlace], sources: Sources, configuration: Path | None
) -> Iterator[ConfigWarning]:
    """Look at each secret's place before it is read. `configuration` is the file itself, None for a text."""
    for place in places:
        table = _table(raw, place.table)
        variable, twin = sources.environ.get(place.variable, "").strip(), f"{place.key}_file"
        named = sources.environ.get(f"{place.variable}_FILE", "").strip()
        key = key_path(".".join(place.table), place.key)
        value, path = table.get(place.key), table.get(twin)
        if (variable or named) and (value or path):
            found = f"a secret, although {place.variable}{'' if variable else '_FILE'} is set"
            yield ConfigWarning(sources.source, key, found, "the environment's is used, this one is not")
        elif value and configuration is not None and read_by_others(configuration):
            meaning = f"chmod 600, or put it into {place.variable}"
            yield ConfigWarning(sources.source, key, "a secret in a file that other users may read", meaning)
        if named and read_by_others(expanded(named)):
            yield _open_file(ENVIRONMENT, f"{place.variable}_FILE")
        elif (
            not (variable or named) and isinstance(path, str) and path and read_by_others(sources.base / expanded(path))
        ):
            yield _open_file(sources.source, f"{key}_file")


def read_by_others(path: Path) -> bool:
    """Whether the file can be read by users who are neither its owner nor in its group; False where it is not there."""
    if any(path.is_relative_to(folder) for folder in _MANAGED):
        return False
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) and bool(mode & stat.S_IROTH)


def _open_file(source: str, key: str) -> ConfigWarning:
    return ConfigWarning(source, key, "a file that other users may read", "chmod 600, so that only its owner reads it")


def _table(raw: Mapping[str, object], path: Sequence[str]) -> Mapping[str, object]:
    table: object = raw
    for part in path:
        table = table.get(part) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}
