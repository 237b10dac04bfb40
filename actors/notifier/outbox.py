"""What one channel still has to send, within bounds of room and of time, and how the channel fares.

In order, one by one, as long as that keeps up. What waits too long or is too much becomes one digest,
so that after an outage the newest state is the first thing that is read, not the oldest.
"""

import logging
from collections import deque
from typing import NamedTuple

import msgspec
import trio

from actors.notifier.digest import Missed
from actors.notifier.notice_texts import write_letter
from actors.notifier.trouble_texts import moment
from messages.letters import Letter, NotificationLevels
from messages.notices import LadderStatus, Notice, ProgramEnded
from messages.status import ChannelReport
from trading.ports import Channel

log = logging.getLogger(__name__)

OUTBOX_LIMIT = 200
"""Notices that wait for one channel; beyond, the oldest makes room for the newest."""
DEADLINE_SECONDS = 3600.0
"""A notice that could not be sent by then is dropped and counted."""
LATE_SECONDS = 60.0
"""A notice that is older says from when it is."""
SUMMARY_FROM = 30
"""This many waiting notices become one digest: a channel that takes one a second is half a minute behind."""
LATE_SUMMARY_FROM = 6
"""This many are enough for a digest once the oldest is late: after an outage."""
FINAL_SUMMARY_FROM = 2
"""Notices sent at the end besides the last one, when two seconds are left."""
TOO_MANY = "more came than it takes"


class Waiting(NamedTuple):
    """A letter in the outbox; `since` is trio's clock. A summary brings what it stands for."""

    letter: Letter
    since: float
    told: Missed | None = None


