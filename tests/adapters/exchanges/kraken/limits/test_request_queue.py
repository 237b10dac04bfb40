"""What leaves first when the budget is short."""

from msgspec.structs import replace

from adapters.exchanges.kraken.limits.budget import TradingBudget
from adapters.exchanges.kraken.limits.request_queue import Batch, RequestQueue, cancel_batches, place_batches
from messages.ids import client_order_id
from tests.adapters.exchanges.kraken.support import order_id, place

INFINITY = float("inf")


def fresh(order: str) -> float:
    """All orders are new."""
    del order
    return 0.0


def filled(budget: TradingBudget, *batches: Batch) -> RequestQueue:
    """An outbox with these."""
    outbox = RequestQueue(budget)
    for batch in batches:
        outbox.put(batch)
    return outbox


def batch_of(number: int, kind: str, symbol: str = "BTC/USD") -> Batch:
    """One request of this kind."""
    if kind == "cancel":
        return Batch("cancel", symbol, cancels=(order_id(number),))
    (batch,) = place_batches([place(number, symbol=symbol, kind="counter" if kind == "counter" else "ladder")])
    return batch


def next_of(outbox: RequestQueue, now: float) -> tuple[str, ...] | float:
    """Whose request leaves, or how long nothing does."""
    step = outbox.take(now, fresh, orders=True, cancels=True)
    return step.ids if isinstance(step, Batch) else step


def test_more_urgent_requests_leave_first() -> None:
    grid, cancel, counter = batch_of(1, "grid"), batch_of(2, "cancel"), batch_of(3, "counter")
    outbox = filled(TradingBudget(), grid, cancel, counter)
    assert [next_of(outbox, 0) for _ in range(4)] == [counter.ids, cancel.ids, grid.ids, INFINITY]


def test_without_budget_the_urgent_one_is_not_overtaken_on_its_pair() -> None:
    budget = TradingBudget()
    budget.exhausted("BTC/USD", 0)
    grid, counter, other = batch_of(1, "grid"), batch_of(2, "counter"), batch_of(3, "grid", "ETH/USD")
    outbox = filled(budget, grid, counter, other)
    assert next_of(outbox, 0) == other.ids
    assert outbox.take(0, fresh, orders=True, cancels=True) == 1.0
    assert next_of(outbox, 1) == counter.ids
    assert outbox.take(1, fresh, orders=True, cancels=True) == 12.0


def test_grid_orders_leave_a_part_of_the_budget_to_others() -> None:
    budget = TradingBudget()
    budget.counter("BTC/USD").charge(50, 0)
    outbox = filled(budget, batch_of(1, "grid"))
    assert outbox.take(0, fresh, orders=True, cancels=True) == 3.0
    outbox.put(batch_of(2, "counter"))
    assert next_of(outbox, 0) == batch_of(2, "counter").ids


def test_what_the_exchange_does_not_take_waits_for_a_change() -> None:
    outbox = filled(TradingBudget(), batch_of(1, "grid"), batch_of(2, "cancel"))
    step = outbox.take(0, fresh, orders=False, cancels=True)
    assert isinstance(step, Batch)
    assert step.ids == (order_id(2),)
    assert outbox.take(0, fresh, orders=False, cancels=True) == INFINITY


def test_a_decision_becomes_as_few_requests_as_possible() -> None:
    sizes = [len(batch.orders) for batch in place_batches([place(number) for number in range(31)])]
    assert sizes == [15, 15, 1]
    ids = [order_id(number) for number in range(51)]
    assert [len(batch.cancels) for batch in cancel_batches(ids + ids, lambda _: "BTC/USD")] == [50, 1]


def test_a_withdrawn_order_leaves_its_batch() -> None:
    outbox = filled(TradingBudget(), *place_batches([place(1), place(2)]))
    assert outbox.holds(order_id(1))
    assert outbox.withdraw(order_id(1))
    assert not outbox.withdraw(order_id(1))
    left = outbox.take(0, fresh, orders=True, cancels=True)
    assert isinstance(left, Batch)
    assert left.ids == (order_id(2),)


