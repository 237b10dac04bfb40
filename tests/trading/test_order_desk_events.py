"""What is booked of an event, and who is told of it."""

from decimal import Decimal

import msgspec
import pytest

from messages.account import AbsentAnswered, AccountBalances, AccountSnapshot, ForeignOrder, OrderStatus
from messages.ids import Nanos, VenueOrderId, client_order_id
from messages.journal import LeftBehind, PastOrder
from messages.money import ZERO
from messages.orders import (
    Accepted,
    Amended,
    Balances,
    Filled,
    OrderKind,
    PartiallyFilled,
    Rejected,
)
from tests.trading.desk_model import (
    BTC_USD,
    Strategy,
    World,
    foreign_order,
    sent_ids,
    world,
)
from trading.absent import Absent
from trading.ledger import Client
from trading.order_desk import Effects, OrderDesk

D = Decimal


def test_a_fill_is_passed_on_and_recorded_and_changes_the_owner_of_the_base() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.execute(account.orders[order.order_id], D("0.0005"))
    account.execute(account.orders[order.order_id], D("0.0015"))
    account.tell_all()
    assert [type(event) for event in grid.events()] == [PartiallyFilled, Filled]
    assert account.desk.ledger.clients[1].owned == D("0.002")
    assert account.desk.ledger.holds == {}
    assert grid.told[-1] == Balances(1, D("899.75"), D("0.002"), ZERO)


def test_new_totals_alone_are_told_after_the_batch() -> None:
    account, _ = world()
    assert account.desk.on_event(AccountBalances({"USD": D(2000)})) == Effects()
    assert account.desk.balances().deliver == [(1, Balances(1, D(2000), ZERO, ZERO))]
    assert account.desk.balances() == Effects()


@pytest.mark.parametrize(("kind", "left"), [("counter", "0.005"), ("extra", "0.001")])
def test_a_sell_that_waits_for_a_cancel_keeps_the_base_that_it_offers(kind: OrderKind, left: str) -> None:
    """Whatever SWING sells meanwhile beyond its own base is its owner's; for an extra sell nothing is kept."""
    account, swing = world("1000", "0.02", Strategy(1, BTC_USD, sells_unowned=True, owned=D("0.005")))
    extra = swing.order("sell", "60000", "0.02", "extra")
    account.submit(swing.submit(extra))
    account.accept(account.orders[extra.order_id])
    account.tell_all()
    account.submit(swing.submit(*swing.cancel(extra.order_id).commands, swing.order("sell", "61000", "0.005", kind)))
    assert account.desk._waiting
    account.execute(account.orders[extra.order_id], D("0.004"))
    account.tell_all()
    assert account.desk.ledger.clients[1].owned == swing.owned == D(left)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_sell_that_replaces_another_one_offers_nothing_of_what_that_one_has_sold(arrives: bool) -> None:
    """One that sells only what it bought never sells its owner's, whatever its other sells offer."""
    account, grid = world("0", "1", Strategy(1, BTC_USD, owned=D("0.005")))
    first, second = grid.order("sell", "60000", "0.002"), grid.order("sell", "61000", "0.002")
    account.submit(grid.submit(first, second))
    account.accept(account.orders[first.order_id])
    account.accept(account.orders[second.order_id])
    account.execute(account.orders[first.order_id], D("0.002"))
    again = grid.order("sell", "60000", "0.002")
    if arrives:
        account.submit(grid.submit(*grid.cancel(first.order_id).commands, again))
        account.tell_all()
    else:
        grid.submit(*grid.cancel(first.order_id).commands, again)
        account.connect()
    assert account.desk.ledger.clients[1].owned == grid.owned == D("0.003")
    assert (again.order_id in account.orders, again.order_id in grid.live) == (False, False)


def test_a_doubled_event_is_booked_once() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.execute(account.orders[order.order_id], D("0.0005"))
    while account.queue:
        account.tell(twice=True)
    assert account.desk.ledger.clients[1].owned == D("0.0005")
    assert account.desk.ledger.holds[order.order_id].amount == D("75.1875")


def test_an_older_part_that_comes_late_is_not_booked_backwards() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    held = account.orders[order.order_id]
    account.execute(held, D("0.0005"))
    early = held.fill()
    account.execute(held, D("0.0005"))
    account.tell_all()
    account.carry_out(account.desk.on_event(early))
    assert account.desk.ledger.clients[1].owned == D("0.001")


def test_a_late_refusal_of_an_order_that_is_open_changes_nothing() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.accept(account.orders[order.order_id])
    account.tell_all()
    assert (
        account.desk.on_event(Rejected(order_id=order.order_id, reason="refused", text="again", time=Nanos(2)))
        == Effects()
    )
    assert order.order_id in account.desk.ledger.holds


def test_an_amended_order_holds_what_it_needs_now_and_is_complete_at_its_new_quantity() -> None:
    account, grid = world("150")
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.desk.on_event(Accepted(order_id=order.order_id, exchange_id=VenueOrderId("X1"), time=Nanos(2)))
    account.desk.on_event(
        Amended(
            order_id=order.order_id, exchange_id=VenueOrderId("X1"), price=D("40000"), volume=D("0.001"), time=Nanos(3)
        )
    )
    assert account.desk.ledger.holds[order.order_id].amount == D("40.1")
    account.desk.on_event(
        Filled(
            order_id=order.order_id,
            exchange_id=VenueOrderId("X1"),
            fill_id="F1",
            filled=D("0.001"),
            cost=D("40"),
            fee=D("0.1"),
            time=Nanos(4),
        )
    )
    assert account.desk.ledger.holds == {}
    assert account.desk.ledger.clients[1].owned == D("0.001")


