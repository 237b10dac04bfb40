"""What changes between two lives, and a kill -9 at a step of the life that meets it."""

import random

import pytest
import trio

from tests.crash.conftest import ReferenceOf
from tests.crash.interlude import INTERLUDES, Interlude, played, steps_of
from tests.crash.points import Point
from tests.crash.verdict import Problem

SEED, POINTS = 5, 2
KIND_OF = dict(
    zip((one.name for one in INTERLUDES), ("GridHODL", "GridSell", "cDCA", "GridSell", "GridHODL", "cDCA"), strict=True)
)


@pytest.mark.process
@pytest.mark.timeout(180)
@pytest.mark.parametrize("interlude", INTERLUDES, ids=lambda one: one.name)
async def test_the_session_goes_on_as_if_nothing_had_been(interlude: Interlude, reference_of: ReferenceOf) -> None:
    kind = KIND_OF[interlude.name]
    reference = await reference_of(kind)
    points = await steps_of(kind, interlude, reference)
    chosen: list[Point | None] = [None, *random.Random(SEED).sample(points, min(POINTS, len(points)))]
    found: list[tuple[str, Problem]] = []

    async def run(point: Point | None) -> None:
        found.extend((str(point), problem) for problem in await played(kind, interlude, point, reference))

    async with trio.open_nursery() as nursery:
        for point in chosen:
            nursery.start_soon(run, point)
    assert found == []
