"""The loop around one actor: run it, and when it fails do what the policy says."""

import logging
import random
from collections.abc import Awaitable, Callable

import trio
from msgspec import Struct

from actors.mailbox import Mailbox
from actors.status_page import post_report
from messages.mailboxes import MetricsMail, NotifierMail
from messages.notices import ActorFailed
from messages.status import ActorReport
from supervision.control import Control
from supervision.policy import Failure, Halt, Kind, Limits, Restart, Role, Run, StopProgram, classify, decide, rule_for

logger = logging.getLogger("infinity_grid.supervisor")

JITTER = 0.2
"""Backoffs are lengthened by up to this share, so that many programs do not return at the same moment."""

MAX_HISTORY = 1_000
"""As many as the configuration allows restarts within its period."""


class Watch(Struct, frozen=True):
    """What every restart loop needs."""

    control: Control
    limits: Limits
    notifier: Mailbox[NotifierMail]
    metrics: Mailbox[MetricsMail]
    jitter: Callable[[], float] = random.random
    """A number from 0 to 1 for each backoff."""


OnHalt = Callable[[str], Awaitable[None]]


async def supervise(
    watch: Watch,
    role: Role,
    name: str,
    body: Callable[[], Awaitable[None]],
    on_halt: OnHalt | None = None,
) -> None:
    """Run `body` until it returns, restarting it as the policy says.

    Only `Exception` is handled; cancellation passes through. A failure that stops the program is handed
    to `Control`, and this loop then waits to be cancelled in the order of the shutdown. Once the program
    stops, nothing is restarted any more.
    """
    history: tuple[Run, ...] = ()
    failures = 0
    while True:
        started = trio.current_time()
        try:
            with watch.control.running(name):
                return await body()
        except Exception as error:  # noqa: BLE001 - every failure of an actor is the policy's business
            cause = root_cause(error)
        if watch.control.stopping:
            logger.info("%s ended while stopping: %s", name, describe(cause))
            return None
        now = trio.current_time()
        failures += 1
        failure = Failure(role, classify(cause), describe(cause))
        history = (*history[-MAX_HISTORY:], Run(started, now, rule_for(failure).limited))
        post_report(watch.metrics, ActorReport(name, failures, 0, 0))
        match decide(watch.limits, history, failure, now):
            case Restart(after, tell):
                _log(name, failure.kind, cause, f"restart in {after:g} s")
                if tell:
                    watch.notifier.post(ActorFailed(name, failure.reason, "it is restarted"))
                with trio.move_on_after(after * (1 + JITTER * watch.jitter())):
                    await watch.control.wait_for_stop()
                    return None
            case Halt():
                _log(name, failure.kind, cause, "halted")
                if on_halt is not None:
                    await on_halt(failure.reason)
                return None
            case StopProgram(exit_code):
                _log(name, failure.kind, cause, "the program stops")
                watch.control.stop(exit_code, failure.reason)
                await trio.sleep_forever()


def root_cause(error: BaseException) -> BaseException:
    """The first exception of a nursery's group that is not a group itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def describe(error: BaseException) -> str:
    """One line for people; an exception without words is named by its type."""
    return str(error) or type(error).__name__


def _log(name: str, kind: Kind, cause: BaseException, action: str) -> None:
    """Bugs are logged with their traceback, once; what is expected to happen is one line."""
    expected = kind not in ("bug", "core")
    level = logging.INFO if kind == "source ended" else logging.ERROR
    logger.log(
        level,
        "%s: %s (%s)",
        name,
        describe(cause),
        action,
        exc_info=None if expected else cause,
    )
