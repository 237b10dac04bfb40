"""Rate limits: the REST counter per key, the engine's counter per account and pair (facts, section 3)."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import REST_LIMIT, Refused

TierName = Literal["starter", "intermediate", "pro"]


class Tier(Struct, frozen=True):
    """What an account's verification level allows."""

    rest_maximum: Decimal
    rest_decay: Decimal
    """Per second."""
    engine_threshold: Decimal
    engine_decay: Decimal
    """Per second."""
    open_orders: int
    """Per pair."""


TIERS: dict[TierName, Tier] = {
    "starter": Tier(Decimal(15), Decimal("0.33"), Decimal(60), Decimal(1), 60),
    "intermediate": Tier(Decimal(20), Decimal("0.5"), Decimal(125), Decimal("2.34"), 80),
    "pro": Tier(Decimal(20), Decimal(1), Decimal(180), Decimal("3.75"), 225),
}

CANCEL_PENALTIES = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))
"""Age limit of the order in seconds, and points that a cancel costs below it."""

FREE_OF_REST_COUNTER = frozenset(
    {"AddOrder", "AddOrderBatch", "CancelOrder", "CancelOrderBatch", "CancelAll", "CancelAllOrdersAfter"}
)
HISTORY_CALLS = frozenset({"Ledgers", "QueryLedgers", "TradesHistory", "QueryTrades"})


def cancel_penalty(age: int) -> Decimal:
    """Cost of cancelling an order of this age in nanoseconds."""
    for seconds, penalty in CANCEL_PENALTIES:
        if age < seconds * SECOND:
            return Decimal(penalty)
    return Decimal(0)


class Counter:
    """A counter that decays linearly to zero."""

    def __init__(self, decay: Decimal) -> None:
        """`decay` per second."""
        self.decay = decay
        self._value = Decimal(0)
        self._time = 0

    def value(self, now: int) -> Decimal:
        gone = self.decay * (now - self._time) / SECOND
        return max(Decimal(0), self._value - gone)

    def add(self, cost: Decimal, now: int) -> Decimal:
        """Charge, and say what it stands at now."""
        self._value = self.value(now) + cost
        self._time = now
        return self._value


class RestCounter:
    """One key's counter. Calls made while it is full are counted too: they prolong the block."""

    def __init__(self, tier: Tier) -> None:
        self._maximum = tier.rest_maximum
        self._counter = Counter(tier.rest_decay)

    def value(self, now: int) -> Decimal:
        return self._counter.value(now)

    def charge(self, cost: Decimal, now: int) -> None:
        """Raises `Refused` when the counter is full; it never stands above twice its maximum."""
        before = self._counter.value(now)
        room = max(Decimal(0), self._maximum * 2 - before)
        self._counter.add(min(cost, room), now)
        if before + cost > self._maximum:
            raise Refused(REST_LIMIT)
