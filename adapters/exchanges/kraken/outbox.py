"""What waits to be sent, and what leaves next: counter-orders before cancels before grid orders. Pure.

While the budget suffices everything leaves at once. When it is short, the more urgent of a pair is not
overtaken by the less urgent of the same pair, and grid orders leave a part of the budget to the others.
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from msgspec import Struct

from adapters.exchanges.kraken.budget import TradingBudget, add_cost, cancel_cost
from adapters.exchanges.kraken.wire.trading import LARGEST_ADD, LARGEST_CANCEL
from messages.orders import Place

Item = TypeVar("Item")

Urgency = Literal["counter", "cancel", "grid"]

SHARES: dict[Urgency, float] = {"counter": 1.0, "cancel": 0.9, "grid": 0.8}
"""How far each may fill the pair's counter; the keys are in the order of urgency."""

Ages = Callable[[str], float]
"""Seconds since an order came into being, by client id."""


class Batch(Struct, frozen=True):
    """One request: orders to place, or client ids to cancel, all of one pair."""

    urgency: Urgency
    symbol: str
    orders: tuple[Place, ...] = ()
    cancels: tuple[str, ...] = ()
    attempt: int = 1
    not_before: float = 0.0
    """Seconds of trio's clock."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Client ids of all its orders."""
        return self.cancels or tuple(order.order_id for order in self.orders)

    def cost(self, ages: Ages) -> float:
        """Points of the pair's counter."""
        return cancel_cost(ages(order_id) for order_id in self.cancels) if self.cancels else add_cost(len(self.orders))


def place_batches(orders: Sequence[Place]) -> list[Batch]:
    """One decision's orders: as few requests as Kraken takes, a pair's orders in their sequence."""
    by_symbol: dict[str, list[Place]] = {}
    for order in orders:
        by_symbol.setdefault(order.symbol, []).append(order)
    return [
        Batch(_urgency(chunk), symbol, orders=chunk)
        for symbol, own in by_symbol.items()
        for chunk in _chunks(own, LARGEST_ADD)
    ]


def cancel_batches(order_ids: Sequence[str], symbol_of: Callable[[str], str]) -> list[Batch]:
    """One decision's cancels."""
    by_symbol: dict[str, list[str]] = {}
    for order_id in dict.fromkeys(order_ids):
        by_symbol.setdefault(symbol_of(order_id), []).append(order_id)
    return [
        Batch("cancel", symbol, cancels=chunk)
        for symbol, own in by_symbol.items()
        for chunk in _chunks(own, LARGEST_CANCEL)
    ]


class Outbox:
    """Requests that have not left yet."""

    def __init__(self, budget: TradingBudget) -> None:
        self._budget = budget
        self._waiting: list[Batch] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, batch: Batch) -> None:
        """Behind what is equally urgent."""
        self._waiting.append(batch)

    def holds(self, order_id: str) -> bool:
        """Whether an order to place still waits."""
        return any(order.order_id == order_id for batch in self._waiting for order in batch.orders)

    def withdraw(self, order_id: str) -> bool:
        """Take an order back before it is sent; False when it does not wait here."""
        for index, batch in enumerate(self._waiting):
            rest = tuple(order for order in batch.orders if order.order_id != order_id)
            if len(rest) < len(batch.orders):
                self._waiting[index : index + 1] = (
                    [Batch(batch.urgency, batch.symbol, rest, (), batch.attempt, batch.not_before)] if rest else []
                )
                return True
        return False

    def take(self, now: float, ages: Ages, *, orders: bool, cancels: bool) -> Batch | float:
        """The request that leaves now, or the seconds after which to ask again (infinite: after a change).

        `orders` and `cancels` say what the exchange takes at present.
        """
        blocked: set[str] = set()
        soonest = float("inf")
        for urgency in SHARES:
            for batch in [batch for batch in self._waiting if batch.urgency == urgency]:
                if batch.symbol in blocked or not (cancels if batch.cancels else orders):
                    continue
                wait = max(self._wait(batch, now, ages), batch.not_before - now)
                if wait <= 0:
                    self._waiting.remove(batch)
                    return batch
                if batch.not_before <= now:
                    blocked.add(batch.symbol)
                soonest = min(soonest, wait)
        return soonest

    def _wait(self, batch: Batch, now: float, ages: Ages) -> float:
        return self._budget.counter(batch.symbol).wait(batch.cost(ages), now, SHARES[batch.urgency])


def _urgency(orders: Sequence[Place]) -> Urgency:
    return "counter" if any(order.kind == "counter" for order in orders) else "grid"


def _chunks(items: Sequence[Item], size: int) -> list[tuple[Item, ...]]:
    return [tuple(items[start : start + size]) for start in range(0, len(items), size)]
