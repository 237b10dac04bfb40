"""Each row of the policy table, in virtual time. Times are seconds since the start."""

import logging
from functools import partial
from itertools import count, pairwise

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.metrics.http_port import MetricsServerError
from config import ConfigError
from messages.notices import ActorFailed
from messages.status import ActorReport
from supervision.policy import RestartIntensity, Role
from supervision.restart import JITTER, Watch, describe, root_cause, supervise
from supervision.stop_request import StopRequest
from tests.supervision.watched import DOWN, Actor, asked_to_stop, new_watch, observed, told
from trading.guard import CoreFailed
from trading.ports import BotStateError, DatabaseUnusable, SourceEnded, UnknownOrderError


@pytest.mark.parametrize(
    ("role", "error"),
    [
        ("market-data", DOWN),
        ("order-manager", DOWN),
        ("exchange", DOWN),
        ("market-data", ValueError("garbled price")),
        ("price-watch", ValueError("bug")),
        ("notifier", ValueError("bug")),
        ("metrics", MetricsServerError("port taken")),
    ],
)
async def test_restarted_for_ever_with_growing_pauses(role: Role, error: Exception, autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(error)
    assert not await observed(watch, role, actor, 400)
    assert actor.starts == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363]
    assert await asked_to_stop(watch) is None


async def test_a_bug_after_lost_connections_is_the_first_of_its_kind(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DOWN, DOWN, DOWN, DOWN, DOWN, ValueError("bug"), DOWN)
    assert not await observed(watch, "order-manager", actor, 400)
    assert await asked_to_stop(watch) is None


