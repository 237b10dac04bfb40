"""What the tests of pains share."""

from pathlib import Path

from tests.faults.cases import table
from tests.faults.course import Outcome, play
from tests.faults.world import World
from tests.oracle.foretold import Row

CASES = {case.name: case for case in table()}


async def survives(name: str, kind: str, folder: Path) -> Outcome:
    """Play a case of the table of faults."""
    return await play(CASES[name], kind, folder)


async def shown(world: World, wanted: list[Row], within: float = 10.0) -> float:
    """Seconds until exactly these orders are open."""
    return await world.until(lambda: world.ladder() == wanted, within, lambda: (world.ladder(), world.report))


def sent(world: World, *names: str) -> list[str]:
    """How the trading requests ended."""
    wanted = names or ("add_order", "batch_add", "cancel_order", "batch_cancel", "AddOrder", "CancelOrder")
    return [entry.outcome for entry in world.control.requests() if entry.name in wanted]
