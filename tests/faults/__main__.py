"""`python -m tests.faults [WORD ...]`: every fault with every strategy, and how many ended with the right orders.

Words choose the cases whose names hold all of them.
"""

import argparse
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path

import trio
import trio.testing

from tests.faults.cases import table
from tests.faults.course import Case, Outcome, play
from tests.faults.world import KINDS


def _played(case: Case, kind: str) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return trio.run(play, case, kind, Path(folder), clock=trio.testing.MockClock(autojump_threshold=0))
        except BaseException as error:
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            if isinstance(error, KeyboardInterrupt):
                raise
            return Outcome(case.name, kind, f"{type(error).__name__}: {error}")


def main(arguments: list[str]) -> int:
    """0 when every case ended right."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this strategy; may be repeated")
    parser.add_argument("--stop", action="store_true", help="at the first session that ends wrong")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    kinds = options.kind or KINDS
    chosen = [case for case in table() if all(word in case.name for word in options.words)]
    begin = time.perf_counter()
    outcomes: list[Outcome] = []
    for case, kind in ((case, kind) for case in chosen for kind in kinds):
        outcomes.append(_played(case, kind))
        if wrong := outcomes[-1].wrong:
            print(f"WRONG {kind:8} {case.name}\n      {wrong[:900]}", flush=True)
            if options.stop:
                break
    for kind in kinds:
        own = [outcome for outcome in outcomes if outcome.kind == kind]
        bad = sum(1 for outcome in own if outcome.wrong)
        known = [outcome.seconds for outcome in own if not outcome.wrong] or [0.0]
        print(f"{kind:8}  cases {len(own)}  right {len(own) - bad}  wrong {bad}  ", end="")
        print(f"seconds until right: median {statistics.median(known):.1f}, most {max(known):.1f}")
    print(f"{len(outcomes)} sessions in {time.perf_counter() - begin:.0f} s")
    return int(not outcomes or any(outcome.wrong for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
