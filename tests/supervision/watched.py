"""An actor that ends as it is told, under supervision."""

from collections.abc import Awaitable, Callable, Iterator
from itertools import chain, repeat

import trio

from actors.mailbox import Mailbox
from messages.mailboxes import MetricsMail, NotifierMail
from messages.notices import ActorFailed
from supervision.outages import Outages
from supervision.policy import RestartIntensity, Role
from supervision.restart import Watch, supervise
from supervision.stop_request import StopControl, StopRequest
from trading.ports import ExchangeUnavailable

DOWN = ExchangeUnavailable("no route to the exchange")
RECONNECTED = "reconnecting, with growing pauses"


def new_watch(
    limits: RestartIntensity | None = None, jitter: Callable[[], float] = lambda: 0.0, outages: Outages | None = None
) -> Watch:
    """Without jitter and conditions, unless a test brings its own."""
    return Watch(
        StopControl(),
        limits or RestartIntensity(),
        Mailbox[NotifierMail]("notifier"),
        Mailbox[MetricsMail]("metrics"),
        jitter,
        outages=outages or Outages(None, None, lambda: 0),
    )


class Actor:
    """Ends each run as `ends` says: an exception to raise, seconds to run before it, or None to return."""

    def __init__(self, *ends: Exception | None, seconds: float = 0) -> None:
        """The last end is repeated for ever."""
        self.starts: list[float] = []
        self._ends: Iterator[Exception | None] = chain(ends, repeat(ends[-1]))
        self._seconds = seconds

    async def run(self) -> None:
        self.starts.append(trio.current_time())
        end = next(self._ends)
        await trio.sleep(self._seconds)
        if end is not None:
            raise end.with_traceback(None)  # repeated, it would carry the way of each earlier time


async def observed(
    watch: Watch,
    role: Role,
    actor: Actor,
    seconds: float,
    on_halt: Callable[[str], Awaitable[None]] | None = None,
) -> bool:
    """Supervise for so long; whether the loop returned by itself."""
    with trio.move_on_after(seconds):
        await supervise(watch, role, "actor", actor.run, on_halt)
        return True
    return False


def told(watch: Watch) -> list[ActorFailed]:
    return [notice for notice in watch.notifier.receive_nowait() if isinstance(notice, ActorFailed)]


async def asked_to_stop(watch: Watch) -> StopRequest | None:
    return await watch.control.wait_for_stop() if watch.control.stopping else None
