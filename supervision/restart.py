"""The loop around one actor: run it, and when it fails do what the policy says."""

import logging
import math
import random
from collections.abc import Awaitable, Callable
from contextlib import nullcontext

import trio
from msgspec import Struct, field

from actors.mailbox import Mailbox
from actors.metrics.status_page import post_report
from messages.about import about
from messages.mailboxes import MetricsMail, NotifierMail
from messages.notices import ActorFailed, ActorRecovered
from messages.status import ActorReport
from supervision.outages import Outages
from supervision.policy import (
    Attempt,
    Failure,
    Halt,
    Kind,
    Restart,
    RestartIntensity,
    Role,
    StopProgram,
    classify,
    decide,
    in_a_row,
    lasting,
    rule_for,
)
from supervision.stop_request import StopControl
from trading.ports import BotStateError, ExchangeUnavailable

logger = logging.getLogger("infinity_grid.supervisor")

JITTER = 0.2
"""Backoffs are lengthened by up to this share, so that many programs do not return at the same moment."""

_KEY_ACTION = "the key is tried again with growing pauses, up to 5 min; after 6 h the program ends"
_KEY_ADVICE = (
    "nothing if the key was not changed: exchanges refuse good keys for minutes at times, and trading resumes by "
    "itself. If it lasts, look at the key on the exchange's page of API keys: does it exist, with all its rights?"
)

STOP_PAUSE = 0.5
"""Seconds between two tries to connect while the program stops; more where the exchange asks for more."""

_TRADES: tuple[Role, ...] = ("persistence", "exchange", "order-manager")
"""Without one of them nothing can be cancelled."""

MAX_HISTORY = 1_000
"""As many as the configuration allows restarts within its period."""


class Incident:
    """De-duplicates notices: one lost connection usually fails several actors."""

    def __init__(self) -> None:
        self._told_at = -math.inf

    def is_news(self, limits: RestartIntensity, failure: Failure, now: float) -> bool:
        """Whether this is not the lost connection that another actor reported a moment ago."""
        if failure.kind != "connection":
            return True
        lately = now - self._told_at <= limits.tell_after + limits.backoff_cap
        self._told_at = now
        return not lately


class KeyMemory:
    """Whether the account's key has ever worked: then a refusal of it is waited for."""

    def __init__(self) -> None:
        self.has_worked = False

    def works(self) -> None:
        """The exchange has taken it."""
        self.has_worked = True


class Watch(Struct, frozen=True):
    """What every restart loop needs."""

    control: StopControl
    limits: RestartIntensity
    notifier: Mailbox[NotifierMail]
    metrics: Mailbox[MetricsMail]
    jitter: Callable[[], float] = random.random
    """A number from 0 to 1 for each backoff."""
    incident: Incident = field(default_factory=Incident)
    key: KeyMemory = field(default_factory=KeyMemory)
    outages: Outages = field(default_factory=lambda: Outages(None, None, lambda: 0))


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
    # A strategy in a backoff still owes its part of a stop, which therefore waits for it.
    with watch.control.running(name) if role == "strategy" else nullcontext():
        await _supervise(watch, role, name, body, on_halt or _no_more)


async def _no_more(reason: str) -> None:
    """A halt that nobody has to hear of."""


async def _supervise(
    watch: Watch,
    role: Role,
    name: str,
    body: Callable[[], Awaitable[None]],
    on_halt: OnHalt,
) -> None:
    history: tuple[Attempt, ...] = ()
    failures = 0
    good_news: ActorRecovered | None = None
    told_of: tuple[float, Kind] | None = None
    """What the user was last notified of: when its row of failures began, and its kind."""
    while True:
        started = trio.current_time()
        try:
            with watch.control.running(name):
                await _run(watch, body, good_news)
                watch.control.finished(name)
                return
        except Exception as error:  # noqa: BLE001 - every failure of an actor is the policy's business
            cause = root_cause(error)
        failure = _failure(watch, role, cause)
        if watch.control.stopping and not await _again_while_stopping(watch, name, failure, describe(cause)):
            return
        if watch.control.stopping:
            continue
        now = trio.current_time()
        failures += 1
        history = (*history[-MAX_HISTORY:], Attempt(started, now, rule_for(failure).limited, failure.kind))
        post_report(watch.metrics, ActorReport(name, failures, 0, 0))
        match decide(watch.limits, history, failure, now):
            case Restart(after, tell):
                again = "trying again" if failure.kind == "connection" else "restart"
                _log(role, name, failure.kind, cause, f"{again} in {after:.3g} s")
                watch.outages.begin(name, role, failure.kind, cause, after)
                row_began = in_a_row(watch.limits, history)[0].failed
                is_news = (
                    tell and told_of != (row_began, failure.kind) and watch.incident.is_news(watch.limits, failure, now)
                )
                if started + lasting(watch.limits) < now:
                    good_news = None  # it was sent, or no bad news was
                if is_news or good_news:
                    away = round(now + after - row_began)
                    good_news = ActorRecovered(name, away, failure.kind == "connection")
                if is_news:
                    told_of = row_began, failure.kind
                    watch.notifier.post(_bad_news(name, failure, cause))
                if not await _pause(watch, failure, after):
                    return
            case Halt():
                _log(role, name, failure.kind, cause, "halted")
                await on_halt(failure.reason)
                return
            case StopProgram(exit_code):
                _log(role, name, failure.kind, cause, "the program stops")
                watch.control.stop(exit_code, failure.reason)
                _left_undone(watch, role)
                await trio.sleep_forever()


