"""Many histories, several at a time."""

import logging
import multiprocessing
import time
from collections.abc import Iterator

from msgspec import Struct

from tests.simulation.history import Failed, Outcome, Plan, play


class Played(Struct):
    """One history."""

    plan: Plan
    seconds: float
    """Of one processor."""
    outcome: Outcome | None = None
    failure: str = ""


def play_all(plans: list[Plan], jobs: int) -> Iterator[Played]:
    """In any order, as they end."""
    if jobs == 1 or len(plans) == 1:
        yield from map(_play, plans)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, _quiet) as pool:
        yield from pool.imap_unordered(_play, plans)


def _quiet() -> None:
    logging.disable(logging.CRITICAL)


def _play(plan: Plan) -> Played:
    begin = time.process_time()
    try:
        outcome = play(plan)
    except Failed as failure:
        return Played(plan, time.process_time() - begin, None, str(failure))
    return Played(plan, time.process_time() - begin, outcome)