def test_a_refused_order_may_be_sent_again_under_its_id() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.refuse(account.orders[order.order_id])
    account.tell_all()
    assert sent_ids(account.submit(grid.submit(order))) == [order.order_id]


@pytest.mark.parametrize("shown_before", [True, False])
def test_a_foreign_order_holds_what_it_needs_until_it_is_over(shown_before: bool) -> None:
    grid = Strategy(1, BTC_USD)
    order = foreign_order("OF1", "buy", "50000", "0.002")
    account = World({"USD": D(200), "BTC": ZERO}, grid, foreign=(order,) if shown_before else ())
    if not shown_before:
        assert account.desk.on_event(ForeignOrder(order)) == Effects()
        assert account.desk.balances().deliver == [(1, Balances(1, D(100), ZERO, ZERO))]
    partly = msgspec.structs.replace(order, filled=D("0.001"))
    assert account.desk.on_event(ForeignOrder(partly)) == Effects()
    assert account.desk.balances().deliver == [(1, Balances(1, D(150), ZERO, ZERO))]
    assert account.desk.on_event(ForeignOrder(msgspec.structs.replace(partly, status="canceled"))) == Effects()
    assert account.desk.balances().deliver == [(1, Balances(1, D(200), ZERO, ZERO))]


def test_an_event_of_a_strategy_that_is_not_there_is_recorded_all_the_same() -> None:
    order_id = client_order_id(7, "somebody's")
    shown = foreign_order("OX", "buy", "50000", "0.001", order_id)
    desk = OrderDesk(AccountSnapshot({"USD": D(100)}, (shown,)), frozenset({7}))
    fill = Filled(
        order_id=order_id,
        exchange_id=VenueOrderId("OX"),
        fill_id="f",
        filled=D("0.001"),
        cost=D(50),
        fee=D("0.1"),
        time=Nanos(4),
    )
    effects = desk.on_event(fill)
    assert effects.deliver == []
    assert [record.event for record in effects.record] == [fill]
    assert desk.ledger.holds == {}


@pytest.mark.parametrize("status", ["filled", "canceled"])
def test_an_order_with_our_mark_and_without_a_strategy_is_told_of_while_it_is_open(status: OrderStatus) -> None:
    left = foreign_order("OL", "buy", "50000", "0.001", client_order_id(77, "of a strategy that is gone"))
    desk = OrderDesk(AccountSnapshot({}, (left,)), frozenset({1}))
    assert desk.uncovered(frozenset({1})) == (left,)
    partly = msgspec.structs.replace(left, filled=D("0.0005"))
    desk.on_event(ForeignOrder(partly))
    assert desk.uncovered(frozenset({1})) == (partly,)
    desk.on_event(ForeignOrder(msgspec.structs.replace(left, status=status)))
    assert desk.uncovered(frozenset({1})) == ()


@pytest.mark.parametrize("as_events", [False, True], ids=["as a foreign order", "as an event"])
def test_what_an_uncovered_buy_brings_is_unowned_for_nobody(as_events: bool) -> None:
    order_id = client_order_id(77, "of a strategy that is gone")
    left = foreign_order("OL", "buy", "100", "1", order_id)
    past = LeftBehind(77, "BTC/USD", D(2), (PastOrder("buy", D(100), D(1), order_id),))
    desk = OrderDesk(AccountSnapshot({"USD": D(1000), "BTC": D(5)}, (left,)), frozenset({1}), Absent([past]))
    desk.ledger.join(Client(1, BTC_USD, ZERO, sells_unowned=True, owned=ZERO))
    assert desk.ledger.all_funds()[0].base_unowned == D(3)
    desk.on_event(AccountBalances({"USD": D(900), "BTC": D(6)}))
    if as_events:
        desk.on_event(
            Filled(
                order_id=order_id,
                exchange_id=VenueOrderId("OL"),
                fill_id="f",
                filled=D(1),
                cost=D(100),
                fee=ZERO,
                time=Nanos(4),
            )
        )
    else:
        desk.on_event(ForeignOrder(msgspec.structs.replace(left, filled=D(1), status="filled")))
    assert desk.ledger.all_funds()[0].base_unowned == D(3)
    assert [base.base for base in desk.absent.told()] == [D(3)]


def test_the_end_of_a_buy_that_vanished_frees_what_it_did_not_bring() -> None:
    order_id = client_order_id(77, "of a strategy that is gone")
    past = LeftBehind(77, "BTC/USD", ZERO, (PastOrder("buy", D(100), D(1), order_id),))
    desk = OrderDesk(AccountSnapshot({"BTC": D(5)}, ()), frozenset({1}), Absent([past]))
    desk.ledger.join(Client(1, BTC_USD, ZERO, sells_unowned=True, owned=ZERO))
    assert desk.ledger.all_funds()[0].base_unowned == D(4)
    desk.on_event(AbsentAnswered((order_id,), {}))
    assert desk.ledger.all_funds()[0].base_unowned == D(5)
