"""Which order leaves, which waits, who is told what; and that nobody spends another's money over any history."""

from decimal import Decimal

import msgspec
import pytest

from actors.order_desk import Effects, OrderDesk
from adapters.interfaces import UnknownOrderError
from messages.account import AccountBalances, AccountSnapshot, ForeignOrder, History
from messages.ids import client_order_id
from messages.money import ZERO
from messages.orders import (
    Accepted,
    Amended,
    Balances,
    Canceled,
    CloseReason,
    Filled,
    PartiallyFilled,
    Rejected,
    Resynced,
)
from tests.actors.desk_model import (
    BTC_USD,
    AtExchange,
    Strategy,
    World,
    filled_event,
    foreign_order,
)

D = Decimal


def world(usd: str = "1000", btc: str = "0", *strategies: Strategy) -> tuple[World, Strategy]:
    """One account with one or more strategies, attached."""
    everybody = strategies or (Strategy(1, BTC_USD),)
    return World({"USD": D(usd), "BTC": D(btc), "ETH": ZERO}, *everybody), everybody[0]


def sent_ids(effects: Effects) -> list[str]:
    return [place.order_id for place in effects.place]


# Sending


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
    assert grid.events() == [Rejected(order.order_id, "funds", "not enough free USD", order.time)]
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


# Waiting for funds


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
    account.submit(grid.cancel(new))
    assert grid.events()[-1] == Canceled(new, "", ZERO, ZERO, ZERO, "requested", 1)
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


# Events


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
    early = filled_event(held)
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
    assert account.desk.on_event(Rejected(order.order_id, "refused", "again", 2)) == Effects()
    assert order.order_id in account.desk.ledger.holds


def test_an_amended_order_holds_what_it_needs_now_and_is_complete_at_its_new_quantity() -> None:
    account, grid = world("150")
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.desk.on_event(Accepted(order.order_id, "X1", 2))
    account.desk.on_event(Amended(order.order_id, "X1", D("40000"), D("0.001"), 3))
    assert account.desk.ledger.holds[order.order_id].amount == D("40.1")
    account.desk.on_event(Filled(order.order_id, "X1", "F1", D("0.001"), D("40"), D("0.1"), 4))
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
    fill = Filled(order_id, "OX", "f", D("0.001"), D(50), D("0.1"), 4)
    effects = desk.on_event(fill)
    assert effects.deliver == []
    assert [record.event for record in effects.record] == [fill]
    assert desk.ledger.holds == {}


# Attaching


def test_a_new_strategy_is_told_its_funds_and_then_that_this_is_all() -> None:
    _, grid = world()
    assert grid.told == [Balances(1, D(1000), ZERO, ZERO), Resynced(1, 1)]


def test_facts_come_first_then_funds_then_the_end_of_the_resync() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.accept(account.orders[order.order_id])
    grid.told.clear()
    account.connect()
    assert [type(message) for message in grid.told] == [Accepted, Balances, Resynced]


def test_fills_while_away_are_told_in_the_order_in_which_they_happened() -> None:
    account, grid = world()
    orders = [grid.order("buy", price, "0.001") for price in ("50000", "49000", "48000")]
    account.submit(grid.submit(*orders))
    for order in reversed(orders):
        account.execute(account.orders[order.order_id], order.volume)
    grid.told.clear()
    account.connect()
    assert [event.order_id for event in grid.events()] == [order.order_id for order in reversed(orders)]


def test_an_order_that_never_arrived_is_sent_under_the_same_id() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    grid.submit(order)
    effects = account.attach(grid)
    assert effects.place == [order]
    assert grid.events() == []


def test_an_extra_sell_that_never_arrived_is_sent_although_others_have_not_attached_yet() -> None:
    swing, other = Strategy(1, BTC_USD, sells_unowned=True), Strategy(2, BTC_USD)
    account = World({"USD": D(1000), "BTC": D(1)}, swing, other)
    extra = swing.order("sell", "51005", "0.002")
    swing.submit(extra)
    account.desk = OrderDesk(AccountSnapshot(dict(account.totals), ()), frozenset({1, 2}))
    assert account.attach(swing).place == [extra]
    assert swing.events() == []


def test_an_order_that_never_arrived_is_sent_once_although_it_is_submitted_as_well() -> None:
    account, grid = world()
    submit = grid.submit(grid.order("buy", "50000", "0.002"))
    assert len(account.attach(grid).place) == 1
    assert account.submit(submit) == Effects()