async def test_the_pauses_are_the_configured_ones(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(RestartIntensity(backoff=0.5, backoff_cap=3)), Actor(DOWN)
    await observed(watch, "market-data", actor, 12)
    assert actor.starts == [0, 0.5, 1.5, 3.5, 6.5, 9.5]


async def test_jitter_lengthens_a_pause_by_a_fifth_at_the_most(autojump_clock: MockClock) -> None:
    shares = iter((0.0, 0.5, 1.0))
    watch, actor = new_watch(jitter=lambda: next(shares)), Actor(DOWN, DOWN, DOWN, None)
    assert await observed(watch, "market-data", actor, 60)
    assert actor.starts == pytest.approx([0, 1, 1 + 2 * 1.1, 3.2 + 4 * 1.2])
    assert JITTER == 0.2


async def test_the_own_jitter_of_a_watch_stays_within_its_bounds(autojump_clock: MockClock) -> None:
    watch = new_watch()
    watch = Watch(watch.control, watch.limits, watch.notifier, watch.metrics)
    actor = Actor(DOWN)
    await observed(watch, "market-data", actor, 60)
    pauses = [after - before for before, after in pairwise(actor.starts)]
    assert len(pauses) >= 5
    assert all(2**n <= pause <= 2**n * (1 + JITTER) for n, pause in enumerate(pauses))


@pytest.mark.parametrize(
    ("role", "error", "request_"),
    [
        ("exchange", DatabaseUnusable("nonces unreadable"), StopRequest(6, "nonces unreadable")),
        ("persistence", OSError("bug"), StopRequest(6, "bug")),
        ("order-manager", KeyError("bug"), StopRequest(1, "'bug'")),
        ("exchange", KeyError("bug"), StopRequest(1, "'bug'")),
    ],
)
async def test_beyond_its_limit_the_program_stops(
    role: Role, error: Exception, request_: StopRequest, autojump_clock: MockClock
) -> None:
    watch, actor = new_watch(), Actor(error)
    assert not await observed(watch, role, actor, 1000)
    assert actor.starts == [0, 1, 3, 7, 15, 31]
    assert await asked_to_stop(watch) == request_
    assert not watch.control.is_running("actor")


async def test_slow_failures_stay_within_the_limit(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DatabaseUnusable("locked"), seconds=30)
    await observed(watch, "persistence", actor, 3600)
    assert len(actor.starts) > 30
    assert await asked_to_stop(watch) is None


async def test_a_high_limit_is_reached_too(autojump_clock: MockClock) -> None:
    watch = new_watch(RestartIntensity(restarts=1000, period=86_400, backoff_cap=1))
    actor = Actor(OSError("unforeseen"))
    await observed(watch, "persistence", actor, 5000)
    assert len(actor.starts) == 1001
    assert await asked_to_stop(watch) == StopRequest(6, "unforeseen")


@pytest.mark.parametrize("role", ["persistence", "exchange", "order-manager"])
async def test_a_full_disk_is_waited_for_and_told_at_once(role: Role, autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DatabaseUnusable("disk full", passing=True))
    assert not await observed(watch, role, actor, 3600)
    assert len(actor.starts) > 600
    assert await asked_to_stop(watch) is None
    (news,) = [notice for notice in told(watch) if isinstance(notice, ActorFailed)]
    assert news.action == "trading waits, tried again every few seconds; open orders stay at the exchange"


@pytest.mark.parametrize(
    ("role", "error", "code"),
    [
        ("market-data", SourceEnded("the file is over"), 0),
        ("order-manager", BotStateError("bad key"), 3),
        ("exchange", BotStateError("missing permission"), 3),
        ("order-manager", UnknownOrderError("a second instance?"), 2),
        ("exchange", ConfigError.at("grid.toml", "strategy[0]", "x", "y"), 2),
    ],
)
async def test_the_program_stops_at_once(role: Role, error: Exception, code: int, autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(error)
    assert not await observed(watch, role, actor, 1000)
    assert actor.starts == [0]
    assert await asked_to_stop(watch) == StopRequest(code, str(error))
    assert told(watch) == []


class Halts:
    """Remembers who was halted, and rests as a halted strategy does."""

    def __init__(self) -> None:
        self.reasons: list[tuple[float, str]] = []

    async def rest(self, reason: str) -> None:
        self.reasons.append((trio.current_time(), reason))
        await trio.sleep_forever()


async def test_a_failed_core_is_halted_at_once_without_a_restart(autojump_clock: MockClock) -> None:
    watch, actor, halts = new_watch(), Actor(CoreFailed("division by zero")), Halts()
    assert not await observed(watch, "strategy", actor, 1000, halts.rest)
    assert actor.starts == [0]
    assert halts.reasons == [(0, "division by zero")]
    assert await asked_to_stop(watch) is None


async def test_a_strategy_that_keeps_failing_is_halted_and_the_program_goes_on(autojump_clock: MockClock) -> None:
    watch, actor, halts = new_watch(), Actor(ValueError("bug")), Halts()
    assert not await observed(watch, "strategy", actor, 1000, halts.rest)
    assert actor.starts == [0, 1, 3, 7, 15, 31]
    assert halts.reasons == [(31, "bug")]
    assert await asked_to_stop(watch) is None
    assert told(watch) == [ActorFailed("actor", "bug", "it is restarted")]


async def test_one_strategy_is_restarted_alone_while_others_trade_on(autojump_clock: MockClock) -> None:
    watch, broken, healthy = new_watch(), Actor(ValueError("bug"), None), Actor(None, seconds=100)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "strategy", "strategy/a", broken.run)
        nursery.start_soon(supervise, watch, "strategy", "strategy/b", healthy.run)
    assert (broken.starts, healthy.starts) == ([0, 1], [0])


async def test_a_body_that_returns_is_not_started_again(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(None)
    assert await observed(watch, "persistence", actor, 100)
    assert actor.starts == [0]


async def test_nothing_is_restarted_while_the_program_stops(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DOWN, seconds=10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "order-manager", "actor", actor.run)
        await trio.sleep(5)
        watch.control.stop(0, "asked")
    assert actor.starts == [0]
    assert trio.current_time() == 10


@pytest.mark.parametrize("error", [ValueError("bug"), BotStateError("bad key"), CoreFailed("bug")])
async def test_a_failure_while_the_program_stops_only_ends_the_actor(
    error: Exception, autojump_clock: MockClock
) -> None:
    watch, actor, halts = new_watch(), Actor(error, seconds=10), Halts()
    watch.control.stop(0, "asked")
    assert await observed(watch, "strategy", actor, 100, halts.rest)
    assert (actor.starts, halts.reasons, told(watch)) == ([0], [], [])
    assert await asked_to_stop(watch) == StopRequest(0, "asked")


async def test_a_stop_ends_a_pause(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DOWN)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "order-manager", "actor", actor.run)
        await trio.sleep(40)
        watch.control.stop(0, "asked")
    assert trio.current_time() == 40
    assert actor.starts == [0, 1, 3, 7, 15, 31]


@pytest.mark.parametrize("seconds", [0.5, 1.5])
async def test_cancellation_passes_through(seconds: float, autojump_clock: MockClock) -> None:
    """Both while the actor runs and during a pause."""
    watch, actor = new_watch(), Actor(DOWN, seconds=1)
    with trio.move_on_after(seconds) as scope:
        await supervise(watch, "market-data", "actor", actor.run)
    assert scope.cancelled_caught
    assert trio.current_time() == seconds
    assert not watch.control.is_running("actor")


async def test_an_error_during_cancellation_does_not_start_the_actor_again(autojump_clock: MockClock) -> None:
    watch, starts = new_watch(), list[float]()

    async def body() -> None:
        starts.append(trio.current_time())
        try:
            await trio.sleep_forever()
        finally:
            raise DOWN

    with trio.move_on_after(5) as scope:
        await supervise(watch, "market-data", "actor", body)
    assert scope.cancelled_caught
    assert starts == [0]


async def test_an_error_beside_cancellations_is_not_lost(autojump_clock: MockClock) -> None:
    watch = new_watch()

    async def fail_when_cancelled() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("while closing")

    async def body() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail_when_cancelled)
            nursery.start_soon(trio.sleep_forever)

    with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="while closing")), trio.move_on_after(5):
        await supervise(watch, "market-data", "actor", body)


