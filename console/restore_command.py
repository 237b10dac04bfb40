"""`restore`: check a backup against a configuration, and put it in the place of its database."""

import argparse
import os
import shlex
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from adapters.journal.restoring import Restored, put_in_place
from assembly import registry
from assembly.backup_check import check_backup
from assembly.exit_codes import EXIT_OK
from config import load
from messages.counted import counted

_SHOWN = 10
"""Prices of sells that are named."""


def main(arguments: list[str]) -> int:
    """Returns the exit code; raises `ConfigError`, `DatabaseUnusable`, `OSError` for a path."""
    options = _parser().parse_args(arguments)
    config = load(options.config, os.environ, registry.known())
    backup, database = options.backup.absolute(), config.database.absolute()
    backup.is_file()  # raises for what cannot be looked at
    found = check_backup(backup, config, str(options.config), time.time_ns())
    if options.check:
        told = [*found.sentences, f"once restored, {found.meaning}", "nothing was changed"]
    else:
        done = put_in_place(backup, database, datetime.now(UTC), at_exchange=not config.simulated)
        before = f"; what was there is kept as {done.kept.name}" if done.kept else ""
        told = [*found.sentences, f"restored: {database}{before}", found.meaning]
        if not config.simulated:
            told.append(_cancels(done, [strategy.name for strategy in config.strategy]))
    for sentence in told:
        print(sentence)  # noqa: T201
    return EXIT_OK


def _cancels(done: Restored, names: list[str]) -> str:
    """What becomes of orders that were cancelled after the backup, by the program, as a stop with `on_stop` does, or by
    hand."""
    back = " ".join(f"--take-back {shlex.quote(name)}" for name in names)
    if done.withdrawn is not None:
        withdrawn, by_hand = done.sells.withdrawn, done.sells.by_hand
        again = f"{counted(len(withdrawn), 'sell')} placed again{_at(withdrawn)}" if withdrawn else "no sell among them"
        text = (
            f"since the backup this program has cancelled {counted(done.withdrawn, 'order')}, for instance at its "
            f"stop, as the database that was there knows: {again}; buys follow the market"
        )
        if by_hand:
            text += f"; cancelled by hand and left away: {counted(len(by_hand), 'sell')}{_at(by_hand)} ({back} places"
            text += " them again)"
        return text
    return (
        "no database that could be read was there: orders that this program has cancelled since, at a stop with "
        "on_stop = cancel-..., look as if you had cancelled them; a notice names each sell, and a start with "
        f"{back} places them again"
    )


def _at(prices: Sequence[Decimal]) -> str:
    """Where, as far as that fits a line."""
    shown = ", ".join(f"{price.normalize():f}" for price in prices[:_SHOWN])
    more = f" and {len(prices) - _SHOWN} more" if len(prices) > _SHOWN else ""
    return f" at {shown}{more}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m supervisor restore",
        description="Put a backup in the place of the database of a configuration; the program must not run.",
    )
    parser.add_argument("config", type=Path, help="TOML file")
    parser.add_argument("backup", type=Path, help="the file that `backup` made")
    parser.add_argument("--check", action="store_true", help="only check the backup and say what it holds")
    return parser
