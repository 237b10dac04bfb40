"""New buys do not take the place of the sells that fills ask for."""

from typing import cast

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from adapters.exchanges.kraken.account.order_view import AccountOrders
from adapters.exchanges.kraken.limits.budget import STARTER, TradingBudget
from adapters.exchanges.kraken.limits.request_queue import Batch, RequestQueue, place_batches
from adapters.exchanges.kraken.limits.room import Room
from adapters.exchanges.kraken.order_entry.reserve import KEPT_SECONDS, LOOK_SECONDS, START_SECONDS, Reserve
from adapters.exchanges.kraken.wire.our_orders import EVERY_MARK, Ownership
from messages.orders import Place
from tests.adapters.exchanges.kraken.support import acknowledged, opened, opening, place, report, trade

BTC = "BTC/USD"


def counter(number: int) -> Place:
    return replace(place(number, "70000.0", side="sell"), kind="counter")


class Books:
    """Orders of a pair, as far as the reserve looks at them."""

    def __init__(self, open_orders: int, filled: int, found: int = 0, in_doubt: int = 0) -> None:
        self.open = open_orders
        self.filled_buys = {BTC: filled}
        self.found_buys = {BTC: found}
        self.in_doubt = {BTC: in_doubt}
        self.ended: dict[str, int] = {}
        self.own = EVERY_MARK

    def open_count(self, symbol: str) -> int:
        return self.open if symbol == BTC else 0


def reserve(
    open_orders: int, filled: int, sent: int = 0, waiting: int = 0, found: int = 0, in_doubt: int = 0
) -> Reserve:
    return of(Books(open_orders, filled, found, in_doubt), Room(), sent, waiting)


def of(fake: Books, room: Room, sent: int = 0, waiting: int = 0) -> Reserve:
    books = cast("AccountOrders", fake)
    budget = TradingBudget(STARTER)
    outbox = RequestQueue(budget)
    for number in range(waiting):
        outbox.put(Batch("counter", BTC, (counter(number),)))
    return Reserve(outbox, budget, room, lambda: books, {BTC: sent})


def grid(*numbers: int, symbol: str = BTC) -> Batch:
    return Batch("grid", symbol, tuple(place(number) for number in numbers))


@pytest.mark.parametrize(
    ("open_orders", "filled", "sent", "waits"),
    [(58, 1, 0, False), (59, 1, 0, True), (58, 1, 1, True), (57, 2, 0, False), (58, 2, 0, True), (60, 0, 0, False)],
)
def test_a_buy_waits_where_the_sells_of_the_fills_would_find_no_room(
    open_orders: int, filled: int, sent: int, waits: bool
) -> None:
    rules = reserve(open_orders, filled, sent)
    assert (rules.wait(grid(1), 0) > 0) == waits
    assert rules.wait(grid(1, symbol="ETH/USD"), 0) == 0
    assert rules.wait(Batch("counter", BTC, (counter(1),)), 0) == 0


def test_the_place_is_free_once_the_sell_has_left_or_after_seconds() -> None:
    rules = reserve(59, 1)
    assert rules.wait(grid(1), 10) > 0
    assert rules.split(Batch("counter", BTC, (counter(2),)), 10)[1] == []
    assert rules.wait(grid(1), 10) == 0
    rules = reserve(59, 1)
    assert rules.wait(grid(1), 10) > 0
    assert rules.wait(grid(1), 10 + KEPT_SECONDS) == 0


def test_a_buy_waits_as_long_as_a_sell_waits_for_the_rate_limit() -> None:
    assert reserve(59, 0, waiting=1).wait(grid(1), 0) > 0
    assert reserve(58, 0, waiting=1).wait(grid(1), 0) == 0


def test_of_a_decision_with_both_the_sell_leaves_first() -> None:
    both = Batch("counter", BTC, (place(1), counter(2), place(3)))
    assert reserve(50, 2).split(both, 0) == (both, [])
    first, later = reserve(57, 2).split(both, 0)
    assert first.orders == (counter(2),)
    assert later == [grid(1, 3)]


def test_a_buy_waits_while_orders_that_may_be_filled_buys_are_looked_up() -> None:
    for open_orders, later in ((58, LOOK_SECONDS), (57, 0)):
        rules = reserve(open_orders, 0, in_doubt=2)
        # At first it is not known how many fit.
        assert rules.wait(grid(1), 0) > 0
        assert rules.wait(grid(1), START_SECONDS) == later


def test_at_a_start_with_fills_the_sells_of_a_decision_leave_before_its_buys() -> None:
    both = Batch("counter", BTC, (counter(2), place(3)))
    assert reserve(5, 0, found=2).split(both, 0) == (Batch("counter", BTC, (counter(2),)), [grid(3)])
    assert reserve(5, 0).split(both, 0) == (both, [])


