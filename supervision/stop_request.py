"""The request to stop, and who is running: what the restart loops and the shutdown share."""

from collections.abc import Iterator
from contextlib import contextmanager

import trio
from msgspec import Struct

HURRY_SECONDS = 0.5
"""What is left of each share of a stop once it is urgent, in seconds."""


class StopRequest(Struct, frozen=True):
    """Why the program stops and how it ends."""

    exit_code: int
    reason: str


class ProgramFailed(Exception):
    """The program gave up; everything was stopped in order."""

    def __init__(self, exit_code: int, reason: str) -> None:
        super().__init__(reason)
        self.exit_code = exit_code
        self.reason = reason


class StopControl:
    """One per program. The first request to stop wins."""

    def __init__(self, *, insists: bool = False) -> None:
        """`insists`: the stop has something to do at the exchange, so that a lost connection is restored for it."""
        self.insists = insists
        self._given_up = False
        self._wanted = trio.Event()
        self._request: StopRequest | None = None
        self._running: dict[str, int] = {}
        self._left = trio.Event()
        self._finished: set[str] = set()
        self._pace = trio.CancelScope()
        self._hurried = False

    def stop(self, exit_code: int, reason: str) -> None:
        """Ask for an ordered stop."""
        if self._request is None:
            self._request = StopRequest(exit_code, reason)
            self._wanted.set()

    @property
    def stopping(self) -> bool:
        return self._request is not None

    async def wait_for_stop(self) -> StopRequest:
        """Wait until the program is asked to stop."""
        await self._wanted.wait()
        if self._request is None:
            raise AssertionError("woken without a request")
        return self._request

    @contextmanager
    def running(self, actor: str) -> Iterator[None]:
        """The actor runs inside this block."""
        self._running[actor] = self._running.get(actor, 0) + 1
        try:
            yield
        finally:
            self._running[actor] -= 1
            if not self._running[actor]:
                del self._running[actor]
            self._left.set()
            self._left = trio.Event()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Limit this block to `seconds`, or to `HURRY_SECONDS` once the stop is urgent."""
        with trio.move_on_after(min(seconds, HURRY_SECONDS) if self._hurried else seconds) as self._pace:
            yield

    def hurry(self) -> None:
        """Cut short the share of the stop that is running, and all that follow."""
        self._hurried = True
        self._pace.deadline = min(self._pace.deadline, trio.current_time() + HURRY_SECONDS)

    def is_running(self, actor: str) -> bool:
        return actor in self._running

    def finished(self, actor: str) -> None:
        """The actor has done all its work, its part of a stop included."""
        self._finished.add(actor)

    def have_finished(self, actors: set[str]) -> bool:
        """Whether each of the actors has; one that failed, was cancelled or never ran has not."""
        return actors <= self._finished

    def give_up(self) -> None:
        """No connection will be restored any more: what the stop asks of the exchange cannot be done."""
        self._given_up = True
        self._left.set()
        self._left = trio.Event()

    async def done(self, actor: str) -> None:
        """Wait until the actor has done its part; as long as the stop insists also while it is between two tries."""
        while actor in self._running or (self.insists and not self._given_up and actor not in self._finished):
            await self._left.wait()

    async def gone(self, actors: set[str]) -> None:
        """Wait until none of the actors runs; returns at once for actors that do not."""
        while actors & self._running.keys():
            await self._left.wait()
