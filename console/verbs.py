"""Verbs of the command line: `python -m supervisor VERB ...`.

A first argument that is the name of a verb is one; a configuration file of that name is written `./VERB`.
"""

import argparse
import importlib
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import cast

from assembly.exit_codes import EXIT_DATABASE, EXIT_OK, EXIT_USAGE
from config import ConfigError
from console.complaints import complain
from supervision.signals import KILLED, NUMBERS, StopSignals
from trading.ports import DatabaseUnusable

Verb = Callable[[list[str]], int]
"""Takes the arguments behind its name; returns the exit code."""


def verb_of(arguments: Sequence[str]) -> Verb | None:
    """The verb that the command line begins with."""
    return VERBS.get(arguments[0]) if arguments else None


def _schema(arguments: list[str]) -> int:
    """Print the JSON schema of the configuration file, for editors; it knows the names of installed plug-ins."""
    argparse.ArgumentParser(prog="python -m supervisor schema", description=_schema.__doc__).parse_args(arguments)
    from assembly.config_schema import schema_text  # noqa: PLC0415 - no start has to wait for it

    print(schema_text(), end="")  # noqa: T201
    return EXIT_OK


def _command(module: str, arguments: list[str]) -> int:
    """One that works on files: a signal ends it at once, with what it has begun cleared away."""
    with _interruptible():
        # Imported here: no start has to wait for it.
        command = cast("Verb", importlib.import_module(module).main)
        try:
            return command(arguments)
        except ConfigError as error:
            return complain(error, EXIT_USAGE)
        except DatabaseUnusable as error:
            return complain(error, EXIT_DATABASE)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            what = f"{where}{error.strerror or error}"
            return complain(Exception(f"{what}; check the path, and what this user may do there"), EXIT_USAGE)


@contextmanager
def _interruptible() -> Iterator[None]:
    """The program's own handlers wait for a stop in order, which there is none of here."""
    held = StopSignals.installed()
    if held is not None:
        if held.taken:
            _end(held.taken[0], None)
        for number in NUMBERS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, _end)
    yield


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(KILLED + number)


VERBS: Mapping[str, Verb] = {
    "schema": _schema,
    "backup": partial(_command, "console.backup_command"),
    "restore": partial(_command, "console.restore_command"),
}