def test_buys_of_a_decision_that_leave_after_its_sells_stay_before_the_farther_ones() -> None:
    outbox = RequestQueue(TradingBudget(STARTER))
    for batch in place_batches([counter(1), *(place(number) for number in range(2, 20))]):
        outbox.put(batch)
    first = outbox.take(0, lambda _: 0.0, orders=True, cancels=True)
    assert isinstance(first, Batch)
    for later in reserve(5, 0, found=2).split(first, 0)[1]:
        outbox.put(later)
    waiting = [order.order_id for batch in outbox.waiting() for order in batch.orders]
    assert waiting == [place(number).order_id for number in range(2, 20)]


@pytest.mark.parametrize(("open_orders", "waits"), [(5, 1), (0, 0)])
def test_first_new_buys_of_a_shared_pair_wait_until_all_have_asked_what_they_missed(
    open_orders: int, waits: float
) -> None:
    books = Books(open_orders, 0)
    books.own = Ownership({1: BTC, 2: BTC})
    rules = of(books, Room())
    assert rules.wait(grid(1), 7) == waits
    assert rules.wait(grid(1), 8) == 0


def full(ended: int) -> tuple[Room, Books]:
    """A pair of which Kraken has refused an order far below the limit of the level; so many were closed since."""
    room, books = Room(), Books(10, 0)
    room.used_up(BTC, books.ended, 0)
    books.ended = {BTC: ended}
    return room, books


def test_a_place_that_comes_free_is_the_refused_sells() -> None:
    room, books = full(1)
    room.owe(BTC, counter(1).order_id, 0)
    rules = of(books, room)
    assert rules.wait(grid(2), 1) > 0
    assert rules.split(Batch("counter", BTC, (counter(1),)), 1) == (Batch("counter", BTC, (counter(1),)), [])
    assert rules.wait(grid(2), 1) == 0
    room, books = full(2)
    room.owe(BTC, counter(1).order_id, 0)
    assert of(books, room).split(grid(2, 3), 1) == (grid(2), [grid(3)])


def test_no_more_leave_than_places_came_free() -> None:
    room, books = full(2)
    assert of(books, room).split(grid(1, 2, 3), 1) == (grid(1, 2), [grid(3)])
    sells = Batch("counter", BTC, (counter(1), counter(2), counter(3)), number=7)
    first, second = replace(sells, orders=sells.orders[:2]), replace(sells, orders=sells.orders[2:])
    assert of(books, room).split(sells, 1) == (first, [second])
    both = Batch("counter", BTC, (place(9), counter(1), counter(2)))
    sent, later = of(books, room).split(both, 1)
    assert sent.orders == (counter(1), counter(2))
    assert later == [grid(9)]


def test_a_pair_without_any_place_holds_nothing_back_since_all_is_refused() -> None:
    room, books = full(0)
    room.owe(BTC, counter(1).order_id, 0)
    assert of(books, room).wait(grid(2), 1) == 0


async def test_sells_of_all_fills_come_before_new_buys_at_the_limit(autojump_clock: MockClock) -> None:
    old = [opening(number) for number in range(100, 100 + STARTER.open_orders)]
    async with opened(orders=old) as rig:
        rig.account.budget.tier = STARTER
        await rig.far.channel("executions", trade(100, "0.00250000", "0.00250000", "F1", order_status="filled"))
        await rig.far.channel("executions", trade(101, "0.00250000", "0.00250000", "F2", order_status="filled"))
        await rig.events(2)
        first = await rig.placed(counter(1), place(2))
        assert first["method"] == "add_order"
        assert first["params"]["side"] == "sell"
        await acknowledged(rig.far, first, 1)
        begin = trio.current_time()
        second = await rig.placed(counter(3), place(4))
        assert second["params"]["side"] == "sell"
        await acknowledged(rig.far, second, 3)
        assert trio.current_time() - begin < 1
        third = await rig.far.heard()
        assert third["params"]["side"] == "buy"


async def test_open_orders_are_counted_by_pair(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1), opening(2), opening(3, symbol="ETH/USD")]) as rig:
        orders = rig.session._stream.orders
        assert (orders.open_count(BTC), orders.open_count("ETH/USD"), orders.filled_buys) == (2, 1, {})
        await rig.far.channel("executions", trade(1, "0.00250000", "0.00250000", "F1", order_status="filled"))
        await rig.far.channel("executions", report(3, "canceled"))
        await rig.events(3)
        assert (orders.open_count(BTC), orders.open_count("ETH/USD"), orders.filled_buys) == (1, 0, {BTC: 1})
        request = await rig.placed(place(4))
        await acknowledged(rig.far, request, 4)
        await rig.events(1)
        assert orders.open_count(BTC) == 2
