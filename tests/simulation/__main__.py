"""`python -m tests.simulation --seeds 0..200 --days 1`: many histories, two at a time, and what they came to.

A seed that fails is printed with the end of its history; `--seeds 17 --trace` shows all of it.
"""

import argparse
import logging
import os
import sys
from collections import Counter

from tests.simulation.failed_once import FAILED_ONCE
from tests.simulation.history import Outcome, Plan
from tests.simulation.many import Played, play_all


def main(arguments: list[str] | None = None) -> int:
    """Play all; the exit code is 1 when a seed failed."""
    options = _parser().parse_args(arguments)
    logging.disable(logging.CRITICAL)
    plans = [
        Plan(
            seed,
            options.days,
            options.every,
            surroundings=not options.same,
            clear=options.clear,
            keep_trace=options.trace,
        )
        for seed in options.seeds
    ]
    if options.failed_once:
        plans = list(FAILED_ONCE)
    played = []
    for one in play_all(plans, options.jobs):
        played.append(one)
        if one.outcome is not None and options.verbose:
            print(_line(one, one.outcome), flush=True)
        if one.failure:
            print(f"FAILED seed {one.plan.seed}\n{one.failure}", flush=True)
            if options.stop:
                break
    print(summary(played))
    return any(one.failure for one in played)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=range(20), help="17, or 0..200 (the last is left out)")
    parser.add_argument("--days", type=float, default=1.0, help="simulated days of each seed")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two mishaps; 0: none")
    parser.add_argument("--same", action="store_true", help="nothing changes around the program")
    parser.add_argument("--clear", action="store_true", help="nothing fails, and the oracle checks every decision")
    parser.add_argument("--failed-once", action="store_true", help="the seeds that found something, instead of --seeds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--verbose", action="store_true", help="a line for each seed")
    parser.add_argument("--stop", action="store_true", help="at the first seed that fails")
    parser.add_argument("--trace", action="store_true", help="keep the whole history of a seed that fails")
    return parser


def _seeds(text: str) -> range:
    first, _, end = text.partition("..")
    return range(int(first), int(end) if end else int(first) + 1)


def _line(one: Played, outcome: Outcome) -> str:
    return (
        f"seed {one.plan.seed}: {outcome.digest[:16]} {outcome.days:.2f} days, {outcome.faults} mishaps, "
        f"{outcome.lives} lives, {outcome.orders} orders, {outcome.fills} fills, {outcome.checks} times at rest"
    )


def summary(played: list[Played]) -> str:
    """Figures of all seeds."""
    outcomes = [one.outcome for one in played if one.outcome is not None]
    days, seconds = sum(outcome.days for outcome in outcomes), sum(one.seconds for one in played)
    mishaps: Counter[str] = Counter()
    for outcome in outcomes:
        mishaps.update(outcome.mishaps)
    kinds = ", ".join(f"{name} {count}" for name, count in mishaps.most_common())
    return (
        f"{len(played)} seeds, {len(played) - len(outcomes)} failed; {days:.1f} simulated days, "
        f"{mishaps.total()} mishaps ({kinds}), {sum(o.lives for o in outcomes)} lives, "
        f"{sum(o.orders for o in outcomes)} orders, {sum(o.fills for o in outcomes)} fills, "
        f"{sum(o.writes for o in outcomes)} writes of the journal, {sum(o.checks for o in outcomes)} times at rest; "
        f"{seconds:.0f} s of one processor, {days / max(seconds, 1e-9):.3f} days per second"
    )


if __name__ == "__main__":
    sys.exit(main())