def test_what_is_sent_again_keeps_its_place() -> None:
    outbox = filled(TradingBudget(), *(batch_of(number, "grid") for number in (1, 2, 3)))
    sent = [outbox.take(0, fresh, orders=True, cancels=True) for _ in range(2)]
    for batch in reversed(sent):
        assert isinstance(batch, Batch)
        outbox.put(batch)
    assert [next_of(outbox, 0) for _ in range(3)] == [(order_id(number),) for number in (1, 2, 3)]


def test_what_is_put_off_does_not_hold_up_the_others() -> None:
    held, free = batch_of(1, "counter"), batch_of(2, "grid")
    outbox = filled(TradingBudget(), held, free)
    put_off = {held.ids: 7.0}
    steps = [
        outbox.take(0, fresh, orders=True, cancels=True, held=lambda batch: put_off.get(batch.ids, 0.0))
        for _ in range(2)
    ]
    assert isinstance(steps[0], Batch)
    assert (steps[0].ids, steps[1]) == (free.ids, 7.0)


def of_strategy(strategy: int, number: int) -> Batch:
    """One counter-order of this strategy."""
    order = replace(place(number, kind="counter"), strategy=strategy, order_id=client_order_id(strategy, f"{number}"))
    (batch,) = place_batches([order])
    return batch


def test_nobody_waits_behind_the_queue_of_a_neighbour() -> None:
    flood = [of_strategy(1, number) for number in range(200)]
    outbox = filled(TradingBudget(), *flood)
    for own in flood[:3]:
        assert next_of(outbox, 0) == own.ids
    neighbours = of_strategy(2, 1000), of_strategy(2, 1001)
    for batch in neighbours:
        outbox.put(batch)
    assert [next_of(outbox, 0) for _ in range(4)] == [
        neighbours[0].ids,
        flood[3].ids,
        neighbours[1].ids,
        flood[4].ids,
    ]


def send_all(outbox: RequestQueue, budget: TradingBudget) -> int:
    """How many requests leave now, each paid for."""
    sent = 0
    while isinstance(outbox.take(0, fresh, orders=True, cancels=True), Batch):
        budget.counter("BTC/USD").charge(1, 0)
        sent += 1
    return sent


def test_who_has_used_its_part_of_the_budget_leaves_some_to_its_neighbours() -> None:
    budget = TradingBudget()
    outbox = filled(budget, *(of_strategy(1, number) for number in range(200)), of_strategy(2, 1000))
    assert send_all(outbox, budget) == 48  # of 60 that Kraken takes at once
    outbox.put(late := of_strategy(2, 1001))
    assert next_of(outbox, 0) == late.ids


def test_who_is_alone_on_a_pair_uses_all_of_it() -> None:
    budget = TradingBudget()
    assert send_all(filled(budget, *(of_strategy(1, number) for number in range(200))), budget) == 60


def test_of_cancels_that_cannot_all_be_paid_for_those_leave_that_can_the_cheapest_first() -> None:
    ages = {order_id(number): age for number, age in ((1, 0.0), (2, 7.0), (3, 0.0), (4, 400.0))}
    budget = TradingBudget()
    (batch,) = cancel_batches(list(ages), lambda _: "BTC/USD")
    budget.counter("BTC/USD").charge(budget.tier.threshold * batch.share - 15, 0)
    outbox = filled(budget, batch)
    first = outbox.take(0, lambda order: ages[order], orders=True, cancels=True)
    assert isinstance(first, Batch)
    assert set(first.ids) == {order_id(4), order_id(2), order_id(1)}, "0 + 6 + 8 points"
    budget.counter("BTC/USD").charge(first.cost(lambda order: ages[order]), 0)
    wait = outbox.take(0, lambda order: ages[order], orders=True, cancels=True)
    assert isinstance(wait, float)
    last = outbox.take(wait, lambda order: ages[order], orders=True, cancels=True)
    assert isinstance(last, Batch)
    assert last.ids == (order_id(3),)
    assert len(outbox) == 0
