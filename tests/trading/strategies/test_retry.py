"""When a side is tried again after a failure: what was waited for, and what ends the wait."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.strategies.harness import SECOND, D
from trading.strategies.core import NEVER
from trading.strategies.retry import (
    A_PLACE,
    ASK_AGAIN_AFTER,
    OTHER_FUNDS,
    OTHER_RULES,
    RETRY_AFTER,
    TIME_ALONE,
    BuyRetry,
    Change,
    Crossings,
    OrderLimit,
    Retry,
)

NOW = 1_700_000_000 * SECOND
AFTER_PAUSE = NOW + RETRY_AFTER
MUCH_LATER = NOW + ASK_AGAIN_AFTER
CHANGES: tuple[Change, ...] = ("funds", "place", "rules")


def test_at_first_nothing_is_waited_for() -> None:
    assert not Retry().must_wait(0)
    assert Retry().next_attempt == 0


@pytest.mark.parametrize(
    ("on", "at_last", "due"),
    [
        (TIME_ALONE, NEVER, AFTER_PAUSE),
        (TIME_ALONE, MUCH_LATER, AFTER_PAUSE),
        (OTHER_FUNDS, NEVER, NEVER),
        (OTHER_FUNDS, MUCH_LATER, MUCH_LATER),
        (A_PLACE, NOW + SECOND, AFTER_PAUSE),
        (OTHER_RULES, MUCH_LATER, MUCH_LATER),
    ],
)
def test_without_any_change_it_waits_for_the_pause_or_the_last_resort(
    on: frozenset[Change], at_last: int, due: int
) -> None:
    retry = Retry()
    retry.failed("funds", NOW, on=on, at_last=at_last)
    assert retry.reason == "funds"
    assert retry.next_attempt == due
    assert retry.must_wait(due - 1)
    assert not retry.must_wait(due)


@pytest.mark.parametrize("on", [OTHER_FUNDS, A_PLACE, OTHER_RULES])
@pytest.mark.parametrize("change", CHANGES)
def test_only_what_it_waits_for_ends_the_wait(on: frozenset[Change], change: Change) -> None:
    retry = Retry()
    retry.failed("refused", NOW, on=on, at_last=MUCH_LATER)
    retry.changed(change)
    if change not in on:
        assert retry.next_attempt == MUCH_LATER
    else:
        assert retry.next_attempt == (0 if change == "rules" else AFTER_PAUSE)


def test_an_order_that_the_exchange_closed_prolongs_the_pause_and_never_shortens_it() -> None:
    retry = Retry()
    retry.closed_early(NOW)
    assert retry.next_attempt == AFTER_PAUSE
    retry.closed_early(NOW - SECOND)
    assert retry.next_attempt == AFTER_PAUSE
    retry.failed("rules", NOW, on=OTHER_RULES, at_last=MUCH_LATER)
    retry.closed_early(NOW + SECOND)
    assert retry.next_attempt == MUCH_LATER


@given(
    st.lists(
        st.sampled_from(
            [
                lambda retry: retry.failed("funds", NOW, on=OTHER_FUNDS),
                lambda retry: retry.failed("rules", NOW, on=OTHER_RULES, at_last=MUCH_LATER),
                lambda retry: retry.failed("order limit", NOW, on=A_PLACE, at_last=NOW),
                lambda retry: retry.changed("funds"),
                lambda retry: retry.changed("rules"),
                lambda retry: retry.closed_early(NOW),
                lambda retry: retry.freed(NOW),
                lambda retry: retry.made_way(),
                lambda retry: retry.asks_for_place_at(NOW + 60 * SECOND),
            ]
        )
    )
)
def test_whatever_happened_a_new_attempt_waits_for_nothing_of_it(happened: list[Callable[[BuyRetry], None]]) -> None:
    retry = BuyRetry()
    for happen in happened:
        happen(retry)
    retry.begun()
    assert retry == BuyRetry(freed_at=retry.freed_at)


def test_no_place_that_comes_free_helps_against_the_rules() -> None:
    retry = BuyRetry()
    retry.failed("rules", NOW, on=OTHER_RULES, at_last=MUCH_LATER)
    retry.made_way()
    assert retry.is_barred
    assert retry.must_wait(AFTER_PAUSE)
    retry.failed("funds", NOW, on=OTHER_FUNDS)
    retry.made_way()
    assert not retry.must_wait(NOW)
    assert retry.reason == "funds"  # until the next attempt


def test_only_buys_that_wait_for_a_place_follow_the_limit() -> None:
    retry = BuyRetry()
    retry.failed("order limit", NOW, on=A_PLACE, at_last=NOW)
    retry.asks_for_place_at(NOW + 60 * SECOND)
    assert retry.next_attempt == NOW + 60 * SECOND
    retry.failed("funds", NOW, on=OTHER_FUNDS)
    retry.asks_for_place_at(NOW + 60 * SECOND)
    assert retry.next_attempt == NEVER


def test_buys_that_the_venue_closed_are_due_once() -> None:
    retry = BuyRetry()
    retry.closed_by_venue(NOW)
    retry.closed_by_venue(NOW + SECOND)
    assert not retry.takes_refill(AFTER_PAUSE - 1)
    assert retry.takes_refill(AFTER_PAUSE)
    assert not retry.takes_refill(AFTER_PAUSE)


def test_a_limit_is_what_a_refusal_showed_and_one_more_from_time_to_time() -> None:
    limit = OrderLimit()
    limit.holds(7)
    assert limit.at(NOW) is None
    limit.shown(5, NOW + 60 * SECOND)
    limit.holds(4)
    assert limit.at(NOW) == 5
    assert limit.at(NOW + 60 * SECOND) == 6
    limit.holds(6)
    limit.shared(NOW + 90 * SECOND)
    assert limit.at(NOW + 60 * SECOND) == 6


def test_pauses_between_crossings_at_one_price_grow_until_a_trade_or_a_while_ends_them() -> None:
    crossings = Crossings()
    pauses = []
    for _ in range(8):
        crossings.crossed(D(100), NOW, NOW)
        pauses.append((crossings.until - NOW) // SECOND)
    assert pauses == [0, 0, 1, 2, 4, 8, 10, 10]
    assert crossings.would_cross(D(100), NOW)
    assert not crossings.would_cross(D(99), NOW)
    crossings.crossed(D(100), NOW + 31 * SECOND, NOW)
    assert not crossings.would_cross(D(100), NOW + 31 * SECOND)
    for _ in range(3):
        crossings.crossed(D(100), NOW + 31 * SECOND, NOW)
    crossings.traded()
    assert not crossings.would_cross(D(100), NOW + 31 * SECOND)
