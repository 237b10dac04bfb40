"""Room and time are bounded, nothing disappears uncounted, and the newest is read first after an outage."""

import logging

import msgspec
import pytest
import trio
from trio.testing import MockClock

from actors.notifier.outbox import (
    DEADLINE_SECONDS,
    FINAL_SUMMARY_FROM,
    LATE_SECONDS,
    LATE_SUMMARY_FROM,
    OUTBOX_LIMIT,
    SUMMARY_FROM,
    TOO_MANY,
    Outbox,
    Waiting,
)
from messages.letters import Letter, NotificationLevels
from messages.notices import NoticesMissed, ProgramEnded, StrategyHalted
from messages.status import ChannelReport
from tests.actors.channels import FakeChannel, fill, ladder, letter, note


def new_outbox(loudness: NotificationLevels | None = None, limit: int = OUTBOX_LIMIT) -> Outbox:
    return Outbox(FakeChannel(), loudness, limit)


def taken(outbox: Outbox, *, ending: bool = False) -> Waiting:
    waiting = outbox.take(ending=ending)
    assert waiting is not None
    return waiting


def emptied(outbox: Outbox, *, ending: bool = False) -> list[Letter]:
    """All that is sent one after the other by a channel that works."""
    letters = []
    while waiting := outbox.take(ending=ending):
        letters.append(waiting.letter)
        outbox.succeeded(waiting)
    return letters


