"""What waits to be sent, and what leaves next: counter-orders before cancels before grid orders. Pure.

While the budget suffices everything leaves at once. When it is short, the more urgent of a pair is not
overtaken by the less urgent of the same pair, and grid orders leave a part of the budget to the others. What is
equally urgent leaves in turns, one request of each strategy; and a strategy that has used more than its part of a
pair's budget leaves some of it to its neighbours, whatever it sends.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from itertools import count
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from adapters.exchanges.kraken.limits.budget import Counter, TradingBudget, add_cost, cancel_cost
from adapters.exchanges.kraken.wire.private_socket import LARGEST_ADD, LARGEST_CANCEL
from messages.ids import ClientOrderId, userref_of
from messages.orders import Place

Item = TypeVar("Item")

Urgency = Literal["counter", "cancel", "grid"]

SHARES: dict[Urgency, float] = {"counter": 1.0, "cancel": 0.9, "grid": 0.8}
"""How far each may fill the pair's counter; the keys are in the order of urgency."""

HEAVY_FROM = 0.5
"""Part of a pair's budget that one of several strategies may use before it has to leave some to the others."""
HEAVY_SHARE = SHARES["grid"]

Ages = Callable[[ClientOrderId], float]
"""Seconds since an order came into being, by client id."""


class Batch(Struct, frozen=True):
    """One request: orders to place, or client ids to cancel, all of one pair."""

    urgency: Urgency
    symbol: str
    orders: tuple[Place, ...] = ()
    cancels: tuple[ClientOrderId, ...] = ()
    rest: tuple[Place, ...] = ()
    """Orders that were refused together with these, to be sent once these are answered."""
    attempt: int = 1
    number: int = 0
    """Its place in the outbox, which it keeps when it has to be sent again."""

    @property
    def ids(self) -> tuple[ClientOrderId, ...]:
        """Client ids of all its orders."""
        return self.cancels or tuple(order.order_id for order in (*self.orders, *self.rest))

    @property
    def strategy(self) -> int | None:
        """userref of whose request it is; None for cancels of other ids."""
        return self.orders[0].strategy if self.orders else next(map(userref_of, self.cancels), None)

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


def cancel_batches(order_ids: Sequence[ClientOrderId], symbol_of: Callable[[ClientOrderId], str]) -> list[Batch]:
    """One decision's cancels."""
    by_symbol: dict[str, list[ClientOrderId]] = {}
    for order_id in dict.fromkeys(order_ids):
        by_symbol.setdefault(symbol_of(order_id), []).append(order_id)
    return [
        Batch("cancel", symbol, cancels=chunk)
        for symbol, own in by_symbol.items()
        for chunk in _chunks(own, LARGEST_CANCEL)
    ]


class RequestQueue:
    """Requests that have not left yet."""

    def __init__(self, budget: TradingBudget) -> None:
        self._budget = budget
        self._waiting: list[Batch] = []
        self._numbers = count(1)
        self._turns = count(1)
        self._served: dict[int | None, int] = {}
        """When each strategy's turn was last."""
        self._spent: dict[str, dict[int | None, Counter]] = {}
        """By pair and strategy, as the pair's own counter."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, batch: Batch) -> None:
        """Behind what is equally urgent; what was here before keeps its place."""
        batch = batch if batch.number else replace(batch, number=next(self._numbers))
        insort(self._waiting, batch, key=lambda waiting: waiting.number)
        self._counter(batch)  # from now on it is one of those who share the pair's budget

    def holds(self, order_id: ClientOrderId) -> bool:
        """Whether an order to place still waits."""
        return any(order_id in batch.ids for batch in self._waiting if batch.orders)

    def withdraw(self, order_id: ClientOrderId) -> bool:
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
            for batch in self._in_turn([batch for batch in self._waiting if batch.urgency == urgency], now):
                if batch.symbol in blocked or not (cancels if batch.cancels else orders):
                    continue
                put_off = held(batch)
                if put_off <= 0 and (leaving := self._affordable(batch, now, ages)):
                    self._leaves(batch, leaving)
                    self._counter(batch).charge(leaving.cost(ages), now)
                    return leaving
                wait = max(self._wait(batch, now, ages), put_off)
                if put_off <= 0 and not self.is_heavy(batch, now):
                    blocked.add(batch.symbol)
                soonest = min(soonest, wait)
        return soonest

    def _affordable(self, batch: Batch, now: float, ages: Ages) -> Batch | None:
        """What of it can be paid for now: all, or some of its cancels, which cost no less together than one by one.

        The oldest orders are the cheapest. None when not even one can be paid for.
        """
        if self._wait(batch, now, ages) <= 0:
            return batch
        oldest_first = sorted(batch.cancels, key=ages, reverse=True)
        for many in range(len(oldest_first) - 1, 0, -1):
            part = replace(batch, cancels=tuple(oldest_first[:many]))
            if self._wait(part, now, ages) <= 0:
                return part
        return None

    def _leaves(self, batch: Batch, leaving: Batch) -> None:
        """What is not among `leaving` waits on."""
        rest = tuple(order_id for order_id in batch.cancels if order_id not in leaving.cancels)
        index = self._waiting.index(batch)
        self._waiting[index : index + 1] = [replace(batch, cancels=rest)] if rest else []
        self._served[batch.strategy] = next(self._turns)

    def share(self, batch: Batch, now: float) -> float:
        """How far this request may fill the pair's counter."""
        return min(batch.share, HEAVY_SHARE) if self.is_heavy(batch, now) else batch.share

    def is_heavy(self, batch: Batch, now: float) -> bool:
        """Whether its strategy has used more than its part of the pair's budget, which it shares with others."""
        counter = self._counter(batch)
        return len(self._spent[batch.symbol]) > 1 and counter.level(now) > counter.maximum * HEAVY_FROM

    def _in_turn(self, batches: Sequence[Batch], now: float) -> list[Batch]:
        """One of each strategy, who was served longest ago first; each strategy's own in their order."""
        ranks: dict[int | None, int] = {}
        heavy: dict[tuple[int | None, str], bool] = {}
        keyed = []
        for batch in batches:
            strategy = batch.strategy
            rank = ranks[strategy] = ranks.get(strategy, -1) + 1
            if (strategy, batch.symbol) not in heavy:
                heavy[strategy, batch.symbol] = self.is_heavy(batch, now)
            key = heavy[strategy, batch.symbol], rank, self._served.get(strategy, 0), batch.number
            keyed.append((key, batch))
        return [batch for _, batch in sorted(keyed, key=lambda pair: pair[0])]

    def _counter(self, batch: Batch) -> Counter:
        """What its strategy has spent of the pair's budget."""
        of_all = self._budget.counter(batch.symbol)
        own = self._spent.setdefault(batch.symbol, {}).setdefault(batch.strategy, Counter(0.0, 1.0))
        own.maximum, own.decay = of_all.maximum, of_all.decay
        return own

    def _wait(self, batch: Batch, now: float, ages: Ages) -> float:
        return self._budget.counter(batch.symbol).wait(batch.cost(ages), now, self.share(batch, now))


def _urgency(orders: Sequence[Place]) -> Urgency:
    return "counter" if any(order.kind == "counter" for order in orders) else "grid"


def _chunks(items: Sequence[Item], size: int) -> list[tuple[Item, ...]]:
    return [tuple(items[start : start + size]) for start in range(0, len(items), size)]
