"""What the user is told of failures and of their end, in virtual time."""

import pytest
import trio
from trio.testing import MockClock

from messages.notices import ActorFailed, ActorRecovered
from supervision.policy import Role
from supervision.restart import supervise
from tests.supervision.watched import DOWN, RECONNECTED, Actor, new_watch, observed, told


@pytest.mark.parametrize("role", ["market-data", "order-manager", "exchange"])
async def test_a_lost_connection_is_told_once_after_a_minute(role: Role, autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DOWN)
    await observed(watch, role, actor, 62)
    assert told(watch) == []
    watch, actor = new_watch(), Actor(DOWN)
    await observed(watch, role, actor, 3600)
    assert told(watch) == [ActorFailed("actor", "no route to the exchange", RECONNECTED, disconnected=True)]


async def test_a_lost_connection_is_told_again_after_it_had_worked(autojump_clock: MockClock) -> None:
    watch, found = new_watch(), list[int]()

    async def works_between_600_and_7800() -> None:
        if 600 < trio.current_time() < 7800:
            await trio.sleep_until(7800)
        raise DOWN

    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "order-manager", "actor", works_between_600_and_7800)
        for time in (62, 7862, 7864, 9000):
            await trio.sleep_until(time)
            found.append(len(told(watch)))
        nursery.cancel_scope.cancel()
    assert found == [0, 1, 1, 0]


async def test_that_it_works_again_is_told_once_that_has_lasted_a_minute(autojump_clock: MockClock) -> None:
    watch = new_watch()

    async def back_after_600() -> None:
        if trio.current_time() < 600:
            raise DOWN
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "order-manager", "actor", back_after_600)
        await trio.sleep_until(600)
        assert len(told(watch)) == 1
        await trio.sleep_until(600 + 120 + 1)
        (good_news,) = watch.notifier.receive_nowait()
        assert isinstance(good_news, ActorRecovered)
        assert (good_news.actor, good_news.disconnected) == ("actor", True)
        assert 540 < good_news.seconds <= 660
        await trio.sleep(7200)
        assert watch.notifier.receive_nowait() == []
        nursery.cancel_scope.cancel()


async def test_that_it_works_again_is_told_once_even_if_it_fails_much_later(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(ValueError("bug"), *[DOWN] * 3, seconds=3600)
    await observed(watch, "market-data", actor, 4 * 3600)
    notices = watch.notifier.receive_nowait()
    assert [type(notice) for notice in notices] == [ActorFailed, ActorRecovered]


async def test_what_comes_back_only_for_seconds_is_not_told_as_working(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DOWN, seconds=5)
    await observed(watch, "order-manager", actor, 3600)
    assert [type(notice) for notice in watch.notifier.receive_nowait()] == [ActorFailed]


async def test_short_losses_of_the_connection_are_not_told(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(DOWN, seconds=3600)
    await observed(watch, "order-manager", actor, 24 * 3600)
    assert len(actor.starts) == 24
    assert told(watch) == []


async def test_other_failures_are_told_at_the_first_of_a_row(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(ValueError("garbled"))
    await observed(watch, "market-data", actor, 600)
    assert told(watch) == [ActorFailed("actor", "garbled", "it is restarted")]
