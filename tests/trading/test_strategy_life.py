"""The table of a strategy's life: every state meets everything that can happen, and it is told as it is."""

from itertools import product
from typing import get_args

import pytest

from tests.trading.strategy_life_page import PAGE, diagram, page
from trading.strategy_life import AWAKE, LIFE, STATES, Happening, State, after, events_in, phase_in

ALL: tuple[State, ...] = get_args(State)
HAPPENINGS: tuple[Happening, ...] = get_args(Happening)
PAUSED: dict[State, State] = {
    "catching up": "paused, catching up",
    "waiting for a price": "paused, without a price",
    "trading": "paused",
}
RESTS: tuple[State, ...] = (*PAUSED.values(), "catching up", "waiting for a price")

LEADS: dict[Happening, dict[State, State]] = {
    "loaded": {"loading": "catching up"},
    "resync begins": {"waiting for a price": "catching up", "paused, without a price": "paused, catching up"},
    "resynced, no price yet": {
        "catching up": "waiting for a price",
        "paused, catching up": "paused, without a price",
    },
    "resynced": {"catching up": "trading", "paused, catching up": "paused"},
    "first price": {"waiting for a price": "trading", "paused, without a price": "paused"},
    "paused": {**PAUSED, "stopping": "stopping, at rest"},
    "resumed": {paused: awake for awake, paused in PAUSED.items()},
    "stop": {**dict.fromkeys(RESTS, "stopping, at rest"), "trading": "stopping"},
    "written": {"stopping": "stopped", "stopping, at rest": "stopped"},
}
"""What is not here has to leave the state as it is."""


@pytest.mark.parametrize(("state", "happening"), tuple(product(ALL, HAPPENINGS)))
def test_every_state_meets_everything_that_can_happen(state: State, happening: Happening) -> None:
    assert after(state, happening) == LEADS[happening].get(state, state)


def test_every_state_says_once_what_it_is() -> None:
    assert tuple(about.state for about in STATES) == ALL


def test_each_pair_is_told_once_and_changes_the_state() -> None:
    pairs = [(step.state, step.happening) for step in LIFE]
    assert len(pairs) == len(set(pairs))
    assert all(step.then != step.state for step in LIFE)


@pytest.mark.parametrize("state", ALL)
def test_every_state_but_loading_ends_with_a_stop_once_all_is_written(state: State) -> None:
    """A stop that comes while the journal is read is taken behind it."""
    begun = after(state, "loaded")
    assert after(after(begun, "stop"), "written") == "stopped"


def test_nothing_happens_after_the_end() -> None:
    assert {after("stopped", happening) for happening in HAPPENINGS} == {"stopped"}


def test_every_state_is_reached() -> None:
    reached: set[State] = {"loading"}
    while more := {step.then for step in LIFE if step.state in reached} - reached:
        reached |= more
    assert reached == set(ALL)


def test_order_events_are_decided_only_where_it_trades_or_traded_until_the_stop() -> None:
    assert {state for state in ALL if events_in(state) == "decided"} == {"trading", "stopping"}
    assert not any(step.then == "stopping" and step.state != "trading" for step in LIFE)


def test_what_status_calls_the_states() -> None:
    told = {state: phase_in(state) for state in ALL}
    assert {state for state, phase in told.items() if phase == "halted"} == set(PAUSED.values())
    assert {state for state, phase in told.items() if phase == "trading"} == {"trading"}
    assert set(PAUSED) == AWAKE


def test_a_pause_hides_nothing_of_what_happens_meanwhile() -> None:
    """In whatever order pause, resync, price and resumption come, the end is the same."""
    for happening in ("resynced, no price yet", "resynced", "first price", "resync begins"):
        for awake, paused in PAUSED.items():
            if awake != "trading":
                assert after(after(paused, happening), "resumed") == after(awake, happening)


def test_the_page_shows_the_table_as_it_is() -> None:
    """`python -m tests.trading.strategy_life_page` writes it anew."""
    assert page(PAGE.read_text(encoding="utf-8")) == PAGE.read_text(encoding="utf-8")
    assert diagram().count("-->") == len(LIFE) + 2
