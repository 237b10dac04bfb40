"""One session with a fault in it: start, a fill, its sell, a fall, a rise, a shift; orders are checked at each step."""

import copy
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import trio
import trio.testing
from msgspec import Struct

from messages.notices import (
    ExtraSell,
    LadderStatus,
    Notice,
    OrderFilled,
    OrdersTaken,
    ProgramEnded,
    ProgramStarted,
    StrategyResumed,
)
from simulators.kraken.model.orders import Order
from tests.faults.world import World, now, opened
from tests.oracle.foretold import Grid, Row

Step = Literal["start", "fill", "sell", "fall", "rise", "shift"]

PRICES: Mapping[Step, str] = {
    "start": "50000.0",
    "fill": "49500.0",
    "sell": "50000.0",
    "fall": "48500.0",
    "rise": "49020.0",
    "shift": "52000.0",
}
"""A buy fills; its sell fills; two buys fill; the lower one's sell fills; everything is left behind."""

KNOWN_WITHIN = 10.0
"""Seconds within which the outcome of an order is known on a healthy stream."""
SETTLE, SHORT = 12.0, 3.0
"""Seconds after a step in which the orders must stay right: after the fault long enough for a late double to show."""
ROUNDED = Decimal("0.00001")
"""A unit of cost, as the venue tells it."""
QUIET = (ProgramStarted, ProgramEnded, OrderFilled, ExtraSell, LadderStatus, OrdersTaken)
"""What the user is told when nothing is wrong, or not any more."""

Arm = Callable[[World], Awaitable[None]]


class Case(Struct, frozen=True):
    """One kind of trouble."""

    name: str
    arm: Arm
    """Runs from shortly before the price moves at `step` on, in the background."""
    step: Step = "fill"
    within: float = KNOWN_WITHIN
    """Seconds until the orders are right again."""
    notices: int = 1
    """How many of trouble the user gets at the most."""
    tells: bool = False
    """Whether at least one must come."""
    settings: Mapping[str, Any] = {}
    """Of the venue."""
    investment: int = 10_000
    """`max_investment`: with little of it a filled sell is bought back, instead of the ladder growing below."""
    expect: Callable[[Grid, str], list[Row]] = Grid.trade
    """What the rules ask for at this step; a few faults are facts, such as a fill."""
    or_else: Callable[[Grid, str], list[Row]] | None = None
    """What they ask for as well, where it depends on which of two trades of one instant is heard."""
    lasts: float = 0.0
    """Seconds for which it may still stand when the next price comes: a jump of prices that no second trade confirms
    waits until somebody can be asked for bid and ask."""


class Outcome(Struct):
    """How a case ended for one strategy."""

    case: str
    kind: str
    wrong: str = ""
    """What was wrong; empty when nothing was."""
    seconds: float = 0.0
    """Until the orders were right at the step of the fault."""
    troubles: tuple[Notice, ...] = ()


async def play(case: Case, kind: str, folder: Path) -> Outcome:
    """Play the session with this fault. Raises `AssertionError` at the first thing that is wrong."""
    outcome = Outcome(case.name, kind)
    grid = Grid(kind, investment=case.investment)
    async with opened(folder, PRICES["start"], **case.settings) as world:
        if case.step == "start":
            await _arm(case, world)
        async with world.program(kind, investment=str(case.investment)):
            for step, price in PRICES.items():
                if step == case.step != "start":
                    await _arm(case, world)
                others = copy.deepcopy(grid)
                right = [case.expect(grid, price) if step == case.step else grid.trade(price)]
                if step == case.step and case.or_else is not None:
                    right.append(case.or_else(others, price))
                world.move(price)
                within = case.within if step == case.step else KNOWN_WITHIN + case.lasts
                if world.control.faults.pending():  # one that comes several times may meet a later step
                    within = max(within, case.within)
                seconds = await _right(world, right, within, step)
                if step == case.step:
                    outcome.seconds = seconds
                await trio.sleep(SETTLE if step == case.step else SHORT)
                assert world.ladder() in right, f"{step}: the orders did not stay right: {world.ladder()}"
            assert world.state == "RUNNING", world.state
            await _agree(world, grid, max(case.within, KNOWN_WITHIN))
        outcome.troubles = tuple(notice for _, notice in world.user.told if not isinstance(notice, QUIET))
        # That it is over tells nobody that it was there.
        told = sum(not isinstance(notice, StrategyResumed) for notice in outcome.troubles)
        assert case.tells <= told <= len(outcome.troubles) <= case.notices, f"notices: {outcome.troubles}"
    return outcome


async def _arm(case: Case, world: World) -> None:
    assert world.nursery is not None
    world.nursery.start_soon(case.arm, world)
    await trio.testing.wait_all_tasks_blocked()


async def _right(world: World, right: list[list[Row]], within: float, step: str) -> float:
    """Seconds until the orders are right. Raises `AssertionError` when that takes longer than `within`."""

    def differences() -> str:
        found, due = Counter(world.ladder()), Counter(right[0])
        return f"{step}: too many {list(found - due)}, missing {list(due - found)}; {world.report}"

    return await world.until(lambda: world.ladder() in right, within, differences)


async def _agree(world: World, grid: Grid, within: float) -> None:
    """Venue, rules and program tell the same story; the program may learn as late of it as of right orders."""
    every = world.control.venue.orders.of_account("demo", now())
    orders = [order for order in every if order.txid not in world.others]
    foreign = [world.control.order(txid) for txid in world.others]
    assert all(order.is_open or order.status == "closed" for order in foreign), f"orders of others: {foreign}"
    filled = Counter((order.side, order.price, order.volume) for order in orders if order.status == "closed")
    assert filled == Counter(order.row() for order in grid.filled), f"executed: {filled}"
    ids = Counter(order.request.cl_ord_id for order in orders)
    assert ids.most_common(1)[0][1] == 1, f"a client id was used twice: {ids.most_common(3)}"
    await world.until(lambda: not _books_differ(world, orders), within, lambda: _books_differ(world, orders))

    def shown() -> list[Row]:
        rows = [(order.side, order.price, order.volume) for order in world.report.orders]
        return sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)

    await world.until(lambda: shown() == world.ladder() and world.report.phase == "trading", within, shown)


def _books_differ(world: World, orders: Sequence[Order]) -> list[str]:
    """What the program says of its past, against the venue's own orders: each fill counts once, none is missing."""
    report = world.report
    executed = [order for order in orders if order.filled]
    signs = {"buy": 1, "sell": -1}
    fees = sum((order.fee for order in executed), Decimal(0))
    spent = sum((signs[order.side] * order.cost for order in executed), Decimal(0))
    bought = sum((order.filled for order in executed if order.side == "buy"), Decimal(0))
    left = max(bought - sum((order.filled for order in executed if order.side == "sell"), Decimal(0)), Decimal(0))
    done = Counter(order.side for order in executed if order.status == "closed")
    pairs = {
        "buys filled": (report.buys_filled, done["buy"]),
        "sells filled": (report.sells_filled, done["sell"]),
        # How much of what SWING has sold was there before depends on which of two fills is heard of first.
        "owned": (report.owned, min(max(report.owned, left), bought) if report.kind == "SWING" else left),
        "fees": (report.fees, fees),
    }
    found = [f"{what} {ours}, at the venue {theirs}" for what, (ours, theirs) in pairs.items() if ours != theirs]
    # The venue tells each cost rounded to the pair's decimals.
    if abs(report.cash_flow + spent + fees) > ROUNDED * len(executed):
        found.append(f"cash flow {report.cash_flow}, at the venue {-spent - fees}")
    return found
