"""`python -m tests.crash.mutants [WORD ...]`: would the judge of the crashes notice a wrong program?

Each wrong program (`tests.crash.wrong`) is made in a copy of this tree and goes through one session with the few
crashes that it names. The exit code is 1 when a wrong program survives them.
"""

import sys
from collections.abc import Sequence

from tests.crash.wrong import ALL
from tests.mutants.edits import Wrong
from tests.mutants.play import parser, report


def command(wrong: Wrong) -> list[str]:
    """How this one is judged."""
    return ["tests.crash", "--stop", *wrong.words]


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all that are chosen, and count."""
    return report(ALL, command, parser("tests.crash.mutants", __doc__).parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
