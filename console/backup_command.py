"""`backup`: by the program that has the database open, or from the file where none runs."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec

from adapters.journal.backing_up import at_rest, save, target_of, wanted_path
from adapters.journal.file_problems import is_locked
from adapters.journal.snapshot import BackupFailed
from assembly import registry
from assembly.exit_codes import EXIT_OK
from assembly.local_socket import reached, socket_of
from config.load import load_without_secrets
from messages.backup import LONGEST_SECONDS, PATH, Backup, BackupWish, NoBackup
from messages.counted import counted
from trading.ports import DatabaseUnusable

_TIMEOUT = httpx.Timeout(LONGEST_SECONDS, connect=10.0)


def main(arguments: list[str]) -> int:
    """Returns the exit code; raises `ConfigError`, `DatabaseUnusable`, `OSError` for a path."""
    options = _parser().parse_args(arguments)
    database = load_without_secrets(options.config, os.environ, registry.known()).database.absolute()
    wanted = wanted_path(options.target)
    target = wanted.absolute() if wanted is not None else None
    if target is not None:
        target.is_dir()  # raises for what cannot be looked at
    made = _by_the_program(database, target) or _from_the_file(database, target)
    print(f"{made.path}: {counted(made.bytes, 'byte')}, verified, in {made.seconds:.1f} s")  # noqa: T201
    return EXIT_OK


def _by_the_program(database: Path, target: Path | None) -> Backup | None:
    """None when no program listens."""
    path = socket_of(database)
    if not _is_there(path):
        return None
    wish = BackupWish(str(target or ""))
    try:
        with reached(path) as short:
            transport = httpx.HTTPTransport(uds=short)
            with httpx.Client(transport=transport, timeout=_TIMEOUT, trust_env=False) as client:
                answer = client.post(f"http://localhost{PATH}", content=msgspec.json.encode(wish))
    except httpx.ConnectError as error:
        if isinstance(error.__cause__, PermissionError) or "Permission denied" in str(error):
            raise _not_yours(path) from None
        return None  # what a killed program has left
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise BackupFailed(f"no backup was made: the program ended or went silent meanwhile ({reason}).") from None
    try:
        if answer.status_code == httpx.codes.OK:
            return msgspec.json.decode(answer.content, type=Backup)
        raise BackupFailed(msgspec.json.decode(answer.content, type=NoBackup).error)
    except msgspec.MsgspecError:
        found = f"status {answer.status_code}"
        raise BackupFailed(
            f"no backup was made: {path} gave an answer that is none of this program ({found})."
        ) from None


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except PermissionError:
        raise _not_yours(path) from None
    except OSError:  # also of a name that no socket can have
        return False
    return True


def _not_yours(path: Path) -> BackupFailed:
    return BackupFailed(f"no backup was made: {path} may be used by the user of the program only.")


def _from_the_file(database: Path, target: Path | None) -> Backup:
    try:
        with at_rest(database) as snapshot:
            return save(snapshot, target_of(database, target, datetime.now(UTC)))
    except DatabaseUnusable as error:
        if isinstance(error.__cause__, Exception) and is_locked(error.__cause__):
            raise BackupFailed(
                f"no backup was made: {database} is in use by a program that takes no commands at "
                f"{socket_of(database)}: it is starting or stopping (try again), is of an older version, "
                "or could not make that file (its log says so)."
            ) from None
        raise


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m supervisor backup",
        description="Copy the database of a configuration: one consistent, verified file, also while the program runs.",
    )
    parser.add_argument("config", type=Path, help="TOML file")
    parser.add_argument(
        "target",
        nargs="?",
        default="",
        help="new file, or a directory for a file named with the time (default: the database's directory)",
    )
    return parser
