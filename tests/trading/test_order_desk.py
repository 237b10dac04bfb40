"""Which order leaves, and which waits for funds."""

from decimal import Decimal

import msgspec

from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.money import ZERO
from messages.orders import (
    Canceled,
    Filled,
    Rejected,
)
from tests.trading.desk_model import (
    BTC_USD,
    Strategy,
    World,
    world,
)
from trading.order_desk import Effects

D = Decimal


def test_orders_of_one_decision_leave_as_one_batch_in_their_order() -> None:
    account, grid = world()
    orders = [grid.order("buy", price, "0.001") for price in ("50000", "49000", "48000")]
    assert account.submit(grid.submit(*orders)).place == orders


def test_a_submit_that_comes_twice_sends_nothing_twice() -> None:
    account, grid = world()
    submit = grid.submit(grid.order("buy", "50000", "0.001"))
    assert len(account.submit(submit).place) == 1
    assert account.submit(submit) == Effects()


def test_what_cannot_be_paid_is_refused_by_the_ledger_and_never_sent() -> None:
    account, grid = world("100")
    order = grid.order("buy", "50000", "0.002")
    effects = account.submit(grid.submit(order))
    assert effects.place == []
    assert grid.events() == [
        Rejected(order_id=order.order_id, reason="funds", text="not enough free USD", time=order.time)
    ]
    assert [record.event for record in effects.record] == grid.events()


def test_the_fee_of_a_buy_must_be_there_too() -> None:
    account, grid = world("100.25")
    assert len(account.submit(grid.submit(grid.order("buy", "50000", "0.002"))).place) == 1
    account, grid = world("100.24999")
    assert len(account.submit(grid.submit(grid.order("buy", "50000", "0.002"))).place) == 0


def test_a_sell_of_base_that_no_strategy_bought_is_refused() -> None:
    account, grid = world("0", "1")
    account.submit(grid.submit(grid.order("sell", "60000", "0.5")))
    (refused,) = grid.events()
    assert isinstance(refused, Rejected)
    assert refused.text == "not enough free BTC"


def test_a_strategy_that_sells_unowned_base_may_do_so() -> None:
    account, swing = world("0", "1", Strategy(1, BTC_USD, sells_unowned=True))
    assert len(account.submit(swing.submit(swing.order("sell", "60000", "0.5"))).place) == 1


def test_orders_in_flight_hold_their_funds() -> None:
    account, grid = world("150")
    account.submit(grid.submit(grid.order("buy", "50000", "0.002")))
    account.submit(grid.submit(grid.order("buy", "49000", "0.002")))
    assert [type(event) for event in grid.events()] == [Rejected]


def waiting() -> tuple[World, Strategy, str, str]:
    """The funds are in an order that is being cancelled; another order waits for them."""
    account, grid = world("150")
    old, new = grid.order("buy", "50000", "0.002"), grid.order("buy", "51000", "0.00196")
    account.submit(grid.submit(old))
    account.accept(account.orders[old.order_id])
    account.tell_all()
    cancel = grid.cancel(old.order_id)
    effects = account.submit(msgspec.structs.replace(cancel, commands=cancel.commands + grid.submit(new).commands))
    assert (effects.place, effects.cancel) == ([], [old.order_id])
    return account, grid, old.order_id, new.order_id


def test_an_order_waits_for_the_cancel_that_frees_its_funds_and_is_sent_then() -> None:
    account, _, old, new = waiting()
    account.close(account.orders[old], "requested")
    account.tell_all()
    assert account.orders[new].status == "sent"


def test_an_order_whose_funds_went_into_a_fill_in_the_cancel_window_is_refused() -> None:
    account, grid, old, new = waiting()
    account.execute(account.orders[old], D("0.002"))
    account.tell_all()
    assert new not in account.orders
    assert isinstance(grid.events()[-1], Rejected)
    assert isinstance(grid.events()[-2], Filled)


def test_a_waiting_order_that_is_cancelled_was_never_sent() -> None:
    account, grid, old, new = waiting()
    account.submit(grid.cancel(ClientOrderId(new)))
    assert grid.events()[-1] == Canceled(
        order_id=ClientOrderId(new),
        exchange_id=VenueOrderId(""),
        filled=ZERO,
        cost=ZERO,
        fee=ZERO,
        reason="requested",
        time=Nanos(1),
    )
    account.close(account.orders[old], "requested")
    account.tell_all()
    assert new not in account.orders


def test_a_waiting_order_is_submitted_twice_and_sent_once() -> None:
    account, grid, old, new = waiting()
    account.submit(grid.submit(grid.live[new].place))
    account.close(account.orders[old], "requested")
    account.tell_all()
    assert account.sent == 2


def test_an_order_that_waits_while_its_strategy_restarts_goes_on_waiting() -> None:
    account, grid, old, new = waiting()
    account.attach(grid)
    assert new not in account.orders
    account.close(account.orders[old], "requested")
    account.tell_all()
    assert account.orders[new].status == "sent"


def test_a_strategy_never_waits_for_a_cancel_of_another_one() -> None:
    account, grid = world("150", "0", Strategy(1, BTC_USD), Strategy(2, BTC_USD))
    other = account.strategies[2]
    order = other.order("buy", "50000", "0.002")
    account.submit(other.submit(order))
    account.submit(other.cancel(order.order_id))
    account.submit(grid.submit(grid.order("buy", "50000", "0.002")))
    assert [type(event) for event in grid.events()] == [Rejected]


def test_outcomes_are_open_until_the_cancel_is_confirmed_and_the_order_answered() -> None:
    account, _, old, new = waiting()
    assert account.desk.outcomes_open()
    account.close(account.orders[old], "requested")
    account.tell_all()
    assert account.desk.outcomes_open()
    account.accept(account.orders[new])
    account.tell_all()
    assert not account.desk.outcomes_open()


def test_a_refusal_is_an_outcome_too() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.001")
    account.submit(grid.submit(order))
    assert account.desk.outcomes_open()
    account.refuse(account.orders[order.order_id])
    account.tell_all()
    assert not account.desk.outcomes_open()


def test_a_cancel_of_an_order_that_is_gone_is_not_sent() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.001")
    account.submit(grid.submit(order))
    account.execute(account.orders[order.order_id], order.volume)
    account.tell_all()
    assert account.submit(grid.cancel(order.order_id)) == Effects()
