"""What a start would refuse because of the journal alone: `--check` reads it, and changes nothing."""

import os
from pathlib import Path

from adapters.journal.file_problems import ELSEWHERE, unusable
from adapters.journal.looking import Contents, NotNow, contents
from adapters.journal.opening import check_place
from assembly.journal_owner import refuse_another_world, refuse_taken_place
from assembly.pasts import described, left_over, refuse_changed_pasts
from config import PAPER, Config
from config.schema import dry_run_file
from trading.ports import DatabaseUnusable


def check_journal(config: Config, source: str) -> list[str]:
    """Sentences about the database for the user. Blocks.

    Raises `ConfigError` and `DatabaseUnusable` for what the start would refuse. A file that cannot be read now, because
    it is in use for instance, is reported and checked no further.
    """
    live, path = Path(config.persistence.database), config.database
    told = [f"database: {path}{' (of the dry run alone)' if path != live else ''}"]
    check_place(path)
    _check_rights(path)
    try:
        if found := _old_dry_run(config, source):
            return [*told, *found]
        if not _is_there(path):
            return [*told, "it does not exist yet; the start makes it"]
        held = contents(path)
    except NotNow as error:
        return [*told, f"not checked against the configuration: {error}"]
    used = bool(held.pasts)
    refuse_another_world(held.owner, used=used, play_money=held.play_money, config=config, source=source)
    told += refuse_changed_pasts(held.pasts, config, source)
    told += [
        f"not covered: {past.name} (userref {past.userref}, {past.symbol}): {described(rest, past.symbol)}; "
        "no strategy of this configuration has this userref, no stop touches it"
        for past, rest in left_over(held.pasts, config).values()
    ]
    return told


def _check_rights(path: Path) -> None:
    """Raises `DatabaseUnusable` where this user may not write. The start writes; a look does not."""
    wanted = path if path.exists() else path.parent
    if not os.access(wanted, os.W_OK):
        found = f"cannot be written: {wanted} is not writable for this user"
        raise unusable(path, found, f"change its rights {ELSEWHERE}")


def _old_dry_run(config: Config, source: str) -> list[str]:
    """A dry run that an earlier version kept in the live file; empty when there is none."""
    live = Path(config.persistence.database)
    if config.exchange.adapter == PAPER or not _is_there(live):
        return []
    try:
        held = contents(live)
    except DatabaseUnusable:
        if config.simulated:
            return []  # the dry run's own file is what matters
        raise
    if held.owner is not None or not held.play_money:
        return []
    aside = dry_run_file(live)
    if aside.exists():
        if config.simulated:
            return []
        refuse_taken_place(live, aside, source)
    return _of_old_dry_run(held, config, source, live, aside)


def _of_old_dry_run(held: Contents, config: Config, source: str, live: Path, aside: Path) -> list[str]:
    if config.simulated:
        refuse_changed_pasts(held.pasts, config, source)
    return [f"{live} holds a dry run of an earlier version: the start makes {aside.name} of it"]


def _is_there(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
