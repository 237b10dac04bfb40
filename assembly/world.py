"""What the tree of actors takes from outside itself: time, chance, worker threads, journal, exchange and channels.

A simulation replaces all of it, and then runs the very same tree on virtual time.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import trio
from msgspec import Struct

from actors.persistence import InThread, JournalPort
from adapters.journal.journal import Journal
from assembly import registry
from assembly.registry import OpenExchange
from config import Config
from config.schema import ChannelConfig
from trading.ports import Channel


class OpenJournal(Protocol):
    """Opens the journal; with a `lineage` no other one than this, and none is made."""

    def __call__(self, path: Path, now_ns: int, *, lineage: str | None = None) -> JournalPort: ...


class World(Struct, frozen=True):
    """The surroundings of one program."""

    wall: Callable[[], int] = time.time_ns
    """Nanoseconds UTC."""
    chance: Callable[[], float] = random.random
    """From 0 to 1, for the jitter of backoffs."""
    in_thread: InThread = trio.to_thread.run_sync
    """Runs what blocks."""
    open_journal: OpenJournal = Journal.open
    """The file at a path, with the time of the opening."""
    exchange: Callable[[str], OpenExchange] = registry.exchange
    """The adapter of a name."""
    channels: Callable[[Config], list[tuple[Channel, ChannelConfig]]] = registry.channels
    """The notification channels of a configuration."""
    lost_log_lines: Callable[[], int] | None = None
    """Number of the program's own log lines dropped for a slow reader; None where a host program logs."""

    orders_left: Callable[[], None] = lambda: None
    """Called at the end of a stop that could not cancel all that `on_stop` says."""

    opens_socket: bool = True
    """Whether commands of this machine can reach it by a socket beside the database."""
    watches_company: bool = True
    """Whether other processes on the account are looked for; a simulation knows that there is none."""


MACHINE = World()
"""This machine and its network."""
