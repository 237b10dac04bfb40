"""The notifier: hands every notice to every channel, so that no channel can hold up anything else.

Each channel has an outbox and a task of its own. A channel that is down is tried again with growing pauses;
the other channels report that it is down.
"""

import logging
import random
from collections.abc import Callable, Sequence

import msgspec
import trio
from msgspec import Struct

from actors.mailbox import Mailbox
from actors.notifier.notice_texts import write_letter
from actors.notifier.outbox import Outbox, Waiting
from messages.mailboxes import NotifierMail
from messages.notices import ChannelFailed, ChannelRecovered, Notice
from trading.ports import ChannelError, ChannelMisconfigured

log = logging.getLogger(__name__)

SEND_SECONDS = 30.0
"""A channel that has not taken a notice by then is treated as down."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
MISCONFIGURED_PAUSE_SECONDS = 600.0
"""Only a person can mend it, perhaps at the service (a bot that was not yet let into its chat)."""
LONGEST_RETRY_AFTER_SECONDS = 3600.0
JITTER = 0.2
"""Pauses are lengthened by up to this share, so that many programs do not return at the same moment."""
DEAD_SECONDS = 60.0
"""The other channels report an outage once it has lasted this long, in seconds."""
DRAIN_SECONDS = 2.0
"""What is left at the end gets this long, out of the eight seconds of the whole shutdown."""


class NotifierContext(Struct, frozen=True):
    """What the notifier needs besides its mail."""

    outboxes: Sequence[Outbox]
    bot: str
    now: Callable[[], int]
    """The wall clock, nanoseconds UTC."""
    scrub: Callable[[str], str] = str
    """Takes secrets out of a text that came from somewhere else."""
    jitter: Callable[[], float] = random.random
    """A number from 0 to 1 for each pause."""


async def run_notifier(
    mailbox: Mailbox[NotifierMail],
    desk: NotifierContext,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Deliver notices until cancelled; then what was posted until that moment gets `DRAIN_SECONDS`.

    An exception other than `ChannelError` out of a channel is a bug and ends the notifier; that notice is
    dropped, all others stay in their outboxes for the next run.
    """
    ending = trio.Event()
    delivery = trio.CancelScope(shield=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_run_channels, desk, ending, delivery)
        try:
            task_status.started()
            while True:
                for notice in await mailbox.receive():
                    _tell(desk, notice, desk.outboxes)
        finally:
            delivery.deadline = trio.current_time() + DRAIN_SECONDS
            ending.set()
            for notice in mailbox.receive_nowait():
                _tell(desk, notice, desk.outboxes)
            for outbox in desk.outboxes:
                outbox.wake()


def _tell(desk: NotifierContext, notice: Notice, outboxes: Sequence[Outbox]) -> None:
    letter = write_letter(_without_secrets(notice, desk.scrub), desk.bot, desk.now())
    for outbox in outboxes:
        outbox.put(letter)


def _without_secrets(notice: Notice, scrub: Callable[[str], str]) -> Notice:
    """Reasons quote exceptions, which may quote anything: secrets, and names of files that are no Unicode."""
    texts = {field: value for field in notice.__struct_fields__ if isinstance(value := getattr(notice, field), str)}
    clean = {field: scrub(text).encode("utf-8", "replace").decode() for field, text in texts.items()}
    return msgspec.structs.replace(notice, **clean)


async def _run_channels(desk: NotifierContext, ending: trio.Event, delivery: trio.CancelScope) -> None:
    """Cancellation reaches the channels through `delivery` only: what is being sent is not torn apart."""
    with delivery:
        async with trio.open_nursery() as nursery:
            for outbox in desk.outboxes:
                nursery.start_soon(_run_channel, desk, outbox, ending)
    for outbox in desk.outboxes:
        if outbox:
            log.warning("notices that %s did not send: %d", outbox.channel.name, len(outbox))


