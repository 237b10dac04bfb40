"""Channels that are slow, broken, full or cut off must neither hold up each other nor lose what can be sent."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mailbox import Mailbox
from actors.notifier import DRAIN_SECONDS, LONGEST_PAUSE_SECONDS, OUTBOX_LIMIT, SEND_SECONDS, Outbox, run_notifier
from adapters.interfaces import Channel, ChannelError
from messages.mailboxes import NotifierMail
from messages.notices import Notice, ProgramEnded


class FakeChannel:
    """Takes `seconds` per notice; fails while `error` is set; raises `bug` once."""

    def __init__(self, name: str = "fake", seconds: float = 0) -> None:
        self.name = name
        self.seconds = seconds
        self.error: ChannelError | None = None
        self.bug: Exception | None = None
        self.attempts: list[float] = []
        self.texts: list[str] = []
        self.notices: list[Notice] = []

    async def send(self, notice: Notice, text: str) -> None:
        self.attempts.append(trio.current_time())
        await trio.sleep(self.seconds)
        if self.bug is not None:
            bug, self.bug = self.bug, None
            raise bug
        if self.error is not None:
            raise self.error
        self.notices.append(notice)
        self.texts.append(text)


def note(number: int) -> ProgramEnded:
    return ProgramEnded("bot", str(number))


def numbers(channel: FakeChannel) -> list[int]:
    return [int(notice.reason) for notice in channel.notices if isinstance(notice, ProgramEnded)]


@asynccontextmanager
async def running(mailbox: Mailbox[NotifierMail], outboxes: Sequence[Outbox]) -> AsyncIterator[trio.CancelScope]:
    """A notifier that is cancelled, and has ended, when the block ends."""
    async with trio.open_nursery() as nursery:
        await nursery.start(run_notifier, mailbox, outboxes)
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
            assert numbers(channel) == [0, 1, 2]
            assert channel.texts[0] == "bot terminated.\nReason: 0"
    assert [outbox.sent for outbox in outboxes] == [3, 3]


async def test_a_slow_channel_holds_up_no_other(autojump_clock: MockClock) -> None:
    mailbox, slow, fast = new_mailbox(), FakeChannel("slow", seconds=20), FakeChannel("fast")
    async with running(mailbox, [Outbox(slow), Outbox(fast)]):
        for number in range(3):
            mailbox.post(note(number))
        await trio.sleep(1)
        assert numbers(fast) == [0, 1, 2]
        assert numbers(slow) == []
        await trio.sleep(60)
        assert numbers(slow) == [0, 1, 2]


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
        start = trio.current_time()
        mailbox.post(note(1))
        mailbox.post(note(2))
        await trio.sleep(200)
        assert [at - start for at in channel.attempts] == pytest.approx([0, 1, 3, 7, 15, 31, 63, 123, 183])
        assert (outbox.failures, outbox.last_error, len(outbox)) == (9, "HTTP 502", 2)
        channel.error = None
        await trio.sleep(LONGEST_PAUSE_SECONDS)
        assert numbers(channel) == [1, 2]
        assert (outbox.failures, outbox.last_error, len(outbox), outbox.dropped) == (9, "", 0, 0)
    assert [record.message for record in caplog.records] == [
        "notifications by fake fail: HTTP 502",
        "notifications by fake work again, 1 wait",
    ]


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
    assert numbers(channel) == [2]
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
        assert numbers(channel) == [1]


async def test_a_full_outbox_drops_the_oldest_and_counts_it(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox, channel = new_mailbox(), FakeChannel()
    outbox = Outbox(channel)
    channel.error = ChannelError("down")
    async with running(mailbox, [outbox]):
        for number in range(OUTBOX_LIMIT + 50):
            mailbox.post(note(number))
        await trio.sleep(100)
        assert (len(outbox), outbox.dropped) == (OUTBOX_LIMIT, 50)
        channel.error = None
        await trio.sleep(60)
        assert numbers(channel) == list(range(50, OUTBOX_LIMIT + 50))
    assert sum("the oldest are dropped" in message for message in caplog.messages) == 1


async def test_a_notice_under_way_is_the_oldest_when_newer_ones_filled_the_outbox(autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel(seconds=10)
    outbox = Outbox(channel, limit=2)
    async with running(mailbox, [outbox]):
        mailbox.post(note(1))
        await trio.sleep(1)
        channel.error = ChannelError("down")
        mailbox.post(note(2))
        mailbox.post(note(3))
        await trio.sleep(9.5)
        channel.error = None
        await trio.sleep(60)
    assert numbers(channel) == [2, 3]
    assert outbox.dropped == 1


async def test_at_the_end_all_that_was_posted_is_still_sent(autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel(seconds=0.5)
    async with running(mailbox, [Outbox(channel)]) as scope:
        await wait_all_tasks_blocked()
        for number in range(3):
            mailbox.post(note(number))
        scope.cancel()
    assert numbers(channel) == [0, 1, 2]


async def test_at_the_end_a_slow_channel_gets_two_seconds_and_no_more(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox, slow, fast = new_mailbox(), FakeChannel("slow", seconds=0.9), FakeChannel("fast")
    outboxes = [Outbox(slow), Outbox(fast)]
    async with running(mailbox, outboxes) as scope:
        for number in range(5):
            mailbox.post(note(number))
        start = trio.current_time()
        scope.cancel()
    assert trio.current_time() - start == pytest.approx(DRAIN_SECONDS)
    assert numbers(slow) == [0, 1]
    assert numbers(fast) == [0, 1, 2, 3, 4]
    assert caplog.messages == ["3 notices were not sent by slow"]


async def test_what_is_under_way_at_the_end_is_not_sent_twice(autojump_clock: MockClock) -> None:
    mailbox, channel = new_mailbox(), FakeChannel(seconds=1)
    async with running(mailbox, [Outbox(channel)]) as scope:
        mailbox.post(note(1))
        await trio.sleep(0.5)
        scope.cancel()
    assert numbers(channel) == [1]
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
    assert caplog.messages[-1] == "2 notices were not sent by fake"


async def test_an_idle_notifier_ends_at_once(autojump_clock: MockClock) -> None:
    start = trio.current_time()
    async with running(new_mailbox(), [Outbox(FakeChannel())]):
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
        await run_notifier(mailbox, outboxes)
    async with running(mailbox, outboxes):
        await trio.sleep(30)
    assert numbers(buggy) == [2]
    assert numbers(slow) == [1, 2]


def test_the_fake_is_a_channel() -> None:
    channel: Channel = FakeChannel()
    assert channel.name == "fake"