async def test_a_few_are_sent_one_by_one_in_order(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    letters = [letter(fill(price=str(number))) for number in range(SUMMARY_FROM - 1)]
    for one in letters:
        outbox.put(one)
    assert emptied(outbox) == letters
    assert (outbox.sent, outbox.summed, outbox.dropped, len(outbox)) == (SUMMARY_FROM - 1, 0, 0, 0)


async def test_more_than_a_channel_takes_in_half_a_minute_is_one_summary(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    for number in range(SUMMARY_FROM):
        outbox.put(letter(fill(price=str(number))))
    assert len(outbox) == SUMMARY_FROM
    (summary,) = emptied(outbox)
    assert isinstance(summary.notice, NoticesMissed)
    assert (summary.notice.count, summary.notice.reason, summary.notice.channel) == (SUMMARY_FROM, TOO_MANY, "fake")
    assert (outbox.sent, outbox.summed, outbox.dropped, len(outbox)) == (1, SUMMARY_FROM, 0, 0)


async def test_a_few_late_ones_are_sent_one_by_one_and_say_from_when_they_are(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    outbox.put(letter(fill()))
    outbox.put(letter(ladder(price=5)))
    await trio.sleep(LATE_SECONDS + 1)
    outbox.put(letter(fill("young")))
    late, status, young = emptied(outbox)
    assert late.text.startswith("🕒 2025-10-27 12:21:07 UTC\n✅ SOL/EUR: Buy")
    assert status.text.startswith("🕒 2025-10-27 12:21:07 UTC\n👑 grid")
    assert young.text.startswith("✅ SOL/EUR: Buy")


async def test_a_late_one_that_is_tried_again_is_dated_once(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    outbox.put(letter(fill()))
    await trio.sleep(LATE_SECONDS + 1)
    outbox.put_back(taken(outbox))
    assert taken(outbox).letter.text.count("🕒") == 1


async def test_after_an_outage_the_newest_is_read_first_and_then_each_strategys_newest_ladder(
    autojump_clock: MockClock,
) -> None:
    outbox = new_outbox()
    outbox.put(letter(ladder("a", 1)))
    for number in range(LATE_SUMMARY_FROM):
        outbox.put(letter(fill(price=str(number)), number + 1))
    outbox.put(letter(ladder("b", 2)))
    outbox.put(letter(ladder("a", 3)))
    await trio.sleep(LATE_SECONDS + 1)
    summary, *ladders = emptied(outbox)
    assert isinstance(summary.notice, NoticesMissed)
    assert summary.notice.rows[0].newest == f"grid: buy executed, 0.31 SOL at {LATE_SUMMARY_FROM - 1} EUR"
    assert [one.notice for one in ladders] == [ladder("b", 2), ladder("a", 3)]
    assert (outbox.summed, outbox.dropped) == (LATE_SUMMARY_FROM, 1)


async def test_past_its_deadline_a_notice_is_dropped_and_only_counted(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    outbox.put(letter(StrategyHalted("a", "SOL/EUR", "no price", "stay")))
    await trio.sleep(DEADLINE_SECONDS + 1)
    outbox.put(letter(fill()))
    summary, one = emptied(outbox)
    assert isinstance(summary.notice, NoticesMissed)
    assert [(row.kind, row.count) for row in summary.notice.rows] == [("halt", 1)]
    assert one.notice == fill()
    assert (outbox.dropped, outbox.summed, outbox.sent) == (1, 0, 2)


async def test_the_oldest_makes_room_and_is_told_by_number(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    outbox = new_outbox(limit=5)
    for number in range(8):
        outbox.put(letter(fill(price=str(number))))
    assert (len(outbox), outbox.dropped) == (5, 3)
    summary, *rest = emptied(outbox)
    assert isinstance(summary.notice, NoticesMissed)
    assert summary.notice.count == 3
    assert [one.notice for one in rest] == [fill(price=str(number)) for number in range(3, 8)]
    assert caplog.messages == ["too many notices wait for fake: only the newest 5 are kept"]


async def test_what_was_not_sent_is_the_oldest_again_and_lost_to_newer_ones_if_they_fill_the_room(
    autojump_clock: MockClock,
) -> None:
    outbox = new_outbox(limit=2)
    outbox.put(letter(note(1)))
    first = taken(outbox)
    outbox.put(letter(note(2)))
    outbox.put_back(first)
    assert taken(outbox) == first
    outbox.put(letter(note(3)))
    outbox.put_back(first)
    assert (len(outbox), outbox.dropped) == (2, 1)


async def test_a_summary_that_was_not_sent_is_not_lost_and_grows(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    for number in range(SUMMARY_FROM):
        outbox.put(letter(fill(price=str(number))))
    waiting = taken(outbox)
    for number in range(SUMMARY_FROM):
        outbox.put(letter(fill(price=str(100 + number))))
    outbox.put_back(waiting)
    assert len(outbox) == 2 * SUMMARY_FROM
    (summary,) = emptied(outbox)
    assert isinstance(summary.notice, NoticesMissed)
    assert (summary.notice.count, outbox.summed) == (2 * SUMMARY_FROM, 2 * SUMMARY_FROM)


async def test_a_summary_that_failed_takes_along_the_few_that_came_since(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    for number in range(SUMMARY_FROM):
        outbox.put(letter(fill(price=str(number))))
    waiting = taken(outbox)
    outbox.put(letter(fill(price="777")))
    outbox.put_back(waiting)
    outbox.failed("down", 0.0)
    (summary,) = emptied(outbox)
    assert isinstance(summary.notice, NoticesMissed)
    assert summary.notice.count == SUMMARY_FROM + 1
    assert summary.notice.rows[0].newest.endswith("at 777 EUR")


async def test_only_the_newest_ladder_of_a_strategy_waits(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    outbox.put(letter(ladder("a", 1)))
    under_way = taken(outbox)
    outbox.put(letter(ladder("a", 2)))
    outbox.put(letter(ladder("a", 3)))
    outbox.put_back(under_way)
    assert [one.notice for one in emptied(outbox)] == [ladder("a", 3)]
    assert outbox.dropped == 2


async def test_each_kind_is_as_loud_as_configured(autojump_clock: MockClock) -> None:
    outbox = new_outbox(NotificationLevels(fill="off", end="silent"))
    for notice in (fill(), note(1), ladder(price=1), StrategyHalted("a", "b/c", "d", "e")):
        outbox.put(letter(notice))
    assert [(one.kind, one.silent) for one in emptied(outbox)] == [("end", True), ("status", True), ("halt", False)]
    assert outbox.dropped == 0


@pytest.mark.parametrize(
    ("loudness", "silent"), [(NotificationLevels(fill="silent"), True), (NotificationLevels(), False)]
)
async def test_a_summary_is_as_loud_as_the_loudest_in_it(
    loudness: NotificationLevels, silent: bool, autojump_clock: MockClock
) -> None:
    outbox = new_outbox(loudness)
    for _ in range(SUMMARY_FROM):
        outbox.put(letter(fill()))
    assert [one.silent for one in emptied(outbox)] == [silent]


async def test_at_the_end_the_last_word_comes_first_and_then_one_summary(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    for notice in (ladder("a"), fill(), fill(), ProgramEnded("bot", "asked")):
        outbox.put(letter(notice))
    assert FINAL_SUMMARY_FROM <= 3
    end, summary = emptied(outbox, ending=True)
    assert isinstance(summary.notice, NoticesMissed)
    assert summary.notice.count == 3
    assert end.notice == ProgramEnded("bot", "asked")


async def test_a_refused_notice_is_counted_once(caplog: pytest.LogCaptureFixture, autojump_clock: MockClock) -> None:
    outbox = new_outbox(limit=SUMMARY_FROM)
    for _ in range(SUMMARY_FROM + 2):
        outbox.put(letter(fill()))
    assert outbox.dropped == 2
    outbox.refused(taken(outbox), "too long")
    assert (outbox.dropped, len(outbox)) == (SUMMARY_FROM + 2, 0)
    outbox.put(letter(fill()))
    outbox.refused(taken(outbox), "too long")
    assert (outbox.dropped, outbox.failures) == (SUMMARY_FROM + 3, 2)
    assert caplog.messages[-1] == "fake refused a notice, it is dropped: too long"


async def test_only_the_first_failure_of_an_outage_is_logged(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    caplog.set_level(logging.INFO)
    outbox = new_outbox()
    outbox.put(letter(note(1)))
    waiting = taken(outbox)
    for began in range(3):
        outbox.put_back(waiting)
        outbox.failed("HTTP 502", float(began))
        waiting = taken(outbox)
    assert (outbox.down_since, outbox.last_error) == (0.0, "HTTP 502")
    outbox.succeeded(waiting)
    assert (outbox.down_since, outbox.last_error, outbox.failures) == (None, "", 3)
    assert caplog.messages == ["notifications by fake fail: HTTP 502", "notifications by fake work again, 0 wait"]


async def test_it_reports_how_the_channel_fares(autojump_clock: MockClock) -> None:
    outbox = new_outbox()
    assert outbox.report() == ChannelReport("fake", True, 0, 0, 0, 0, 0, "")
    outbox.put(letter(note(1)))
    outbox.failed("refused", 0.0)
    assert outbox.report() == ChannelReport("fake", False, 1, 0, 0, 0, 1, "refused")


def test_a_letter_is_a_message() -> None:
    one = letter(ladder(price=3))
    assert msgspec.json.decode(msgspec.json.encode(one), type=Letter) == one


def test_the_limits_fit_together() -> None:
    assert LATE_SUMMARY_FROM < SUMMARY_FROM < OUTBOX_LIMIT
