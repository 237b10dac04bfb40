"""One hour in which no channel answers, with fills every second: no decision is later for it, and memory is bounded."""

import trio
from trio.testing import MockClock

from actors.notifier.outbox import OUTBOX_LIMIT, Outbox
from messages.notices import LadderStatus, NoticesMissed, OrderFilled
from tests.actors.channels import FakeChannel
from tests.actors.trading_hour import HOUR, Hour, Trader


async def traded(outboxes: list[Outbox], *, with_notifier: bool) -> Hour:
    trader = Trader(outboxes)
    async with trader.running(with_notifier=with_notifier):
        await trader.trade(HOUR, with_notifier=with_notifier)
    return trader.hour


async def test_an_hour_of_hanging_channels(autojump_clock: MockClock) -> None:
    channels = [FakeChannel(name, seconds=1e9) for name in ("telegram", "webhook", "pager")]
    outboxes = [Outbox(channel) for channel in channels]
    trader = Trader(outboxes)
    async with trader.running():
        await trader.trade(HOUR)
        hour = trader.hour
        assert hour.fills >= HOUR
        assert len(hour.decisions) >= HOUR
        assert {decision.virtual for decision in hour.decisions} == {0.0}
        assert hour.longest_outbox <= OUTBOX_LIMIT + HOUR  # what waits for a summary is a number, not a letter
        assert all(len(outbox._letters) <= OUTBOX_LIMIT for outbox in outboxes)
        assert all(len(outbox._missed.rows) < 10 for outbox in outboxes)
        for channel in channels:
            channel.seconds = 0
        await trio.sleep(120)
        for channel, outbox in zip(channels, outboxes, strict=True):
            first = channel.letters[0]
            assert isinstance(first.notice, NoticesMissed)
            newest = next(row for row in first.notice.rows if row.kind == "fill")
            assert newest.newest == f"grid: {hour.last_fill}"
            assert first.notice.count >= hour.fills
            told = sum(isinstance(notice, OrderFilled) for notice in channel.notices)
            assert told == 0  # none of them an hour late, one by one
            assert [type(notice) for notice in channel.notices[1:2]] in ([], [LadderStatus])
            assert len(outbox) == 0


async def test_the_decisions_of_the_hour_are_the_same_without_a_notifier(autojump_clock: MockClock) -> None:
    hanging = [Outbox(FakeChannel(seconds=1e9))]
    with_notifier, without = await traded(hanging, with_notifier=True), await traded([], with_notifier=False)
    assert [decision.cause for decision in with_notifier.decisions] == [
        decision.cause for decision in without.decisions
    ]
    assert (with_notifier.fills, with_notifier.last_fill) == (without.fills, without.last_fill)
