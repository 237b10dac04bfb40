"""The table of an order's life: that it is sound, that it is told as it is, and that late news change nothing."""

from collections.abc import Callable
from itertools import permutations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.account import OrderStatus
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.money import ZERO
from messages.order_life import (
    LIFE,
    OVER,
    Executed,
    Happening,
    State,
    after,
    further,
    happening,
    is_complete,
    of_booked,
    of_execution,
)
from messages.orders import Accepted, Amended, Canceled, Filled, PartiallyFilled, Rejected
from tests.messages.order_life_page import PAGE, diagram, page
from tests.trading.strategies.harness import D

STATES: tuple[State, ...] = get_args(State)
_ID, _VENUE_ID = ClientOrderId("g"), VenueOrderId("O")
HAPPENINGS: tuple[Happening, ...] = get_args(Happening)


def test_each_pair_of_state_and_happening_is_told_once() -> None:
    pairs = [(step.state, step.happening) for step in LIFE]
    assert len(pairs) == len(set(pairs))


def test_a_step_that_changes_nothing_is_told_only_for_its_reason() -> None:
    assert all(step.then != step.state or step.happening == "partly filled" for step in LIFE)


def test_every_state_is_reached_and_every_order_can_end() -> None:
    reached: set[State] = {"requested"}
    while more := {step.then for step in LIFE if step.state in reached} - reached:
        reached |= more
    assert reached == set(STATES)
    for state in STATES:
        assert {after(state, what) for what in HAPPENINGS} & {"filled", *OVER}


def test_what_is_filled_stays_filled() -> None:
    assert {after("filled", what) for what in HAPPENINGS} == {"filled"}


def test_no_order_comes_back_to_the_exchange_once_it_is_closed() -> None:
    assert {after("canceled", what) for what in HAPPENINGS} == {"canceled", "filled"}


def test_the_exchange_s_own_statuses_are_closed_under_what_an_exchange_tells() -> None:
    shown = set(get_args(OrderStatus))
    told: tuple[Happening, ...] = ("accepted", "partly filled", "filled", "closed")
    assert {after(state, what) for state in STATES if state in shown for what in told} == shown


def test_in_whatever_order_news_come_the_same_is_known_in_the_end() -> None:
    for told in (("accepted", "partly filled", "filled"), ("accepted", "partly filled", "closed")):
        ends = set()
        for some in permutations(told):
            state: State = "requested"
            for what in some:
                state = after(state, what)  # type: ignore[arg-type]
            ends.add(state)
        assert len(ends) == 1


def _closed(filled: int) -> Canceled:
    return Canceled(
        order_id=_ID, exchange_id=_VENUE_ID, filled=D(filled), cost=D(1), fee=ZERO, reason="by hand", time=Nanos(1)
    )


def _filled(filled: int) -> Filled:
    return Filled(
        order_id=_ID, exchange_id=_VENUE_ID, fill_id="T", filled=D(filled), cost=D(1), fee=ZERO, time=Nanos(1)
    )


def _partly(filled: int) -> PartiallyFilled:
    return PartiallyFilled(
        order_id=_ID, exchange_id=_VENUE_ID, fill_id="T", filled=D(filled), cost=D(1), fee=ZERO, time=Nanos(1)
    )


def test_the_quantity_decides_whatever_an_event_is_called() -> None:
    assert of_execution(_closed(2), D(2)) == "filled"
    assert of_execution(_closed(2), D(3)) == "closed"
    assert of_execution(_filled(1), D(2)) == "partly filled"
    assert of_execution(_partly(2), D(2)) == "filled"
    assert of_execution(_filled(1), None) == "filled", "nothing else is known"


@given(st.sampled_from([_closed, _filled, _partly]), st.integers(0, 3), st.integers(0, 3))
def test_an_event_that_comes_late_is_judged_by_what_is_booked(
    make: Callable[[int], Canceled | Filled | PartiallyFilled], told: int, booked: int
) -> None:
    """As if it had come in time, with all that is booked by now."""
    assert of_booked(make(told), D(booked), D(2)) == of_execution(make(booked), D(2))


@pytest.mark.parametrize(("shown", "then"), [(False, "rejected"), (True, "canceling")])
def test_a_refusal_of_an_order_that_was_shown_is_old_news(shown: bool, then: State) -> None:
    refused = Rejected(order_id=_ID, reason="funds", text="", time=Nanos(1))
    assert after("canceling", happening(refused, D(1), shown=shown)) == then


def test_a_change_by_hand_and_a_doubled_acceptance_change_no_state() -> None:
    amended = Amended(order_id=_ID, exchange_id=_VENUE_ID, price=D(1), volume=D(1), time=Nanos(1))
    for state in STATES:
        assert after(state, happening(amended, D(1), shown=True)) == state
    accepted = Accepted(order_id=_ID, exchange_id=_VENUE_ID, time=Nanos(1))
    assert after("canceling", happening(accepted, D(1), shown=True)) == "canceling"


amounts = st.integers(0, 10).map(D)


@given(st.lists(st.builds(Executed, amounts, amounts, amounts)))
def test_quantities_come_to_the_largest_in_any_order(told: list[Executed]) -> None:
    ends = []
    for some in (told, told[::-1], told + told):
        known = Executed()
        for one in some:
            known = further(known, one)
        ends.append(known)
    assert len(set(ends)) == 1
    assert ends[0] == max([Executed(), *told])
    assert all(is_complete(ends[0].filled, one.filled) for one in told)


def test_the_page_shows_the_table_as_it_is() -> None:
    """`python -m tests.messages.order_life_page` writes it anew."""
    assert page(PAGE.read_text(encoding="utf-8")) == PAGE.read_text(encoding="utf-8")
    assert diagram().count("-->") == sum(step.then != step.state for step in LIFE) + 1
