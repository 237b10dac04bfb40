"""The life of one start of a strategy, as one table: which state leads where, and what becomes of its mail meanwhile.

`trading.strategy_run` does what the table says; the diagram in docs/design.md is made of `STATES` and `LIFE`. Pure.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from messages.ids import Nanos
from messages.status import Phase

State = Literal[
    "loading",
    "catching up",
    "waiting for a price",
    "trading",
    "paused, catching up",
    "paused, without a price",
    "paused",
    "stopping",
    "stopping, at rest",
    "stopped",
]

Happening = Literal[
    "loaded",
    "resync begins",
    "resynced, no price yet",
    "resynced",
    "first price",
    "paused",
    "resumed",
    "stop",
    "written",
]
"""`resynced`: a price is known, too. `resumed`: no cause of a pause is left. `written`: no commit waits any more."""

Events = Literal["kept", "held", "decided", "left"]
"""Order events and funds: kept unread, held for the moment when it trades, decided at once, left to the next start."""


class About(Struct, frozen=True):
    """One state, seen from outside."""

    state: State
    phase: Phase | None
    """What `/status` calls it while no cause of a pause is known; None: as before."""
    events: Events
    meaning: str


STATES: tuple[About, ...] = (
    About("loading", "syncing", "kept", "the journal is asked; all mail waits"),
    About("catching up", "syncing", "held", "attached; what happened meanwhile is not told yet"),
    About("waiting for a price", "syncing", "held", "resynced; no price has come since the start"),
    About("trading", "trading", "decided", ""),
    About("paused, catching up", "halted", "held", "goes on catching up; decides nothing after it"),
    About("paused, without a price", "halted", "held", "as above, once it is resynced"),
    About("paused", "halted", "held", "could trade, but for the causes of the pause"),
    About("stopping", None, "decided", "the stop is decided; commits are not acknowledged yet"),
    About("stopping, at rest", None, "held", "as above, from a state that decides nothing"),
    About("stopped", None, "left", "nothing is said any more"),
)


class Move(Struct, frozen=True):
    """One row of the table."""

    state: State
    happening: Happening
    then: State


LIFE: tuple[Move, ...] = (
    Move("loading", "loaded", "catching up"),
    Move("catching up", "resynced, no price yet", "waiting for a price"),
    Move("catching up", "resynced", "trading"),
    Move("catching up", "paused", "paused, catching up"),
    Move("catching up", "stop", "stopping, at rest"),
    Move("waiting for a price", "first price", "trading"),
    Move("waiting for a price", "resync begins", "catching up"),
    Move("waiting for a price", "paused", "paused, without a price"),
    Move("waiting for a price", "stop", "stopping, at rest"),
    Move("trading", "paused", "paused"),
    Move("trading", "stop", "stopping"),
    Move("paused, catching up", "resynced, no price yet", "paused, without a price"),
    Move("paused, catching up", "resynced", "paused"),
    Move("paused, catching up", "resumed", "catching up"),
    Move("paused, catching up", "stop", "stopping, at rest"),
    Move("paused, without a price", "first price", "paused"),
    Move("paused, without a price", "resync begins", "paused, catching up"),
    Move("paused, without a price", "resumed", "waiting for a price"),
    Move("paused, without a price", "stop", "stopping, at rest"),
    Move("paused", "resumed", "trading"),
    Move("paused", "stop", "stopping, at rest"),
    Move("stopping", "paused", "stopping, at rest"),
    Move("stopping", "written", "stopped"),
    Move("stopping, at rest", "written", "stopped"),
)
"""What is not here changes no state. A failure ends the life in any of them; the next start begins with `loading`."""

AWAKE: frozenset[State] = frozenset({"catching up", "waiting for a price", "trading"})
"""States in which the core also hears what is bid and asked."""

_NEXT: Mapping[tuple[State, Happening], State] = {(step.state, step.happening): step.then for step in LIFE}
_ABOUT: Mapping[State, About] = {about.state: about for about in STATES}


class Standing(Struct, frozen=True):
    """In which state a strategy is, and since when."""

    state: State
    because: Happening | None = None
    """What led to it; None at the start."""
    since: Nanos = Nanos(0)
    """The market's time; 0: before the first price."""


def after(state: State, happening: Happening) -> State:
    """The next state; the same where nothing follows from it."""
    return _NEXT.get((state, happening), state)


def phase_in(state: State) -> Phase | None:
    """What `/status` calls the state while no cause of a pause is known; None: as before."""
    return _ABOUT[state].phase


def events_in(state: State) -> Events:
    """What becomes of order events in this state."""
    return _ABOUT[state].events