class Outbox:
    """One channel's queue and its state of health.

    It belongs to the supervisor, as mailboxes do, and outlives a crashed notifier.
    """

    def __init__(self, channel: Channel, loudness: NotificationLevels | None = None, limit: int = OUTBOX_LIMIT) -> None:
        self.channel = channel
        self.sent = 0
        """Messages that the channel accepted; a digest counts as one."""
        self.summed = 0
        """Notices delivered only as part of a digest."""
        self.dropped = 0
        """Notices never delivered on their own: evicted, expired, superseded or permanently refused."""
        self.failures = 0
        """Failed attempts."""
        self.last_error = ""
        """Why the channel is down; empty while it works."""
        self.misconfigured = False
        self.down_since: float | None = None
        """When the channel failed, in seconds of trio's clock; None while it works."""
        self.outage_told = False
        """Whether the other channels were notified of the present outage."""
        self._loudness = loudness or NotificationLevels()
        self._limit = limit
        self._letters: deque[Waiting] = deque()
        self._missed = Missed()
        self._cause = ""
        self._overflowing = False
        self._changed = trio.Event()

    def __len__(self) -> int:
        return len(self._letters) + self._missed.folded

    def put(self, letter: Letter) -> None:
        """Add the newest; the oldest goes if there is no room. Never blocks."""
        volume = self._loudness.of(letter.kind)
        if volume == "off":
            return
        letter = msgspec.structs.replace(letter, silent=volume == "silent")
        if isinstance(letter.notice, LadderStatus):
            self._forget_older_status(letter.notice)
        if len(self._letters) >= self._limit:
            self._drop(self._letters.popleft().letter)
            self._tell_overflow()
        self._letters.append(Waiting(letter, trio.current_time()))
        self.wake()

    def take(self, *, ending: bool = False) -> Waiting | None:
        """What to send next, or None. Whoever takes it says what became of it."""
        now = trio.current_time()
        while self._letters and now - self._letters[0].since > DEADLINE_SECONDS:
            self._drop(self._letters.popleft().letter)
        # During an outage a summary takes along what came since it was tried last: that is the newest of all.
        if self._summary_is_due(now, ending=ending) or (self._missed and self.down_since is not None):
            self._fold(ending=ending)
        if self._missed and not (ending and self._last_word_first()):
            return self._summary()
        if not self._letters:
            return None
        first = self._letters.popleft()
        return first._replace(letter=_dated(first.letter)) if now - first.since > LATE_SECONDS else first

    def put_back(self, waiting: Waiting) -> None:
        """Return what was not sent; it is the oldest, and lost if newer ones have taken its place."""
        if waiting.told is not None:
            waiting.told.absorb(self._missed)
            self._missed = waiting.told
        elif len(self._letters) >= self._limit:
            self._drop(waiting.letter)
            self._tell_overflow()
        elif not self._is_outdated(waiting.letter):
            self._letters.appendleft(waiting)
        else:
            self.dropped += 1

    def wake(self) -> None:
        """Let whoever waits in `changed` look again."""
        self._changed.set()

    async def changed(self) -> None:
        """Wait for the next `put` or `wake`."""
        self._changed = trio.Event()
        await self._changed.wait()

    def succeeded(self, waiting: Waiting) -> None:
        """Count a message as sent; ends an outage."""
        self.sent += 1
        self.summed += waiting.told.folded if waiting.told else 0
        self._overflowing = False
        if self.last_error:
            log.info("notifications by %s work again, %d wait", self.channel.name, len(self))
        self.last_error, self.down_since = "", None
        self.misconfigured = self.outage_told = False
        if not self._missed:
            self._cause = ""

    def failed(self, reason: str, began: float, *, misconfigured: bool = False) -> float:
        """Count a failed attempt that began then; only the first of an outage is logged. Returns when that began."""
        self.failures += 1
        if not self.last_error or (misconfigured and not self.misconfigured):
            log.warning("notifications by %s fail: %s", self.channel.name, reason)
        self.last_error = self._cause = reason
        self.misconfigured = misconfigured
        if self.down_since is None:
            self.down_since = began
        return self.down_since

    def refused(self, waiting: Waiting, reason: str) -> None:
        """Count a notice that the channel will never take; the channel itself works."""
        self.failures += 1
        self.dropped += waiting.told.folded if waiting.told else 1
        log.warning("%s refused a notice, it is dropped: %s", self.channel.name, reason)

    def report(self) -> ChannelReport:
        """How the channel fares, for `/status` and `/metrics`."""
        return ChannelReport(
            channel=self.channel.name,
            works=not self.last_error,
            waiting=len(self),
            sent=self.sent,
            summed=self.summed,
            dropped=self.dropped,
            failures=self.failures,
            last_error=self.last_error,
        )

    def _summary_is_due(self, now: float, *, ending: bool) -> bool:
        kept = ProgramEnded if ending else LadderStatus
        one_by_one = sum(not isinstance(waiting.letter.notice, kept) for waiting in self._letters)
        if ending:
            return one_by_one >= FINAL_SUMMARY_FROM
        late = bool(self._letters) and now - self._letters[0].since > LATE_SECONDS
        return one_by_one >= (LATE_SUMMARY_FROM if late else SUMMARY_FROM)

    def _fold(self, *, ending: bool) -> None:
        """Into the summary, but for the newest ladder of each strategy, or at the end but for the last word."""
        kept = ProgramEnded if ending else LadderStatus
        for waiting in self._letters:
            if not isinstance(waiting.letter.notice, kept):
                self._missed.add(waiting.letter, dropped=False)
        self._letters = deque(waiting for waiting in self._letters if isinstance(waiting.letter.notice, kept))

    def _last_word_first(self) -> bool:
        """Two seconds may be enough for one message only. Whether there is a last word, which now comes next."""
        for waiting in self._letters:
            if isinstance(waiting.letter.notice, ProgramEnded):
                self._letters.remove(waiting)
                self._letters.appendleft(waiting)
                return True
        return False

    def _summary(self) -> Waiting:
        told, self._missed = self._missed, Missed()
        notice = told.summary(self.channel.name, self._cause or TOO_MANY)
        return Waiting(write_letter(notice, told.bot, notice.until, silent=told.silent), trio.current_time(), told)

    def _forget_older_status(self, notice: LadderStatus) -> None:
        for waiting in self._letters:
            if _same_ladder(waiting.letter.notice, notice):
                self._letters.remove(waiting)
                self.dropped += 1
                return

    def _is_outdated(self, letter: Letter) -> bool:
        return isinstance(letter.notice, LadderStatus) and any(
            _same_ladder(waiting.letter.notice, letter.notice) for waiting in self._letters
        )

    def _drop(self, letter: Letter) -> None:
        self.dropped += 1
        self._missed.add(letter, dropped=True)

    def _tell_overflow(self) -> None:
        if not self._overflowing:
            log.warning("too many notices wait for %s: only the newest %d are kept", self.channel.name, self._limit)
        self._overflowing = True


def _dated(letter: Letter) -> Letter:
    when = f"🕒 {moment(letter.time)}"
    return letter if letter.text.startswith(when) else msgspec.structs.replace(letter, text=f"{when}\n{letter.text}")


def _same_ladder(one: Notice, other: LadderStatus) -> bool:
    return isinstance(one, LadderStatus) and (one.strategy, one.symbol) == (other.strategy, other.symbol)
