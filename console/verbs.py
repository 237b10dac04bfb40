"""Verbs of the command line: `python -m supervisor VERB ...`.

A first argument that is the name of a verb is one; a configuration file of that name is written `./VERB`.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence

from assembly.exit_codes import EXIT_OK

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


VERBS: Mapping[str, Verb] = {"schema": _schema}
