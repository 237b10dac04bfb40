"""`python -m tests.crash`: kill the program at every step of a session, for every strategy, and print what came of it.

Takes a while (see --help); every number but the first two columns must be zero.
"""

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import trio
from msgspec import Struct

from tests.crash.interlude import INTERLUDES, played, steps_of
from tests.crash.points import Point, parse
from tests.crash.session import Outcome, Reference, steps_after, steps_after_loss, with_crashes, without_crash
from tests.crash.verdict import WHATS
from tests.process.running import KINDS

_FIRSTS = 12
"""Crashes whose recovery is crossed by a second crash at every step of it."""


class Plan(Struct, frozen=True):
    """One session."""

    points: tuple[Point, ...]
    """One per life of the program."""
    lost: bool = False
    """Whether the journal is deleted before the first of them."""


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 when anything went wrong."""
    options = _parser().parse_args(arguments)
    if options.interludes:
        return trio.run(_interludes, options)
    outcomes = trio.run(_run, options)
    _print_table(outcomes)
    bad = [outcome for outcome in outcomes if outcome.problems]
    for outcome in bad:
        print(f"\n{outcome.kind} --at {' '.join(map(str, outcome.plan))}{' --lost 1' if outcome.lost else ''}")
        for problem in outcome.problems:
            print(f"  {problem.what}: {problem.text}")
        if options.at:
            print(outcome.log)
    return 1 if bad else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS, help="strategies, all by default")
    parser.add_argument("--workers", type=int, default=4, help="sessions at the same time")
    parser.add_argument("--sample", type=int, help="how many points of each strategy; all by default")
    parser.add_argument("--double", type=int, default=0, help="how many pairs of random points of each strategy")
    parser.add_argument("--recovery", type=int, default=0, help="how many crashes during recovery of each strategy")
    parser.add_argument("--lost", type=int, default=0, help="how many crashes of each after the loss of the journal")
    parser.add_argument("--interludes", type=int, default=0, help="only changes between lives: crashes of each")
    parser.add_argument("--seed", type=int, default=1, help="of samples and pairs")
    parser.add_argument("--stop", action="store_true", help="at the first session that goes wrong")
    parser.add_argument("--at", nargs="+", type=parse, help="only this crash, one point per life of the program")
    return parser


async def _run(options: argparse.Namespace) -> list[Outcome]:
    outcomes: list[Outcome] = []
    begin = time.monotonic()
    for kind in options.kinds:
        reference = await without_crash(kind)
        if options.at:
            plans = [Plan(tuple(options.at), lost=bool(options.lost))]
        else:
            plans = await _plans(options, kind, reference)
        send, receive = trio.open_memory_channel[Plan](len(plans))
        for plan in plans:
            send.send_nowait(plan)
        send.close()
        done: list[Outcome] = []
        async with trio.open_nursery() as nursery:
            for _ in range(options.workers):
                nursery.start_soon(_work, kind, reference, receive, done, len(plans))
            if options.stop:
                nursery.start_soon(_stop_at_the_first, done, len(plans), nursery.cancel_scope)
        outcomes += done
        if options.stop and any(outcome.problems for outcome in done):
            break
        print(f"\r{kind}: {len(plans)} sessions, {time.monotonic() - begin:.0f} s in all", file=sys.stderr)
    return outcomes


async def _stop_at_the_first(done: list[Outcome], number: int, workers: trio.CancelScope) -> None:
    while len(done) < number:
        if any(outcome.problems for outcome in done):
            workers.cancel()
        await trio.sleep(0.1)


async def _interludes(options: argparse.Namespace) -> int:
    """Every change between two lives with every strategy, without a crash and at some steps of what meets it."""
    played_all, bad = 0, 0
    for kind in options.kinds:
        reference = await without_crash(kind)
        for interlude in INTERLUDES:
            chance = random.Random(f"{options.seed} {kind} {interlude.name}")
            points = await steps_of(kind, interlude, reference)
            plans: list[Point | None] = [None, *chance.sample(points, min(options.interludes, len(points)))]
            for point in plans:
                problems = await played(kind, interlude, point, reference)
                played_all, bad = played_all + 1, bad + bool(problems)
                for problem in problems:
                    print(f"{kind} {interlude.name} {point}: {problem.what}: {problem.text[:1500]}", flush=True)
    print(f"{played_all} sessions with a change between two lives, {bad} wrong")
    return int(bad > 0)


async def _work(
    kind: str,
    reference: Reference,
    plans: trio.MemoryReceiveChannel[Plan],
    done: list[Outcome],
    number: int,
) -> None:
    while True:
        try:
            plan = plans.receive_nowait()
        except trio.EndOfChannel:
            return
        done.append(await with_crashes(kind, plan.points, reference, lost=plan.lost))
        for problem in done[-1].problems[:1]:
            print(f"\r{kind} {' '.join(map(str, plan.points))}: {problem.what}: {problem.text}", file=sys.stderr)
        print(f"\r{kind}: {len(done)} of {number}", end="", file=sys.stderr, flush=True)


async def _plans(options: argparse.Namespace, kind: str, reference: Reference) -> list[Plan]:
    chance = random.Random(f"{options.seed} {kind}")
    points = reference.points
    if options.sample is not None:
        points = chance.sample(points, min(options.sample, len(points)))
    plans = [Plan((point,)) for point in points]
    plans += [Plan((chance.choice(reference.points), chance.choice(reference.points))) for _ in range(options.double)]
    if options.recovery:
        firsts = chance.sample(reference.points, _FIRSTS)
        recoveries = [Plan((first, second)) for first in firsts for second in await steps_after(kind, first, reference)]
        plans += chance.sample(recoveries, min(options.recovery, len(recoveries)))
    if options.lost:
        after_loss = [Plan((point,), lost=True) for point in await steps_after_loss(kind, reference)]
        plans += chance.sample(after_loss, min(options.lost, len(after_loss)))
    return plans


def _print_table(outcomes: Sequence[Outcome]) -> None:
    """One line per strategy and kind of step."""
    rows: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        rows[outcome.kind, _family(outcome)].append(outcome)
    print(f"{'strategy':<10}{'step':<28}{'crashes':>9}{'met':>7}{''.join(f'{what:>11}' for what in WHATS)}")
    for (kind, family), found in sorted(rows.items()):
        _print_row(kind, family, found)
    _print_row("all", "", outcomes)


def _print_row(kind: str, family: str, outcomes: Sequence[Outcome]) -> None:
    problems: Counter[str] = Counter(str(problem.what) for outcome in outcomes for problem in outcome.problems)
    planned, met = sum(len(o.plan) for o in outcomes), sum(o.reached for o in outcomes)
    print(f"{kind:<10}{family:<28}{planned:>9}{met:>7}{''.join(f'{problems[what]:>11}' for what in WHATS)}")


def _family(outcome: Outcome) -> str:
    if outcome.lost:
        return "after the journal's loss"
    if len(outcome.plan) > 1:
        return "two crashes"
    point = outcome.plan[0]
    if point.stream.startswith("journal:"):
        return "journal"
    if point.stream.startswith("frame:"):
        return f"event {point.stream.removeprefix('frame:')}"
    return "request " + ("over REST" if point.stream.startswith("rest:") else "over the WebSocket")


if __name__ == "__main__":
    sys.exit(main())
