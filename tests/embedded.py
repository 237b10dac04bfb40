"""Looking at an embedded program from outside."""

from collections.abc import Callable

import trio

import supervisor
from messages.status import Status

PATIENCE = 60
"""Seconds of a machine that may be busy; what is waited for comes within a few."""


async def until(handle: supervisor.Handle, wanted: Callable[[Status], bool]) -> Status:
    """Look at the status until it is as wanted."""
    with trio.fail_after(PATIENCE):
        while not wanted(status := handle.status()):  # noqa: ASYNC110 - the status is looked at from outside
            await trio.sleep(0.02)
    return status
