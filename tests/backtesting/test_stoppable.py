"""A signal in trio's tasks: cancelled in order, so that nothing is left to complain when the interpreter ends."""

import os
import signal
import threading
from collections.abc import Awaitable, Callable

import pytest
import trio

from backtesting import stoppable
from backtesting.interrupts import NUMBERS, Interrupted
from backtesting.stoppable import run_tasks


async def waits(told: list[str]) -> None:
    """Two tasks and a thing that is put away, as a connection is."""
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.lowlevel.checkpoint()
        told.append("put away")


async def is_hit(number: int, tasks: Callable[[], Awaitable[object]]) -> object:
    os.kill(os.getpid(), number)
    return await tasks()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_puts_everything_away_first(number: signal.Signals) -> None:
    former, told = [signal.getsignal(each) for each in NUMBERS], list[str]()
    with pytest.raises(Interrupted) as raised:
        run_tasks(is_hit, number, lambda: waits(told))
    assert told == ["put away"]
    assert raised.value.exit_code == 128 + number
    assert raised.value.__context__ is None
    assert [signal.getsignal(each) for each in NUMBERS] == former


def test_what_fails_for_it_is_no_failure() -> None:
    async def fails() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            raise OSError("closed") from None

    with pytest.raises(Interrupted):
        run_tasks(is_hit, signal.SIGTERM, fails)


def test_other_failures_and_results_pass_through() -> None:
    async def fails() -> None:
        await trio.lowlevel.checkpoint()
        raise OSError("by itself")

    async def works(value: int) -> int:
        await trio.lowlevel.checkpoint()
        return value

    with pytest.raises(OSError, match="by itself"):
        run_tasks(fails)
    assert run_tasks(works, 0) == 0


def test_a_second_signal_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = list[int]()
    monkeypatch.setattr(stoppable, "end", lambda number, frame: ended.append(number))

    async def hangs() -> None:
        with trio.CancelScope(shield=True):
            await trio.lowlevel.checkpoint()
            os.kill(os.getpid(), signal.SIGTERM)
            await trio.lowlevel.checkpoint()
            os.kill(os.getpid(), signal.SIGINT)
        await trio.sleep_forever()

    with pytest.raises(Interrupted):
        run_tasks(hangs)
    assert ended == [signal.SIGINT]


def test_in_another_thread_there_are_no_signals() -> None:
    async def works() -> int:
        return threading.active_count()

    found = list[int]()
    thread = threading.Thread(target=lambda: found.append(run_tasks(works)))
    thread.start()
    thread.join()
    assert found
