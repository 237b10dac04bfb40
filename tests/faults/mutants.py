"""`python -m tests.faults.mutants [WORD ...]`: would the table of faults notice a wrong program?

Each wrong program (`tests.faults.wrong`) is made in a copy of this tree and plays the few cases that it names, until
one ends wrong. The exit code is 1 when a wrong program survives them.
"""

import sys
from collections.abc import Sequence

from tests.faults.wrong import ALL
from tests.mutants.edits import Wrong
from tests.mutants.play import parser, report


def command(wrong: Wrong) -> list[str]:
    """How this one is judged."""
    return ["tests.faults", "--stop", "--", *wrong.words]


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all that are chosen, and count."""
    return report(ALL, command, parser("tests.faults.mutants", __doc__).parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
