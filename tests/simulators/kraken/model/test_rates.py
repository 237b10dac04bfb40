from decimal import Decimal

import pytest

from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import Refused
from simulators.kraken.model.rates import TIERS, Counter, RestCounter, TierName, cancel_penalty


@pytest.mark.parametrize(
    ("age", "penalty"),
    [(0, 8), (4.999, 8), (5, 6), (10, 5), (15, 4), (44, 4), (45, 2), (90, 1), (299, 1), (300, 0), (9999, 0)],
)
def test_young_orders_cost_more_to_cancel(age: float, penalty: int) -> None:
    assert cancel_penalty(int(age * SECOND)) == penalty


@pytest.mark.parametrize(
    ("tier", "calls", "wait"), [("starter", 15, "3.1"), ("intermediate", 20, "2"), ("pro", 20, "1")]
)
def test_the_rest_counter_fills_and_decays_by_tier(tier: TierName, calls: int, wait: str) -> None:
    counter = RestCounter(TIERS[tier])
    for _ in range(calls):
        counter.charge(Decimal(1), 0)
    with pytest.raises(Refused, match=r"^EAPI:Rate limit exceeded$"):
        counter.charge(Decimal(1), 0)
    # The refused call was counted too, so two have to decay.
    after = int(Decimal(wait) * SECOND)
    with pytest.raises(Refused):
        counter.charge(Decimal(1), after)
    counter.charge(Decimal(1), 10 * after)


def test_calling_on_while_blocked_never_blocks_for_longer_than_a_full_counter() -> None:
    counter = RestCounter(TIERS["pro"])
    for _ in range(1000):
        try:
            counter.charge(Decimal(4), 0)
        except Refused:
            continue
    assert counter.value(0) == 40
    assert counter.value(25 * SECOND) == 15


@pytest.mark.parametrize(
    ("tier", "threshold", "decay", "orders"),
    [("starter", 60, "1", 60), ("intermediate", 125, "2.34", 80), ("pro", 180, "3.75", 225)],
)
def test_the_engine_tiers(tier: TierName, threshold: int, decay: str, orders: int) -> None:
    limits = TIERS[tier]
    assert (limits.engine_threshold, limits.engine_decay) == (Decimal(threshold), Decimal(decay))
    assert limits.open_orders == orders


def test_a_counter_decays_to_zero_and_not_below() -> None:
    counter = Counter(Decimal("2.34"))
    assert counter.add(Decimal(5), 0) == 5
    assert counter.value(SECOND) == Decimal("2.66")
    assert counter.value(60 * SECOND) == 0
    assert counter.add(Decimal(1), 60 * SECOND) == 1
