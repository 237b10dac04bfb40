"""Rate budgets: what a request costs, and how long to wait before it can be paid.

Counters rise with requests and fall with time. Times are seconds of trio's clock, costs are Kraken's points.
Other programs on the same account spend from the same counters unseen; the stream's figures correct ours.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct


class Tier(Struct, frozen=True):
    """The limits of one verification level."""

    rest_maximum: float
    rest_decay: float
    threshold: float
    """Highest value of each pair's trading rate counter."""
    decay: float
    open_orders: int
    """Per pair, at most."""


STARTER = Tier(15, 0.33, 60, 1.0, 60)
INTERMEDIATE = Tier(20, 0.5, 125, 2.34, 80)
PRO = Tier(20, 1.0, 180, 3.75, 225)

REST_CALL = 1.0
REST_HISTORY = 4.0
"""Ledger and trade history; whether closed orders count as such is not published."""

_CANCEL_PENALTIES = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))
"""Age of the order in seconds, below which a cancel costs this many points."""


def tier_of(threshold: float) -> Tier:
    """The level that the stream's `maxratecount` belongs to; an unknown one is the next lower."""
    fitting = [tier for tier in (PRO, INTERMEDIATE) if threshold >= tier.threshold]
    return fitting[0] if fitting else STARTER


def add_cost(orders: int) -> float:
    """Cost of placing this many orders of one pair in one request."""
    return 1.0 if orders == 1 else orders / 2


def cancel_cost(ages: Iterable[float]) -> float:
    """Canceling orders of these ages in seconds, in one request or many."""
    return float(sum(next((points for limit, points in _CANCEL_PENALTIES if age < limit), 0) for age in ages))


class Counter:
    """A rate counter: it rises by the points of each request and falls by `decay` points a second."""

    def __init__(self, maximum: float, decay: float) -> None:
        self.maximum = maximum
        self.decay = decay
        self._level = 0.0
        self._time = 0.0

    def level(self, now: float) -> float:
        """What is spent and not yet forgotten."""
        return max(self._level - self.decay * max(now - self._time, 0.0), 0.0)

    def charge(self, cost: float, now: float) -> None:
        """Add the points of a request that has left."""
        self.correct(self.level(now) + cost, now)

    def correct(self, level: float, now: float) -> None:
        """Set the level, in points, to what the exchange reports."""
        self._level, self._time = level, now

    def wait(self, cost: float, now: float, share: float = 1.0) -> float:
        """Seconds until `cost` fits below `share` of the maximum; more than the maximum waits for an empty counter."""
        limit = max(self.maximum * share - cost, 0.0)
        return max(self.level(now) - limit, 0.0) / self.decay


class TradingBudget:
    """The trading counters of one account, one per pair."""

    def __init__(self, tier: Tier = STARTER) -> None:
        self.tier = tier
        self._counters: dict[str, Counter] = {}

    def set_threshold(self, threshold: float) -> None:
        """Take the account's own limit, as the stream reports it."""
        self.tier = tier_of(threshold)
        for counter in self._counters.values():
            counter.maximum, counter.decay = self.tier.threshold, self.tier.decay

    def counter(self, symbol: str) -> Counter:
        """The rate counter of this pair; a new one is empty."""
        return self._counters.setdefault(symbol, Counter(self.tier.threshold, self.tier.decay))

    def exhausted(self, symbol: str, now: float) -> None:
        """Count the pair's counter as full: the exchange refused a request for lack of budget."""
        counter = self.counter(symbol)
        counter.correct(max(counter.level(now), counter.maximum), now)

    def levels(self, now: float) -> Mapping[str, float]:
        """How full each pair's counter is."""
        return {symbol: counter.level(now) for symbol, counter in self._counters.items()}
