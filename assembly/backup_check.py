"""What restoring a backup would mean for a configuration, in sentences for its user; nothing is changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from adapters.journal.looking import Contents, contents
from adapters.journal.restoring import read_all
from assembly.journal_owner import fingerprint, refuse_another_world
from assembly.pasts import described, left_over, refuse_changed_pasts, rest_of
from config import PAPER, Config, ConfigError, Problem
from messages.counted import counted
from messages.journal import Past

_WHOLE = "whole, byte for byte what was backed up"
_AS_FAR = "whole as far as the checksums in it tell (it has no digest: a database, or a backup of an older version)"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class BackupCheck(Struct, frozen=True):
    """What a backup is good for."""

    sentences: list[str]
    """What it is and holds."""
    meaning: str
    """What the next start does with it, once it is restored."""


def check_backup(path: Path, config: Config, source: str, now: int) -> BackupCheck:
    """Read all of it and hold it against the configuration. Blocks. `now` is nanoseconds UTC.

    Raises `ConfigError` for a backup of another world or of other strategies, `DatabaseUnusable` for one that is
    damaged, no backup, or of a newer version.
    """
    sealed = read_all(path)
    held = contents(path)
    with _blamed(path, source):
        refuse_another_world(
            held.owner, used=bool(held.pasts), play_money=held.play_money, config=config, source=source, path=path
        )
        changes = refuse_changed_pasts(held.pasts, config, source)
    counts = f"{counted(held.orders, 'order')}, {counted(held.fills, 'fill')}"
    sentences = [
        f"{path}: {_WHOLE if sealed else _AS_FAR}, of {_world(held, config)}; {counts}",
        _age(held, now, config),
        *(_strategy(past) for past in held.pasts if past.userref in {s.userref for s in config.strategy}),
        *(f"not configured: {_strategy(past)}" for past, _ in left_over(held.pasts, config).values()),
        *changes,
        *_another_key(held, config),
    ]
    return BackupCheck(sentences, _meaning(config))


@contextmanager
def _blamed(path: Path, source: str) -> Iterator[None]:
    """What does not fit is the file that was given, more often than the configuration."""
    try:
        yield
    except ConfigError as error:
        where = f"the backup {path} does not fit {source}"
        raise ConfigError([_of_backup(problem, where) for problem in error.problems]) from None


def _of_backup(problem: Problem, where: str) -> Problem:
    if problem.key == "persistence.database":  # which is right: it is another file that is not
        return replace(problem, source=where, key="", allowed="another backup")
    return replace(problem, source=where, allowed=f"another backup, or {problem.allowed}")


def _world(held: Contents, config: Config) -> str:
    account = f", account {held.owner.account}" if held.owner is not None and held.owner.account else ""
    adapter = config.exchange.adapter
    if adapter == PAPER:
        return f'the adapter "{PAPER}"'
    return f'{"a dry run of" if config.simulated else "real orders on"} "{adapter}"{account}'


def _age(held: Contents, now: int, config: Config) -> str:
    if not held.newest:
        return "it holds no order yet"
    moment = datetime.fromtimestamp(held.newest / 1e9, UTC)
    newest = f"its newest entry is of {moment:%Y-%m-%d %H:%M:%S} UTC"
    if config.exchange.adapter == PAPER:  # by the clock of its prices
        return newest
    return f"{newest}, {_spoken((now - held.newest) // 10**9)} ago"


def _spoken(seconds: int) -> str:
    if seconds < _MINUTE:
        return "less than a minute"
    if seconds < 2 * _HOUR:
        return counted(seconds // _MINUTE, "minute")
    if seconds < 2 * _DAY:
        return counted(seconds // _HOUR, "hour")
    return counted(seconds // _DAY, "day")


def _strategy(past: Past) -> str:
    rest = rest_of(past)
    return f"{past.name} (userref {past.userref}, {past.symbol}): {described(rest, past.symbol) or 'nothing open'}"


def _another_key(held: Contents, config: Config) -> list[str]:
    owner, key = held.owner, fingerprint(config)
    if config.simulated or owner is None or not owner.key or owner.key == key:
        return []
    return ["it was last used with another API key: the start refuses a key of another account"]


def _meaning(config: Config) -> str:
    if config.simulated:
        return "the simulated account is what it was then; what was traded since is lost with it"
    return (
        "the next start asks the exchange what happened since: newer orders are found by their ids, "
        "and each fill is answered once"
    )
