"""A sample of all crash points; `python -m tests.crash` tries every one."""

import random

import pytest
import trio

from tests.crash.conftest import ReferenceOf
from tests.crash.points import Point, parse, points_of
from tests.crash.session import Outcome, Reference, with_crashes
from tests.process.running import KINDS

process = [pytest.mark.process, pytest.mark.timeout(180)]

SEED = 4
SINGLE, DOUBLE = 2, 1
"""Sessions per strategy with one crash, and with two."""


def plans(kind: str, reference: Reference) -> list[tuple[Point, ...]]:
    """Each time the same ones for the same steps."""
    chance = random.Random(f"{SEED} {kind}")
    single = [(point,) for point in chance.sample(reference.points, SINGLE)]
    return single + [(chance.choice(reference.points), chance.choice(reference.points)) for _ in range(DOUBLE)]


@pytest.mark.process
@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_the_moment_of_a_crash_the_session_ends_as_without_one(
    kind: str, reference_of: ReferenceOf
) -> None:
    reference = await reference_of(kind)
    outcomes: list[Outcome] = []

    async def run(plan: tuple[Point, ...]) -> None:
        outcomes.append(await with_crashes(kind, plan, reference))

    async with trio.open_nursery() as nursery:
        for plan in plans(kind, reference):
            nursery.start_soon(run, plan)
    assert [(outcome.plan, outcome.problems) for outcome in outcomes if outcome.problems] == []
    assert sum(outcome.reached for outcome in outcomes) >= SINGLE


@pytest.mark.process
@pytest.mark.timeout(180)
async def test_the_session_holds_every_kind_of_step_and_every_kind_of_crash(reference_of: ReferenceOf) -> None:
    reference = await reference_of("GridSell")
    streams = {point.stream for point in reference.points}
    assert streams >= {
        "journal:open",
        "journal:write",
        "journal:settle",
        "journal:close",
        "journal:nonce",
        "rest:GetWebSocketsToken",
        "rest:ClosedOrders",
        "ws:subscribe",
        "ws:add_order",
        "ws:batch_add",
        "ws:batch_cancel",
        "frame:executions",
        "frame:balances",
        "frame:trade",
    }
    assert {point.moment for point in reference.points} == {
        "before",
        "after",
        "lost",
        "taken",
        "answered",
        "unsent",
        "sent",
    }
    # Partial fills, a surplus, counter-orders of both sides and a shift were part of it.
    assert max(picture.surplus for picture in reference.pictures) > 0
    assert any(row[3] for picture in reference.pictures for row in picture.orders)
    assert reference.pictures[-1].sells_filled == 2
    assert not any(row[0] == "buy" and row[1] < 47000 for row in reference.pictures[-1].orders)


def test_points_are_named_and_counted_per_stream() -> None:
    found = points_of(["ws:add_order", "journal:write", "ws:add_order", "frame:trade"])
    assert [str(point) for point in found] == [
        "frame:trade#1/unsent",
        "frame:trade#1/sent",
        "journal:write#1/before",
        "journal:write#1/after",
        "ws:add_order#1/lost",
        "ws:add_order#1/taken",
        "ws:add_order#1/answered",
        "ws:add_order#2/lost",
        "ws:add_order#2/taken",
        "ws:add_order#2/answered",
    ]
    assert [parse(str(point)) for point in found] == found