def test_an_order_that_never_arrived_cannot_take_what_an_open_order_of_its_strategy_holds() -> None:
    account, grid = world("0", "2", Strategy(1, BTC_USD, owned=D(1)))
    lost, shown = grid.order("sell", "60000", "1"), grid.order("sell", "61000", "1")
    grid.submit(lost)
    grid.submit(shown)
    account.orders[shown.order_id] = AtExchange(shown, "O1", "open")
    account.connect()
    assert [type(event) for event in grid.events()] == [Accepted, Rejected]
    assert list(account.orders) == [shown.order_id]


@pytest.mark.parametrize(
    ("seen", "told", "reason"),
    [(True, "unclear", "by hand"), (False, "unclear", "post-only"), (False, "by hand", "by hand")],
)
def test_an_unclear_cancel_of_an_order_that_was_never_seen_open_is_nobodys_wish(
    seen: bool, told: CloseReason, reason: str
) -> None:
    """The adapter cancels what it cannot tell the fate of, and may die before it says so: the order is due again."""
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    if seen:
        account.accept(account.orders[order.order_id])
        account.tell_all()
    at_exchange = account.orders[order.order_id]
    at_exchange.exchange_id, at_exchange.status, at_exchange.reason = "O1", "canceled", told
    account.connect()
    (gone,) = (event for event in grid.events() if isinstance(event, Canceled))
    assert gone.reason == reason


def test_a_cancelled_order_that_never_arrived_is_closed_and_not_sent() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    grid.submit(order)
    grid.cancel(order.order_id)
    assert account.attach(grid).place == []
    assert grid.events() == [Canceled(order.order_id, "", ZERO, ZERO, ZERO, "requested", 1)]


def test_a_cancel_that_never_arrived_is_sent_again() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.accept(account.orders[order.order_id])
    account.tell_all()
    grid.cancel(order.order_id)
    assert account.attach(grid).cancel == [order.order_id]
    account.connect()
    assert account.orders[order.order_id].cancel_asked


def test_an_order_that_was_accepted_and_vanished_is_closed_as_unknown() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.execute(account.orders[order.order_id], D("0.001"))
    account.tell_all()
    del account.orders[order.order_id]
    account.connect()
    (gone,) = (event for event in grid.events() if isinstance(event, Canceled))
    assert (gone.reason, gone.filled) == ("unknown to the exchange", D("0.001"))
    assert account.desk.ledger.holds == {}


def test_an_order_of_ours_that_its_strategy_does_not_know_stops_the_start() -> None:
    order_id = client_order_id(1, "a second instance")
    with pytest.raises(UnknownOrderError, match="is a second instance running"):
        World({"USD": D(100)}, Strategy(1, BTC_USD), foreign=(foreign_order("OX", "buy", "50000", "0.001", order_id),))


def test_an_order_of_another_strategy_of_ours_is_no_stray_of_this_one() -> None:
    order_id = client_order_id(2, "of the other")
    World({"USD": D(100)}, Strategy(1, BTC_USD), foreign=(foreign_order("OX", "buy", "50000", "0.001", order_id),))


def test_an_order_of_ours_on_another_pair_is_never_touched() -> None:
    order_id = client_order_id(1, "of another pair")
    other = msgspec.structs.replace(foreign_order("OX", "buy", "50000", "0.001", order_id), symbol="ETH/USD")
    account = World({"USD": D(100)}, Strategy(1, BTC_USD), foreign=(other,))
    attach = Strategy(1, BTC_USD).attach()
    assert account.desk.strangers(attach, History(0, (other,))) == ()


def test_strangers_are_told_with_the_orders_that_they_may_follow_from() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.001")
    account.submit(grid.submit(order))
    account.accept(account.orders[order.order_id])
    open_one = foreign_order("O1", "buy", "50000", "0.001", order.order_id)
    assert account.desk.strangers(grid.attach(), History(0, (open_one,))) == ()
    closed = foreign_order("O2", "sell", "50500", "0.001", client_order_id(1, "O1"))
    others = foreign_order("O3", "sell", "50500", "0.001", client_order_id(2, "O1"))
    found = account.desk.strangers(grid.attach(), History(0, (open_one, closed, others)))
    assert {facts.order_id for facts in found} == {order.order_id, closed.order_id}


def test_an_order_is_looked_up_only_when_it_is_not_among_the_open_ones() -> None:
    account, grid = world()
    first, second = grid.order("buy", "50000", "0.001"), grid.order("buy", "49000", "0.001")
    account.submit(grid.submit(first))
    grid.submit(second)
    assert account.desk.to_look_up(grid.attach()) == [second.order_id]


def test_a_part_that_was_filled_while_away_is_added_to_what_the_strategy_owned() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    account.submit(grid.submit(order))
    account.execute(account.orders[order.order_id], D("0.0005"))
    account.tell_all()
    account.execute(account.orders[order.order_id], D("0.0010"))
    account.connect()
    assert account.desk.ledger.clients[1].owned == grid.owned == D("0.0015")
