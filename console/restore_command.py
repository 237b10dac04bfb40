"""`restore`: check a backup against a configuration, and put it in the place of its database."""

import argparse
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from adapters.journal.restoring import put_in_place
from assembly import registry
from assembly.backup_check import check_backup
from assembly.exit_codes import EXIT_OK
from config import load


def main(arguments: list[str]) -> int:
    """Returns the exit code; raises `ConfigError`, `DatabaseUnusable`, `OSError` for a path."""
    options = _parser().parse_args(arguments)
    config = load(options.config, os.environ, registry.known())
    backup, database = options.backup.absolute(), config.database.absolute()
    backup.is_file()  # raises for what cannot be looked at
    for sentence in check_backup(backup, config, str(options.config), time.time_ns()):
        print(sentence)  # noqa: T201
    if not options.check:
        kept = put_in_place(backup, database, datetime.now(UTC))
        before = f"; what was there is kept as {kept.name}" if kept else ""
        print(f"restored: {database}{before}")  # noqa: T201
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m supervisor restore",
        description="Put a backup in the place of the database of a configuration; the program must not run.",
    )
    parser.add_argument("config", type=Path, help="TOML file")
    parser.add_argument("backup", type=Path, help="the file that `backup` made")
    parser.add_argument("--check", action="store_true", help="only check the backup and say what it holds")
    return parser
