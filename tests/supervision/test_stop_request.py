"""The request to stop, and who is running."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervision.stop_request import StopControl, StopRequest


async def test_the_first_request_to_stop_wins(autojump_clock: MockClock) -> None:
    control = StopControl()
    control.stop(6, "database unusable")
    control.stop(0, "cancelled")
    assert control.stopping
    assert await control.wait_for_stop() == StopRequest(6, "database unusable")


async def test_everybody_who_waits_hears_of_the_stop() -> None:
    control, heard = StopControl(), list[StopRequest]()

    async def wait() -> None:
        heard.append(await control.wait_for_stop())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        assert heard == []
        control.stop(0, "asked")
    assert heard == [StopRequest(0, "asked")] * 2


async def test_gone_returns_when_the_last_of_them_has_left(autojump_clock: MockClock) -> None:
    control = StopControl()

    async def run(actor: str, seconds: float) -> None:
        with control.running(actor):
            await trio.sleep(seconds)

    async with trio.open_nursery() as nursery:
        for actor, seconds in (("a", 1.0), ("b", 5.0), ("somebody else", 60.0)):
            nursery.start_soon(run, actor, seconds)
        await wait_all_tasks_blocked()
        begin = trio.current_time()
        await control.gone({"a", "b", "never started"})
        assert trio.current_time() - begin == 5
        assert control.is_running("somebody else")
        assert not control.is_running("a")


async def test_gone_returns_at_once_for_actors_that_do_not_run() -> None:
    with trio.fail_after(0):
        await StopControl().gone({"nobody"})


def test_an_actor_that_runs_twice_runs_until_both_have_left() -> None:
    control = StopControl()
    first, second = control.running("twin"), control.running("twin")
    with first:
        with second:
            assert control.is_running("twin")
        assert control.is_running("twin")
    assert not control.is_running("twin")


def test_an_actor_that_failed_does_not_run() -> None:
    control = StopControl()
    with pytest.raises(ZeroDivisionError), control.running("broken"):
        _ = 1 / 0
    assert not control.is_running("broken")