async def _pause(watch: Watch, failure: Failure, after: float) -> bool:
    """The backoff, which a stop cuts short; whether to start again after it."""
    failed = trio.current_time()
    with trio.move_on_after(after * (1 + JITTER * watch.jitter())):
        await watch.control.wait_for_stop()
        if _is_needed_to_stop(watch, failure):
            await trio.sleep_until(failed + failure.retry_after)
        elif failure.role != "strategy":
            _left_undone(watch, failure.role)
            return False
    return True


def _is_needed_to_stop(watch: Watch, failure: Failure) -> bool:
    """Whether the stop has orders to cancel over this connection."""
    return watch.control.insists and failure.role in _TRADES and failure.kind == "connection"


def _left_undone(watch: Watch, role: Role) -> None:
    if role in _TRADES:
        watch.control.give_up()


async def _again_while_stopping(watch: Watch, name: str, failure: Failure, what: str) -> bool:
    """Whether to try again, after a pause; the stop cancels that when its time is over."""
    if not _is_needed_to_stop(watch, failure):
        logger.info("%s ended while stopping: %s", name, what)
        _left_undone(watch, failure.role)
        return False
    after = max(failure.retry_after, STOP_PAUSE)
    logger.info("%s: %s (trying again in %.3g s, to cancel what on_stop says)", name, what, after)
    await trio.sleep(after)
    return True


async def _run(watch: Watch, body: Callable[[], Awaitable[None]], good_news: ActorRecovered | None) -> None:
    """Run it; a user who was notified of its failure is notified once it has worked again for a while."""
    if good_news is None:
        return await body()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_tell_when_it_lasts, watch, good_news)
        await body()
        nursery.cancel_scope.cancel()
    return None


async def _tell_when_it_lasts(watch: Watch, good_news: ActorRecovered) -> None:
    await trio.sleep(lasting(watch.limits))
    watch.notifier.post(good_news)


def _failure(watch: Watch, role: Role, cause: BaseException) -> Failure:
    kind = classify(cause, key_has_worked=watch.key.has_worked)
    unavailable = cause if isinstance(cause, ExchangeUnavailable) else ExchangeUnavailable()
    lasts = cause.refused_for if isinstance(cause, BotStateError) else 0.0
    return Failure(role, kind, describe(cause), unavailable.retry_after, lasts, bool(unavailable.advice))


def _bad_news(name: str, failure: Failure, cause: BaseException) -> ActorFailed:
    advice = cause.advice if isinstance(cause, ExchangeUnavailable) else ""
    if failure.kind == "key refused":
        return ActorFailed(name, failure.reason, _KEY_ACTION, advice=advice or _KEY_ADVICE)
    disconnected = failure.kind == "connection"
    action = "reconnecting, with growing pauses" if disconnected else "it is restarted"
    if failure.kind == "disk" or (name, failure.kind) == ("persistence", "database"):
        action = "trading waits, tried again every few seconds; open orders stay at the exchange"
    return ActorFailed(name, failure.reason, action, disconnected, advice)


def root_cause(error: BaseException) -> BaseException:
    """The first exception of a nursery's group that is not a group itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def describe(error: BaseException) -> str:
    """One line for people; an exception without words is named by its type."""
    return str(error) or type(error).__name__


def _log(role: Role, name: str, kind: Kind, cause: BaseException, action: str) -> None:
    """Bugs are logged with their traceback, once; what is expected to happen is one line."""
    expected = kind not in ("bug", "core")
    level = logging.INFO if kind == "source ended" else logging.ERROR
    if kind in ("configuration", "credentials", "stray order", "first start"):
        level = logging.DEBUG  # the program's end logs it, once
    logger.log(
        level,
        "%s: %s (%s)",
        name,
        describe(cause),
        action,
        exc_info=None if expected else cause,
        extra=about(strategy=name.removeprefix("strategy/") if role == "strategy" else "", cause=kind),
    )
