"""The notifier: hands every notice to every channel, so that no channel can hold up anything else.

Each channel has a bounded outbox and a task of its own. A channel that is down keeps its notices and is
tried again with growing pauses; once the outbox is full, the oldest notice makes room for the newest.
"""

import logging
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import trio

from actors.mailbox import Mailbox
from actors.notice_texts import render
from adapters.interfaces import Channel, ChannelError
from messages.mailboxes import NotifierMail
from messages.notices import Notice

log = logging.getLogger(__name__)

OUTBOX_LIMIT = 200
"""Notices per channel."""
SEND_SECONDS = 30
"""A channel that has not taken a notice by then is treated as down."""
FIRST_PAUSE_SECONDS = 1
LONGEST_PAUSE_SECONDS = 60
DRAIN_SECONDS = 2
"""What is left at the end gets this long, out of the eight seconds of the whole shutdown."""


class Letter(NamedTuple):
    """A notice and its words."""

    notice: Notice
    text: str


class Outbox:
    """What one channel still has to send, and how it fares.

    It belongs to the supervisor, as mailboxes do, and outlives a crashed notifier.
    """

    def __init__(self, channel: Channel, limit: int = OUTBOX_LIMIT) -> None:
        self.channel = channel
        self.sent = 0
        self.dropped = 0
        """Notices that will never be sent: pushed out by newer ones, or refused for good."""
        self.failures = 0
        """Failed attempts."""
        self.last_error = ""
        """Why the channel is down; empty while it works."""
        self._limit = limit
        self._letters: deque[Letter] = deque()
        self._overflowing = False
        self._changed = trio.Event()

    def __len__(self) -> int:
        return len(self._letters)

    def put(self, letter: Letter) -> None:
        """Add the newest; the oldest goes if there is no room. Never blocks."""
        if len(self._letters) >= self._limit:
            self._letters.popleft()
            self._count_overflow()
        self._letters.append(letter)
        self.wake()

    def put_back(self, letter: Letter) -> None:
        """Return the oldest, which was not sent; it is lost if newer ones have taken its place."""
        if len(self._letters) >= self._limit:
            self._count_overflow()
        else:
            self._letters.appendleft(letter)

    def take(self) -> Letter | None:
        """The oldest, or None."""
        return self._letters.popleft() if self._letters else None

    def wake(self) -> None:
        """Let whoever waits in `changed` look again."""
        self._changed.set()

    async def changed(self) -> None:
        """Wait for the next `put` or `wake`."""
        self._changed = trio.Event()
        await self._changed.wait()

    def succeeded(self) -> None:
        """Count a notice as sent; ends an outage."""
        self.sent += 1
        self._overflowing = False
        if self.last_error:
            self.last_error = ""
            log.info("notifications by %s work again, %d wait", self.channel.name, len(self))

    def failed(self, reason: str) -> None:
        """Count a failed attempt; only the first of an outage is logged."""
        self.failures += 1
        if not self.last_error:
            log.warning("notifications by %s fail: %s", self.channel.name, reason)
        self.last_error = reason

    def refused(self, reason: str) -> None:
        """Count a notice that the channel will never take."""
        self.failures += 1
        self.dropped += 1
        log.warning("%s refused a notice, it is dropped: %s", self.channel.name, reason)

    def _count_overflow(self) -> None:
        self.dropped += 1
        if not self._overflowing:
            log.warning("more than %d notices wait for %s, the oldest are dropped", self._limit, self.channel.name)
        self._overflowing = True


async def run_notifier(
    mailbox: Mailbox[NotifierMail],
    outboxes: Sequence[Outbox],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Deliver notices until cancelled; then what was posted until that moment gets `DRAIN_SECONDS`.

    An exception other than `ChannelError` out of a channel is a bug and ends the notifier; that notice is
    lost, all others stay in their outboxes for the next run.
    """
    ending = trio.Event()
    delivery = trio.CancelScope(shield=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_run_channels, outboxes, ending, delivery)
        try:
            task_status.started()
            while True:
                _distribute(await mailbox.receive(), outboxes)
        finally:
            delivery.deadline = trio.current_time() + DRAIN_SECONDS
            ending.set()
            _distribute(mailbox.receive_nowait(), outboxes)
            for outbox in outboxes:
                outbox.wake()


def _distribute(notices: Sequence[Notice], outboxes: Sequence[Outbox]) -> None:
    for notice in notices:
        letter = Letter(notice, render(notice))
        for outbox in outboxes:
            outbox.put(letter)


async def _run_channels(outboxes: Sequence[Outbox], ending: trio.Event, delivery: trio.CancelScope) -> None:
    """Cancellation reaches the channels through `delivery` only: what is being sent is not torn apart."""
    with delivery:
        async with trio.open_nursery() as nursery:
            for outbox in outboxes:
                nursery.start_soon(partial(_run_channel, outbox, ending))
    for outbox in outboxes:
        if outbox:
            log.warning("%d notices were not sent by %s", len(outbox), outbox.channel.name)


async def _run_channel(outbox: Outbox, ending: trio.Event) -> None:
    """Send in order. At the end return once nothing is left, or at the first failure."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        letter = outbox.take()
        if letter is None:
            if ending.is_set():
                return
            await outbox.changed()
        elif await _send(outbox, letter):
            pause = FIRST_PAUSE_SECONDS
        elif ending.is_set():
            return
        else:
            with trio.move_on_after(pause):
                await ending.wait()
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


async def _send(outbox: Outbox, letter: Letter) -> bool:
    """Whether the channel works: it has taken the notice, or said that it never will."""
    try:
        with trio.fail_after(SEND_SECONDS):
            await outbox.channel.send(letter.notice, letter.text)
    except ChannelError as error:
        if error.permanent:
            outbox.refused(str(error))
            return True
        outbox.put_back(letter)
        outbox.failed(str(error) or "no reason given")
        return False
    except trio.TooSlowError:
        outbox.put_back(letter)
        outbox.failed(f"no answer within {SEND_SECONDS} s")
        return False
    except trio.Cancelled:
        outbox.put_back(letter)
        raise
    outbox.succeeded()
    return True
