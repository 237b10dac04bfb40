"""Channels that are slow, broken, full or cut off must neither hold up each other nor lose what can be sent."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mailbox import Mailbox
from actors.notifier.actor import (
    DEAD_SECONDS,
    DRAIN_SECONDS,
    JITTER,
    LONGEST_PAUSE_SECONDS,
    MISCONFIGURED_PAUSE_SECONDS,
    SEND_SECONDS,
    NotifierContext,
    run_notifier,
)
from actors.notifier.outbox import SUMMARY_FROM, Outbox
from messages.letters import NotificationLevels
from messages.mailboxes import NotifierMail
from messages.notices import ChannelFailed, ChannelRecovered, ProgramEnded
from tests.actors.channels import START, FakeChannel, fill, note, wall_clock
from trading.ports import Channel, ChannelError, ChannelMisconfigured


def desk_of(outboxes: Sequence[Outbox], jitter: float = 0.0, scrub: Callable[[str], str] = str) -> NotifierContext:
    return NotifierContext(outboxes, "bot", wall_clock(), scrub, lambda: jitter)


@asynccontextmanager
async def running(
    mailbox: Mailbox[NotifierMail], outboxes: Sequence[Outbox], jitter: float = 0.0, scrub: Callable[[str], str] = str
) -> AsyncIterator[trio.CancelScope]:
    """A notifier that is cancelled, and has ended, when the block ends."""
    async with trio.open_nursery() as nursery:
        await nursery.start(run_notifier, mailbox, desk_of(outboxes, jitter, scrub))
        yield nursery.cancel_scope
        nursery.cancel_scope.cancel()


def new_mailbox() -> Mailbox[NotifierMail]:
    return Mailbox[NotifierMail]("notifier")


async def test_every_channel_gets_every_notice_in_order_with_its_words(autojump_clock: MockClock) -> None:
    mailbox, channels = new_mailbox(), [FakeChannel("one"), FakeChannel("two")]
    outboxes = [Outbox(channel) for channel in channels]
    async with running(mailbox, outboxes):
        for number in range(3):
            mailbox.post(note(number))
        await trio.sleep(1)
        for channel in channels:
            assert channel.numbers == [0, 1, 2]
            assert channel.texts[0] == "bot terminated.\nReason: 0"
            assert (channel.letters[0].bot, channel.letters[0].kind) == ("bot", "end")
            assert channel.letters[0].time == pytest.approx(START, abs=1e9)
    assert [outbox.sent for outbox in outboxes] == [3, 3]


async def test_a_slow_channel_holds_up_no_other(autojump_clock: MockClock) -> None:
    mailbox, slow, fast = new_mailbox(), FakeChannel("slow", seconds=20), FakeChannel("fast")
    async with running(mailbox, [Outbox(slow), Outbox(fast)]):
        for number in range(3):
            mailbox.post(note(number))
        await trio.sleep(1)
        assert fast.numbers == [0, 1, 2]
        assert slow.numbers == []
        await trio.sleep(60)
        assert slow.numbers == [0, 1, 2]


async def test_posting_to_a_hanging_channel_takes_no_time(autojump_clock: MockClock) -> None:
    mailbox = new_mailbox()
    async with running(mailbox, [Outbox(FakeChannel(seconds=1e6))]):
        start = trio.current_time()
        for number in range(1000):
            mailbox.post(note(number))
        await wait_all_tasks_blocked()
        assert trio.current_time() == start
        assert len(mailbox) == 0


async def test_a_failing_channel_is_tried_again_with_growing_pauses_until_it_works(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mailbox, channel = new_mailbox(), FakeChannel()
    outbox = Outbox(channel)
    channel.error = ChannelError("HTTP 502")
    async with running(mailbox, [outbox]):
        await wait_all_tasks_blocked()
        start = trio.current_time()
        mailbox.post(note(1))
        mailbox.post(note(2))
        await trio.sleep(200)
        assert [at - start for at in channel.attempts] == pytest.approx([0, 1, 3, 7, 15, 31, 63, 123, 183])
        assert (outbox.failures, outbox.last_error, len(outbox)) == (9, "HTTP 502", 2)
        channel.error = None
        await trio.sleep(LONGEST_PAUSE_SECONDS)
        assert channel.numbers == [1, 2]
        assert (outbox.failures, outbox.last_error, len(outbox), outbox.dropped) == (9, "", 0, 0)
    assert caplog.messages == ["notifications by fake fail: HTTP 502", "notifications by fake work again, 1 wait"]


async def test_pauses_are_lengthened_by_chance(autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel()
    channel.error = ChannelError("down")
    async with running(mailbox, [Outbox(channel)], jitter=1.0):
        mailbox.post(note(1))
        await trio.sleep(5)
        first, second, third = channel.attempts
        assert (second - first, third - second) == pytest.approx((1 + JITTER, 2 + 2 * JITTER))


async def test_the_pause_is_short_again_after_a_success(autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel()
    channel.error = ChannelError("down")
    async with running(mailbox, [Outbox(channel)]):
        mailbox.post(note(1))
        await trio.sleep(100)
        channel.error = None
        await trio.sleep(60)
        channel.error = ChannelError("down again")
        channel.attempts.clear()
        mailbox.post(note(2))
        await trio.sleep(2)
        first, second = channel.attempts
        assert second - first == pytest.approx(1)


@pytest.mark.parametrize(("asked", "waited"), [(7.0, 7.0), (300.0, 300.0), (-5.0, 1.0), (1e9, 3600.0)])
async def test_a_service_that_asks_for_a_pause_gets_it(asked: float, waited: float, autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel()
    channel.error = ChannelError("too many", retry_after=asked)
    async with running(mailbox, [Outbox(channel)], jitter=1.0):
        mailbox.post(note(1))
        await trio.sleep(waited * 1.5)
        first, second = channel.attempts
        assert second - first == pytest.approx(waited)


async def test_a_notice_that_is_refused_for_good_does_not_block_the_next(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox, channel = new_mailbox(), FakeChannel()
    outbox = Outbox(channel)
    channel.error = ChannelError("too long", permanent=True)
    async with running(mailbox, [outbox]):
        mailbox.post(note(1))
        await trio.sleep(1)
        channel.error = None
        mailbox.post(note(2))
        await trio.sleep(1)
    assert channel.numbers == [2]
    assert (outbox.failures, outbox.dropped, outbox.last_error) == (1, 1, "")
    assert caplog.messages == ["fake refused a notice, it is dropped: too long"]


async def test_a_channel_that_never_answers_counts_as_down(autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel(seconds=1e6)
    outbox = Outbox(channel)
    async with running(mailbox, [outbox]):
        mailbox.post(note(1))
        await trio.sleep(SEND_SECONDS + 0.5)
        assert (outbox.failures, outbox.last_error) == (1, "no answer within 30 s")
        channel.seconds = 0
        await trio.sleep(1)
        assert channel.numbers == [1]


async def test_a_dead_channel_is_told_through_the_others_once_and_so_is_its_return(autojump_clock: MockClock) -> None:
    mailbox, dead, well = new_mailbox(), FakeChannel("dead"), FakeChannel("well")
    dead.error = ChannelError("no connection")
    async with running(mailbox, [Outbox(dead), Outbox(well)]):
        mailbox.post(note(1))
        await trio.sleep(DEAD_SECONDS - 1)
        assert well.numbers == [1]
        assert len(well.notices) == 1
        await trio.sleep(3600)
        (failed,) = well.notices[1:]
        assert failed == ChannelFailed("dead", "no connection", 1, misconfigured=False)
        dead.error = None
        await trio.sleep(LONGEST_PAUSE_SECONDS + 1)
        assert dead.numbers == []  # it was dropped at its deadline, and is told in a summary
        assert [summary.count for summary in dead.summaries()] == [1]
        (recovered,) = well.notices[2:]
        assert isinstance(recovered, ChannelRecovered)
        assert recovered.seconds == pytest.approx(3660, abs=61)


async def test_a_short_outage_is_told_to_nobody(autojump_clock: MockClock) -> None:
    mailbox, ill, well = new_mailbox(), FakeChannel("ill"), FakeChannel("well")
    ill.error = ChannelError("HTTP 502")
    async with running(mailbox, [Outbox(ill), Outbox(well)]):
        mailbox.post(note(1))
        await trio.sleep(DEAD_SECONDS / 2)
        ill.error = None
        await trio.sleep(DEAD_SECONDS)
    assert (ill.numbers, well.numbers) == ([1], [1])
    assert len(well.notices) == 1


async def test_what_only_the_configuration_mends_is_told_at_first_contact(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox, wrong, well = new_mailbox(), FakeChannel("wrong"), FakeChannel("well")
    wrong.contact = wrong.error = ChannelMisconfigured("notifier.wrong.token: 401")
    outboxes = [Outbox(wrong), Outbox(well)]
    async with running(mailbox, outboxes):
        await trio.sleep(0.1)
        assert well.notices == [ChannelFailed("wrong", "notifier.wrong.token: 401", 0, misconfigured=True)]
        assert outboxes[0].report().last_error == "notifier.wrong.token: 401"
        mailbox.post(note(1))
        await trio.sleep(2 * MISCONFIGURED_PAUSE_SECONDS + 1)
        assert len(wrong.attempts) == 3  # rarely, since only a person can mend it
        assert len(well.notices) == 2
        wrong.error = None
        await trio.sleep(MISCONFIGURED_PAUSE_SECONDS)
        assert wrong.numbers == [1]
        assert isinstance(well.notices[-1], ChannelRecovered)
    assert caplog.messages == ["notifications by wrong fail: notifier.wrong.token: 401"]


async def test_a_first_contact_that_fails_otherwise_or_hangs_is_left_to_the_sending(autojump_clock: MockClock) -> None:
    class Hanging(FakeChannel):
        async def check(self) -> None:
            await trio.sleep_forever()

    mailbox, hanging, ill, well = new_mailbox(), Hanging("hanging"), FakeChannel("ill"), FakeChannel("well")
    ill.contact = ChannelError("HTTP 502")
    async with running(mailbox, [Outbox(hanging), Outbox(ill), Outbox(well)]):
        mailbox.post(note(1))
        await trio.sleep(SEND_SECONDS + 1)
    assert (hanging.numbers, ill.numbers, well.numbers) == ([1], [1], [1])
    assert len(well.notices) == 1


async def test_each_channel_has_its_own_loudness(autojump_clock: MockClock) -> None:
    mailbox, quiet, loud = new_mailbox(), FakeChannel("quiet"), FakeChannel("loud")
    async with running(mailbox, [Outbox(quiet, NotificationLevels(fill="off", end="silent")), Outbox(loud)]):
        mailbox.post(fill())
        mailbox.post(note(1))
        await trio.sleep(1)
    assert [(letter.kind, letter.silent) for letter in quiet.letters] == [("end", True)]
    assert [(letter.kind, letter.silent) for letter in loud.letters] == [("fill", False), ("end", False)]


async def test_secrets_in_reasons_are_taken_out_of_words_and_data(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mailbox, leaky, well = new_mailbox(), FakeChannel("leaky"), FakeChannel("well")
    outboxes = [Outbox(leaky), Outbox(well)]
    leaky.contact = ChannelError("planted")
    async with running(mailbox, outboxes, scrub=lambda text: text.replace("planted", "***")):
        mailbox.post(ProgramEnded("bot", "cannot open planted"))
        await trio.sleep(1)
        leaky.error = ChannelError("refused planted", permanent=True)
        mailbox.post(note(1))
        await trio.sleep(1)
        leaky.error = ChannelError("planted is unknown")
        mailbox.post(note(2))
        await trio.sleep(100)
        assert outboxes[0].last_error == "*** is unknown"
    assert well.texts[0] == "bot terminated.\nReason: cannot open ***"
    assert "planted" not in repr(well.letters) + caplog.text + repr([outbox.report() for outbox in outboxes])


async def test_what_is_no_unicode_can_still_be_sent(autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel()
    async with running(mailbox, [Outbox(channel)]):
        mailbox.post(ProgramEnded("bot", "cannot open 'a\udcff'"))
        await trio.sleep(1)
    assert msgspec.json.encode(channel.letters[0]).decode().count("cannot open 'a?'") == 3


async def test_more_than_it_takes_is_summed_up_and_what_comes_then_is_told_as_before(
    autojump_clock: MockClock,
) -> None:
    mailbox, channel = new_mailbox(), FakeChannel(seconds=1)
    outbox = Outbox(channel)
    async with running(mailbox, [outbox]):
        for number in range(600):
            mailbox.post(fill(price=str(number)))
            await trio.sleep(0.25)
        await trio.sleep(60)
        mailbox.post(note(7))
        await trio.sleep(2)
    told = len(channel.notices) - len(channel.summaries()) - 1
    assert told + sum(summary.count for summary in channel.summaries()) == 600
    assert len(channel.summaries()) >= 450 // (SUMMARY_FROM + 10)
    assert (channel.numbers, outbox.dropped) == ([7], 0)


async def test_at_the_end_all_that_was_posted_is_still_sent(autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel(seconds=0.5)
    async with running(mailbox, [Outbox(channel)]) as scope:
        await wait_all_tasks_blocked()
        for number in range(2):
            mailbox.post(note(number))
        scope.cancel()
    assert channel.numbers == [0, 1]


async def test_at_the_end_a_slow_channel_gets_two_seconds_and_no_more(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox, slow, fast = new_mailbox(), FakeChannel("slow", seconds=0.9), FakeChannel("fast")
    outboxes = [Outbox(slow), Outbox(fast)]
    async with running(mailbox, outboxes) as scope:
        await wait_all_tasks_blocked()
        for number in range(3):
            mailbox.post(fill(price=str(number)))
        for number in range(3):
            mailbox.post(note(number))
        await wait_all_tasks_blocked()  # else chance decides whether the first one leaves before the end
        start = trio.current_time()
        scope.cancel()
    assert trio.current_time() - start == pytest.approx(DRAIN_SECONDS)
    assert slow.notices[0] == fill(price="0")
    assert slow.numbers == [0]
    assert (fast.numbers, len(fast.notices)) == ([0, 1, 2], 6)
    assert caplog.messages == ["notices that slow did not send: 4"]


async def test_what_is_under_way_at_the_end_is_not_sent_twice(autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel(seconds=1)
    async with running(mailbox, [Outbox(channel)]) as scope:
        mailbox.post(note(1))
        await trio.sleep(0.5)
        scope.cancel()
    assert channel.numbers == [1]
    assert len(channel.attempts) == 1


async def test_at_the_end_a_channel_that_is_down_is_tried_once_and_given_up(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox, channel = new_mailbox(), FakeChannel()
    channel.error = ChannelError("down")
    async with running(mailbox, [Outbox(channel)]) as scope:
        mailbox.post(note(1))
        mailbox.post(note(2))
        await trio.sleep(10)
        attempts, start = len(channel.attempts), trio.current_time()
        scope.cancel()
    assert trio.current_time() == start
    assert len(channel.attempts) == attempts + 1
    assert caplog.messages[-1] == "notices that fake did not send: 2"


@pytest.mark.parametrize("hanging", [False, True])
async def test_an_idle_notifier_ends_at_once(hanging: bool, autojump_clock: MockClock) -> None:
    class Hanging(FakeChannel):
        async def check(self) -> None:
            await trio.sleep_forever()

    start = trio.current_time()
    async with running(new_mailbox(), [Outbox(Hanging() if hanging else FakeChannel())]):
        await wait_all_tasks_blocked()
    assert trio.current_time() == start


async def test_after_a_bug_in_one_channel_the_next_run_goes_on_with_all_other_notices(
    autojump_clock: MockClock,
) -> None:
    mailbox, buggy, slow = new_mailbox(), FakeChannel("buggy"), FakeChannel("slow", seconds=10)
    outboxes = [Outbox(buggy), Outbox(slow)]
    buggy.bug = KeyError("bug")
    mailbox.post(note(1))
    mailbox.post(note(2))
    with pytest.RaisesGroup(pytest.RaisesExc(KeyError), flatten_subgroups=True):
        await run_notifier(mailbox, desk_of(outboxes))
    async with running(mailbox, outboxes):
        await trio.sleep(30)
    assert (buggy.numbers, outboxes[0].dropped) == ([2], 1)
    assert slow.numbers == [1, 2]


def test_the_fake_is_a_channel() -> None:
    channel: Channel = FakeChannel()
    assert channel.name == "fake"
