"""`python -m tests.simulation.mutants [--seeds 1..25] [WORD ...]`: would the simulation notice a wrong program?

Each wrong program (`tests.simulation.wrong`) is made in a copy of this tree and plays seed after seed until a judge
finds it. Words choose those whose names hold one of them. The exit code is 1 when one survives all seeds, or takes
more of them than is written down.
"""

import sys
from collections.abc import Sequence

from tests.mutants.edits import Wrong
from tests.mutants.play import parser, report
from tests.simulation.wrong import ALL
from tests.simulation.wrong.places import STORM

SEEDS = range(1, 25)
"""Each is played until one of these finds it; most are found by the first."""
DAYS, EVERY = 0.1, 30.0


def command(wrong: Wrong, seeds: range = SEEDS) -> list[str]:
    """How this one is judged."""
    spread = [f"--seeds={seeds.start}..{seeds.stop}", f"--days={DAYS}", f"--every={EVERY}"]
    weather = [] if STORM in wrong.words else ["--clear"]
    return ["tests.simulation", *spread, *weather, "--jobs=1", "--stop"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all that are chosen, and count."""
    options = parser("tests.simulation.mutants", __doc__)
    options.add_argument("--seeds", default=f"{SEEDS.start}..{SEEDS.stop}", help="the last is left out")
    chosen = options.parse_args(arguments)
    first, _, end = chosen.seeds.partition("..")
    seeds = range(int(first), int(end or int(first) + 1))
    return report(ALL, lambda wrong: command(wrong, seeds), chosen)


if __name__ == "__main__":
    sys.exit(main())
