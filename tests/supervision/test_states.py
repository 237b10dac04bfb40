"""The program's state follows from the phases; the table of the design decides what may follow what."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.status import Phase, ProgramState
from supervision import states
from supervision.states import TRANSITIONS, ForbiddenTransition, StateMachine

STATES: tuple[ProgramState, ...] = get_args(ProgramState)
ALLOWED: set[tuple[ProgramState, ProgramState]] = {
    ("INITIALIZING", "RUNNING"),
    ("INITIALIZING", "SHUTDOWN_REQUESTED"),
    ("INITIALIZING", "ERROR"),
    ("RUNNING", "ERROR"),
    ("RUNNING", "SHUTDOWN_REQUESTED"),
    ("ERROR", "RUNNING"),
    ("ERROR", "SHUTDOWN_REQUESTED"),
}


def machine_in(state: ProgramState) -> StateMachine:
    """A machine of the strategies 1 and 2, brought there by what its strategies say."""
    machine = StateMachine((1, 2))
    if state == "RUNNING":
        machine.phase(1, "trading", "")
        machine.phase(2, "trading", "")
    elif state == "ERROR":
        machine.phase(1, "halted", "no price")
        machine.phase(2, "halted", "no price")
    elif state == "SHUTDOWN_REQUESTED":
        machine.stop("asked")
    assert machine.state == state
    return machine


def lead_to(machine: StateMachine, state: ProgramState) -> bool:
    """Say what should make the machine enter `state`; whether it says that it did."""
    if state == "RUNNING":
        first = machine.phase(1, "trading", "")
        return machine.phase(2, "trading", "") or first
    if state == "ERROR":
        return machine.fail("given up")
    if state == "SHUTDOWN_REQUESTED":
        return machine.stop("asked")
    machine.phase(1, "syncing", "")
    return machine.phase(2, "syncing", "")


def test_the_table_is_the_one_of_the_design() -> None:
    assert {(before, after) for before, targets in TRANSITIONS.items() for after in targets} == ALLOWED
    assert set(TRANSITIONS) == set(STATES)


@pytest.mark.parametrize(("before", "after"), sorted(ALLOWED))
def test_an_allowed_transition_happens(before: ProgramState, after: ProgramState) -> None:
    machine = machine_in(before)
    assert lead_to(machine, after)
    assert machine.state == after


@pytest.mark.parametrize(
    ("before", "after"), sorted({(before, after) for before in STATES for after in STATES} - ALLOWED)
)
def test_what_would_ask_for_a_forbidden_transition_changes_nothing(before: ProgramState, after: ProgramState) -> None:
    machine = machine_in(before)
    assert not lead_to(machine, after)
    assert machine.state == before


@pytest.mark.parametrize(("before", "after"), sorted(ALLOWED))
def test_a_transition_that_the_table_does_not_have_is_a_bug(
    before: ProgramState, after: ProgramState, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_in(before)
    monkeypatch.setattr(states, "TRANSITIONS", dict(TRANSITIONS) | {before: TRANSITIONS[before] - {after}})
    with pytest.raises(ForbiddenTransition, match=f"{before} -> {after}"):
        lead_to(machine, after)
    assert machine.state == before


def test_initializing_lasts_until_every_strategy_trades() -> None:
    machine = StateMachine((1, 2))
    changes = [(machine.phase(strategy, "trading", ""), machine.state) for strategy in (1, 2)]
    assert changes == [(False, "INITIALIZING"), (True, "RUNNING")]


def test_a_halted_strategy_does_not_hold_up_the_start() -> None:
    machine = StateMachine((1, 2))
    machine.phase(1, "halted", "its core failed")
    assert machine.phase(2, "trading", "")
    assert (machine.state, machine.reason) == ("RUNNING", "its core failed")


def test_a_resync_is_no_reason_to_leave_running() -> None:
    machine = machine_in("RUNNING")
    assert not machine.phase(1, "syncing", "connection lost")
    assert not machine.phase(2, "syncing", "connection lost")
    assert machine.state == "RUNNING"


def test_error_while_all_are_halted_and_back_with_the_first_that_trades() -> None:
    machine = machine_in("RUNNING")
    assert not machine.phase(1, "halted", "no price of BTC/USD")
    assert machine.state == "RUNNING"
    assert machine.phase(2, "halted", "no price of ETH/USD")
    assert (machine.state, machine.reason) == ("ERROR", "no price of BTC/USD; no price of ETH/USD")
    assert machine.phase(1, "trading", "")
    assert (machine.state, machine.reason) == ("RUNNING", "no price of ETH/USD")
    assert not machine.phase(2, "trading", "")
    assert machine.reason == ""


def test_error_lasts_while_strategies_only_try_again() -> None:
    machine = machine_in("ERROR")
    assert not machine.phase(1, "syncing", "")
    assert machine.state == "ERROR"


def test_after_the_policy_gave_up_no_phase_leads_back() -> None:
    machine = machine_in("RUNNING")
    assert machine.fail("database unusable")
    assert not machine.fail("something else that followed from it")
    machine.phase(1, "trading", "")
    assert (machine.state, machine.reason) == ("ERROR", "database unusable")


def test_shutdown_is_final_and_keeps_its_first_reason() -> None:
    machine = machine_in("SHUTDOWN_REQUESTED")
    assert not machine.stop("again")
    for phase in get_args(Phase):
        assert not machine.phase(1, phase, "late news")
        assert not machine.phase(2, phase, "late news")
    assert (machine.state, machine.reason) == ("SHUTDOWN_REQUESTED", "asked")


def test_a_shutdown_that_follows_a_failure_says_why_it_failed() -> None:
    machine = machine_in("RUNNING")
    machine.fail("bad key")
    machine.stop("bad key")
    assert (machine.state, machine.reason) == ("SHUTDOWN_REQUESTED", "bad key")


def test_phases_and_reasons_are_told_per_strategy() -> None:
    machine = StateMachine((1, 2))
    machine.phase(2, "halted", "no price")
    assert machine.told() == {1: ("syncing", ""), 2: ("halted", "no price")}


steps = st.one_of(
    st.tuples(st.just("phase"), st.sampled_from((1, 2, 3)), st.sampled_from(get_args(Phase))),
    st.tuples(st.sampled_from(("fail", "stop")), st.just(0), st.just("")),
)


@given(st.lists(steps, max_size=60))
def test_no_sequence_of_events_leads_to_a_forbidden_transition(sequence: list[tuple[str, int, Phase]]) -> None:
    machine = StateMachine((1, 2, 3))
    for what, strategy, phase in sequence:
        before = machine.state
        if what == "phase":
            changed = machine.phase(strategy, phase, "why")
        else:
            changed = machine.fail("why") if what == "fail" else machine.stop("why")
        assert changed == (machine.state != before)
        assert not changed or (before, machine.state) in ALLOWED
        phases = {phase for phase, _ in machine.told().values()}
        assert machine.state != "RUNNING" or phases != {"halted"}