async def test_restarts_are_counted_without_end(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(RestartIntensity(backoff_cap=1)), Actor(DOWN)
    await observed(watch, "metrics", actor, 1099.5)
    assert watch.metrics.receive_nowait() == [ActorReport("actor", 1100, 0, 0)]


async def test_an_actor_is_running_inside_its_body_only(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DOWN, seconds=10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "metrics", "actor", actor.run)
        seen = []
        for at in (5, 10.5, 15):
            await trio.sleep_until(at)
            seen.append(watch.control.is_running("actor"))
        nursery.cancel_scope.cancel()
    assert seen == [True, False, True]


async def test_a_strategy_in_a_backoff_runs_once_more_for_its_part_of_the_stop(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DOWN, DOWN, DOWN, None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "strategy", "actor", actor.run)
        await trio.sleep(5)
        watch.control.stop(0, "asked to stop")
        assert watch.control.is_running("actor")
        await watch.control.gone({"actor"})
    assert actor.starts == [0, 1, 3, 5]


async def test_one_lost_connection_is_told_once_whoever_meets_it(autojump_clock: MockClock) -> None:
    watch = new_watch()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "order-manager", "orders", Actor(DOWN).run)
        nursery.start_soon(supervise, watch, "market-data", "prices", Actor(DOWN).run)
        nursery.start_soon(supervise, watch, "notifier", "notifier", Actor(ValueError("bug")).run)
        await trio.sleep(1000)
        nursery.cancel_scope.cancel()
    told = [notice for notice in watch.notifier.receive_nowait() if isinstance(notice, ActorFailed)]
    assert [notice.reason for notice in told] == ["bug", "no route to the exchange"]


async def test_the_cause_is_found_inside_nested_nurseries(autojump_clock: MockClock) -> None:
    watch, numbers = new_watch(), count()

    async def fail() -> None:
        next(numbers)
        raise BotStateError("bad key")

    async def nested(depth: int) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(nested, depth - 1) if depth else fail)

    with trio.move_on_after(100):
        await supervise(watch, "order-manager", "actor", partial(nested, 3))
    assert await asked_to_stop(watch) == StopRequest(3, "bad key")
    assert next(numbers) == 1


async def test_a_bug_is_logged_with_its_traceback_and_a_lost_connection_without(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await observed(new_watch(), "market-data", Actor(ValueError("bug"), DOWN, SourceEnded("over")), 100)
    assert [(record.levelname, record.exc_info is not None, record.getMessage()) for record in caplog.records] == [
        ("ERROR", True, "actor: bug (restart in 1 s)"),
        ("ERROR", False, "actor: no route to the exchange (trying again in 2 s)"),
        ("INFO", False, "actor: over (the program stops)"),
    ]


def test_an_exception_without_words_is_named_by_its_type() -> None:
    assert describe(ValueError()) == "ValueError"
    assert describe(ValueError("three words here")) == "three words here"


def test_the_root_of_a_group_is_its_first_leaf() -> None:
    leaf = ValueError("leaf")
    assert root_cause(ExceptionGroup("a", [ExceptionGroup("b", [leaf]), KeyError()])) is leaf
    assert root_cause(leaf) is leaf


async def test_a_halt_without_a_stand_in_ends_the_loop(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(CoreFailed("bug"))
    assert await observed(watch, "strategy", actor, 10)
    await wait_all_tasks_blocked()
    assert actor.starts == [0]
