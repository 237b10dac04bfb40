"""The server's clock, and what is said about this machine's."""

import logging

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.transport.server_clock import LOOK_SECONDS, SECOND, ServerClock

NOON = 1_800_000_000 * SECOND


class Machine:
    """A wall clock that goes with trio's, `error` nanoseconds wrong."""

    def __init__(self) -> None:
        self.error = 0

    def now(self) -> int:
        return NOON + int(trio.current_time() * SECOND) + self.error


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    texts = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return texts


async def test_a_step_of_the_machine_s_clock_shows_and_changes_no_deadline(mock_clock: MockClock) -> None:
    machine = Machine()
    clock = ServerClock(machine.now)
    clock.stated(machine.now() + 3 * SECOND)
    assert clock.offset() == -3 * SECOND
    before = clock.now()
    machine.error = 60 * SECOND
    mock_clock.jump(10)
    assert clock.now() == before + 10 * SECOND
    assert clock.offset() == 57 * SECOND


async def test_a_clock_that_goes_wrong_is_told_once_an_hour(
    mock_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    machine = Machine()
    clock = ServerClock(machine.now)
    clock.watch(trio.current_time())
    clock.stated(machine.now())
    clock.watch(trio.current_time())
    machine.error = -5 * SECOND
    mock_clock.jump(LOOK_SECONDS - 1)
    clock.watch(trio.current_time())
    assert told(caplog) == []
    mock_clock.jump(1)
    for _ in range(3):
        clock.watch(trio.current_time())
    assert told(caplog) == ["this machine's clock is -5.0 s off the exchange's; is NTP on?"]
    machine.error = SECOND
    mock_clock.jump(LOOK_SECONDS)
    clock.watch(trio.current_time())
    assert told(caplog) == []


@pytest.mark.parametrize("wrong", [-3600, -61, 61, 3600, 86_400 * 365])
async def test_nonces_follow_the_server_where_this_machines_clock_is_wrong(wrong: int) -> None:
    server = 1_700_000_000 * SECOND
    clock = ServerClock(lambda: server + wrong * SECOND)
    clock.stated(server)
    assert abs(clock.for_nonces() - server) < SECOND


async def test_nonces_follow_this_machine_where_its_clock_is_right() -> None:
    server = 1_700_000_000 * SECOND
    clock = ServerClock(lambda: server + SECOND // 3)
    clock.stated(server)
    assert clock.for_nonces() == server + SECOND // 3
    await trio.lowlevel.checkpoint()
