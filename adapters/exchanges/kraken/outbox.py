"""What waits to be sent, and what leaves next: counter-orders before cancels before grid orders. Pure.

While the budget suffices everything leaves at once. When it is short, the more urgent of a pair is not
overtaken by the less urgent of the same pair, and grid orders leave a part of the budget to the others.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from itertools import count
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

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
    rest: tuple[Place, ...] = ()
    """Orders that were refused together with these, to be sent once these are answered."""
    attempt: int = 1
    number: int = 0
    """Its place in the outbox, which it keeps when it has to be sent again."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Client ids of all its orders."""
        return self.cancels or tuple(order.order_id for order in (*self.orders, *self.rest))

    @property
    def share(self) -> float:
        """How far it may fill the pair's counter."""
        return SHARES[self.urgency]

    def cost(self, ages: Ages) -> float:
        """Points of the pair's counter."""
        return cancel_cost(ages(order_id) for order_id in self.cancels) if self.cancels else add_cost(len(self.orders))


Held = Callable[[Batch], float]
"""Seconds for which Kraken has put off what a request asks for."""


def _free(batch: Batch) -> float:
    del batch
    return 0.0


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
        self._numbers = count(1)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, batch: Batch) -> None:
        """Behind what is equally urgent; what was here before keeps its place."""
        batch = batch if batch.number else replace(batch, number=next(self._numbers))
        insort(self._waiting, batch, key=lambda waiting: waiting.number)

    def holds(self, order_id: str) -> bool:
        """Whether an order to place still waits."""
        return any(order_id in batch.ids for batch in self._waiting if batch.orders)

    def withdraw(self, order_id: str) -> bool:
        """Take an order back before it is sent; False when it does not wait here."""
        for index, batch in enumerate(self._waiting):
            orders, rest = (
                tuple(order for order in part if order.order_id != order_id) for part in (batch.orders, batch.rest)
            )
            if len(orders) + len(rest) < len(batch.orders) + len(batch.rest):
                left = replace(batch, orders=orders, rest=rest) if orders else replace(batch, orders=rest, rest=())
                self._waiting[index : index + 1] = [left] if left.orders else []
                return True
        return False

    def waiting(self) -> Sequence[Batch]:
        """All that has not left."""
        return self._waiting

    def take(self, now: float, ages: Ages, *, orders: bool, cancels: bool, held: Held = _free) -> Batch | float:
        """The request that leaves now, or the seconds after which to ask again (infinite: after a change).

        `orders` and `cancels` say what the exchange takes at present, `held` what it has put off.
        """
        blocked: set[str] = set()
        soonest = float("inf")
        for urgency in SHARES:
            for batch in [batch for batch in self._waiting if batch.urgency == urgency]:
                if batch.symbol in blocked or not (cancels if batch.cancels else orders):
                    continue
                put_off = held(batch)
                wait = max(self._wait(batch, now, ages), put_off)
                if wait <= 0:
                    self._waiting.remove(batch)
                    return batch
                if put_off <= 0:
                    blocked.add(batch.symbol)
                soonest = min(soonest, wait)
        return soonest

    def _wait(self, batch: Batch, now: float, ages: Ages) -> float:
        return self._budget.counter(batch.symbol).wait(batch.cost(ages), now, batch.share)


def _urgency(orders: Sequence[Place]) -> Urgency:
    return "counter" if any(order.kind == "counter" for order in orders) else "grid"


def _chunks(items: Sequence[Item], size: int) -> list[tuple[Item, ...]]:
    return [tuple(items[start : start + size]) for start in range(0, len(items), size)]
