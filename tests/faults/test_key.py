"""A refused API key: one that never worked ends the first start with its exit code, one that did is waited for."""

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from simulators.kraken import RequestFault
from supervision.restart import root_cause
from supervision.stop_request import ProgramFailed
from tests.faults.world import World, opened
from tests.oracle.foretold import Grid
from tests.pains.worlds import shown

MOMENTS = ["rest:GetApiKeyInfo", "rest:GetWebSocketsToken", "ws:subscribe"]


def refuse(world: World, moment: str, text: str = "EAPI:Invalid key", times: int | None = None) -> None:
    """The private door alone says so."""
    left, before = times, len(world.control.requests("GetWebSocketsToken"))

    def hook(asked: str) -> RequestFault | None:
        nonlocal left
        tokens = len(world.control.requests("GetWebSocketsToken")) - before
        if asked != moment or (moment == "ws:subscribe" and not tokens) or left == 0:
            return None
        left = left if left is None else left - 1
        return RequestFault("error", text=text)

    world.control.faults.request_hook = hook


async def ended(world: World) -> ProgramFailed:
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - a group around it
        async with world.program("GridHODL"):
            await trio.sleep(3600)
    failure = root_cause(raised.value)
    assert isinstance(failure, ProgramFailed), failure
    return failure


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("text", ["EAPI:Invalid key", "EGeneral:Permission denied"])
async def test_a_key_that_never_worked_ends_the_start_again_and_again(
    moment: str, text: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        refuse(world, moment, text)
        for _ in range(2):
            failure = await ended(world)
            assert (failure.exit_code, text in failure.reason) == (3, True)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_restart_while_a_key_that_has_worked_is_refused_waits_for_it(
    moment: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world:
        async with world.trading("GridHODL"):
            await shown(world, grid.trade("50000.0"))
        refuse(world, moment, times=4)
        async with world.program("GridHODL") as handle:

            def told() -> bool:
                return ("credentials", True) in [(row.code, row.blocks) for row in handle.status().conditions]

            await world.until(told, 20, handle.status)
            await world.until(lambda: world.state == "RUNNING", 600, handle.status)
            await shown(world, grid.upkeep("50000.0"))
            assert handle.status().conditions == ()
