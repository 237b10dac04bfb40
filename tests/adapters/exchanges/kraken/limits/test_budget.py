"""The numbers of Kraken's rate limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchanges.kraken.limits.budget import (
    INTERMEDIATE,
    PRO,
    STARTER,
    Counter,
    Tier,
    TradingBudget,
    add_cost,
    cancel_cost,
    tier_of,
)


@pytest.mark.parametrize(
    ("age", "points"),
    [(0, 8), (4.9, 8), (5, 6), (10, 5), (15, 4), (44, 4), (45, 2), (89, 2), (90, 1), (299, 1), (300, 0)],
)
def test_a_cancel_costs_by_the_age_of_its_order(age: float, points: int) -> None:
    assert cancel_cost([age]) == points
    assert cancel_cost([age] * 3) == 3 * points


def test_a_batch_costs_half_per_order() -> None:
    assert [add_cost(orders) for orders in (1, 2, 5, 15)] == [1, 1, 2.5, 7.5]


@pytest.mark.parametrize(
    ("threshold", "tier"), [(60, STARTER), (125, INTERMEDIATE), (180, PRO), (1, STARTER), (500, PRO)]
)
def test_the_threshold_tells_the_tier(threshold: float, tier: Tier) -> None:
    assert tier_of(threshold) == tier


def test_a_counter_falls_with_time_and_says_how_long_to_wait() -> None:
    counter = Counter(125, 2.34)
    counter.charge(125, 0)
    assert counter.wait(1, 0) == pytest.approx(1 / 2.34)
    assert counter.wait(1, 1) == 0
    assert counter.level(1000) == 0


def test_a_cost_above_the_maximum_waits_for_an_empty_counter() -> None:
    counter = Counter(60, 1)
    counter.charge(10, 0)
    assert counter.wait(400, 0) == 10
    assert counter.wait(400, 10) == 0


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 100)), max_size=30))
def test_who_waits_as_told_never_exceeds_the_maximum(steps: list[tuple[float, float]]) -> None:
    counter, now = Counter(60, 1), 0.0
    for cost, pause in steps:
        now += pause
        now += counter.wait(cost, now)
        counter.charge(cost, now)
        assert counter.level(now) <= 60 + 1e-6


def test_pairs_have_counters_of_their_own() -> None:
    budget = TradingBudget()
    budget.counter("BTC/USD").charge(50, 0)
    budget.set_threshold(180)
    budget.exhausted("ETH/USD", 0)
    assert budget.counter("BTC/USD").maximum == 180
    assert budget.levels(0) == {"BTC/USD": 50, "ETH/USD": 180}