async def _run_channel(desk: NotifierContext, outbox: Outbox, ending: trio.Event) -> None:
    """Send in order. At the end return once nothing is left, or at the first failure."""
    await _first_contact(desk, outbox, ending)
    failures = 0
    while True:
        waiting = outbox.take(ending=ending.is_set())
        if waiting is None:
            if ending.is_set():
                return
            await outbox.changed()
            continue
        failure = await _send(desk, outbox, waiting)
        if failure is None:
            failures = 0
            continue
        failures += 1
        if ending.is_set():
            return
        with trio.move_on_after(_pause(failure, failures, desk.jitter())):
            await ending.wait()


async def _first_contact(desk: NotifierContext, outbox: Outbox, ending: trio.Event) -> None:
    """Tell at once what only the user can mend. What else is wrong shows when something is sent."""
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_at_the_end, ending, nursery.cancel_scope)
        with trio.move_on_after(SEND_SECONDS):
            try:
                await outbox.channel.check()
            except ChannelMisconfigured as error:
                _failed(desk, outbox, error, began)
            except ChannelError as error:
                log.debug("first contact with %s: %s", outbox.channel.name, desk.scrub(str(error)))
        nursery.cancel_scope.cancel()


async def _stop_at_the_end(ending: trio.Event, scope: trio.CancelScope) -> None:
    await ending.wait()
    scope.cancel()


async def _send(desk: NotifierContext, outbox: Outbox, waiting: Waiting) -> ChannelError | None:
    """Why it failed; None when the channel works: it has taken the notice, or said that it never will."""
    began = trio.current_time()
    try:
        with trio.fail_after(SEND_SECONDS):
            await outbox.channel.send(waiting.letter)
    except ChannelError as error:
        if error.permanent:
            outbox.refused(waiting, desk.scrub(str(error)))
            return None
        failure = error
    except trio.TooSlowError:
        failure = ChannelError(f"no answer within {SEND_SECONDS:g} s")
    except trio.Cancelled:
        outbox.put_back(waiting)
        raise
    except Exception as error:
        outbox.refused(waiting, f"a bug in this channel ({type(error).__name__})")
        raise
    else:
        _succeeded(desk, outbox, waiting)
        return None
    outbox.put_back(waiting)
    _failed(desk, outbox, failure, began)
    return failure


def _succeeded(desk: NotifierContext, outbox: Outbox, waiting: Waiting) -> None:
    down_since, was_told = outbox.down_since, outbox.outage_told
    outbox.succeeded(waiting)
    if was_told and down_since is not None:
        seconds = round(trio.current_time() - down_since)
        _tell(desk, ChannelRecovered(outbox.channel.name, seconds), _others(desk, outbox))


def _failed(desk: NotifierContext, outbox: Outbox, error: ChannelError, began: float) -> None:
    """Count it, and report an outage through the other channels once it lasts, or at once if it will."""
    misconfigured = isinstance(error, ChannelMisconfigured)
    down_since = outbox.failed(desk.scrub(str(error)) or "no reason given", began, misconfigured=misconfigured)
    lasts = trio.current_time() - down_since + (error.retry_after or 0) >= DEAD_SECONDS
    if (misconfigured or lasts) and not outbox.outage_told:
        outbox.outage_told = True
        notice = ChannelFailed(outbox.channel.name, outbox.last_error, len(outbox), misconfigured)
        _tell(desk, notice, _others(desk, outbox))


def _others(desk: NotifierContext, outbox: Outbox) -> list[Outbox]:
    return [other for other in desk.outboxes if other is not outbox]


def _pause(error: ChannelError, failures: int, jitter: float) -> float:
    """Seconds until the next attempt: what the service asked for, else growing with the failures in a row."""
    if error.retry_after is not None:
        return min(max(error.retry_after, FIRST_PAUSE_SECONDS), LONGEST_RETRY_AFTER_SECONDS)
    longest = MISCONFIGURED_PAUSE_SECONDS if isinstance(error, ChannelMisconfigured) else LONGEST_PAUSE_SECONDS
    first = longest if isinstance(error, ChannelMisconfigured) else FIRST_PAUSE_SECONDS
    return min(first * 2.0 ** min(failures - 1, 30), longest) * (1 + JITTER * jitter)
