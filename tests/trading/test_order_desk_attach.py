"""What a strategy is told and what is sent when it attaches."""

from decimal import Decimal

import msgspec
import pytest

from messages.account import AccountSnapshot, Attach, History, LiveOrder, facts_of_accepted
from messages.ids import ClientOrderId, Nanos, VenueOrderId, client_order_id
from messages.money import ZERO
from messages.orders import (
    Accepted,
    Balances,
    Canceled,
    CloseReason,
    Filled,
    PartiallyFilled,
    Place,
    Rejected,
    Resynced,
)
from tests.trading.at_exchange import AtExchange
from tests.trading.desk_model import (
    BTC_USD,
    Strategy,
    World,
    foreign_order,
    world,
)
from trading.order_desk import Effects, OrderDesk
from trading.ports import OtherProgramError, UnknownOrderError

D = Decimal


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


@pytest.mark.parametrize(("price", "volume"), [("50000.05", "0.002"), ("50000", "0.0020000001"), ("50000", "0.00001")])
def test_an_order_that_never_arrived_and_the_pairs_rules_forbid_by_now_is_decided_anew(price: str, volume: str) -> None:
    account, grid = world()
    order = grid.order("buy", price, volume)
    grid.submit(order)
    effects = account.attach(grid)
    assert effects.place == []
    (refused,) = grid.events()
    assert isinstance(refused, Rejected)
    assert (refused.order_id, refused.reason) == (order.order_id, "rules")


def test_an_extra_sell_that_never_arrived_is_sent_although_others_have_not_attached_yet() -> None:
    swing, other = Strategy(1, BTC_USD, sells_unowned=True), Strategy(2, BTC_USD)
    account = World({"USD": D(1000), "BTC": D(1)}, swing, other)
    extra = swing.order("sell", "51005", "0.002")
    swing.submit(extra)
    account.desk = OrderDesk(AccountSnapshot(dict(account.totals), ()), frozenset({1, 2}))
    assert account.attach(swing).place == [extra]
    assert swing.events() == []


@pytest.mark.parametrize("lost", [("0.005",), ("0.002", "0.003")])
def test_a_sell_that_never_arrived_keeps_the_base_that_it_offers(lost: tuple[str, ...]) -> None:
    """An extra sell that was filled meanwhile took its owner's base first: they are sent."""
    account, swing = world("0", "0.02", Strategy(1, BTC_USD, sells_unowned=True, owned=D("0.005")))
    extra = swing.order("sell", "60000", "0.015", "extra")
    account.submit(swing.submit(extra))
    account.accept(account.orders[extra.order_id])
    account.tell_all()
    sells = [swing.order("sell", "61000", volume) for volume in lost]
    swing.submit(*sells)
    account.execute(account.orders[extra.order_id], D("0.015"))
    account.connect()
    assert account.desk.ledger.clients[1].owned == swing.owned == D("0.005")
    assert [account.orders[sell.order_id].status for sell in sells] == ["sent"] * len(lost)


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
    account.orders[shown.order_id] = AtExchange(shown, VenueOrderId("O1"), "open")
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
    at_exchange.exchange_id, at_exchange.status, at_exchange.reason = VenueOrderId("O1"), "canceled", told
    account.connect()
    (gone,) = (event for event in grid.events() if isinstance(event, Canceled))
    assert gone.reason == reason


def test_a_cancelled_order_that_never_arrived_is_closed_and_not_sent() -> None:
    account, grid = world()
    order = grid.order("buy", "50000", "0.002")
    grid.submit(order)
    grid.cancel(order.order_id)
    assert account.attach(grid).place == []
    assert grid.events() == [
        Canceled(
            order_id=order.order_id,
            exchange_id=VenueOrderId(""),
            filled=ZERO,
            cost=ZERO,
            fee=ZERO,
            reason="requested",
            time=Nanos(1),
        )
    ]


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


def _attach(symbol: str, since: int | None) -> Attach:
    return Attach(1, 1, symbol, D("0.0025"), ZERO, sells_unowned=False, orders=(), since=since)


@pytest.mark.parametrize(
    ("symbol", "userref", "since", "refused"),
    [
        ("BTC/USD", 1, 0, True),
        ("BTC/USD", 1, 5, False),  # a strategy with a past goes on
        ("BTC/USD", 2, 0, False),
        ("BTC/USD", None, 0, False),
        ("ETH/USD", 1, 0, False),
    ],
)
def test_no_second_grid_begins_over_that_of_another_program(
    symbol: str, userref: int | None, since: int, *, refused: bool
) -> None:
    order = msgspec.structs.replace(
        foreign_order("OQCLML", "buy", "50000", "0.01"), symbol=symbol, order_id="", userref=userref
    )
    desk = OrderDesk(AccountSnapshot({"USD": D(1000)}, (order,)), frozenset({1}))
    attach = _attach("BTC/USD", since)
    if refused:
        with pytest.raises(OtherProgramError, match=r"OQCLML.*another userref.*--adopt does not take them over"):
            desk.strangers(attach, History(0, ()))
        with pytest.raises(OtherProgramError, match="userref 1: "):
            desk.attach(attach, BTC_USD, {})
    else:
        assert desk.strangers(attach, History(0, ())) == ()
        desk.attach(attach, BTC_USD, {})


def adopted_sell(*, shown: bool) -> tuple[OrderDesk, Effects, str]:
    """A desk that takes a sell of its owner's base (0.1 of 1 BTC, 0.3 of it ours) as the strategy's; its client id."""
    order_id = client_order_id(1, "somebody")
    place = Place(1, order_id, "BTC/USD", "sell", D(60000), D("0.1"), True, "counter", "adopted/O", Nanos(1))
    facts = facts_of_accepted(place, VenueOrderId("O"), Nanos(1))
    desk = OrderDesk(AccountSnapshot({"BTC": D(1)}, (facts,) if shown else ()), frozenset({1}))
    live = LiveOrder(place, canceling=False, accepted=False, filled=ZERO, placed=ZERO)
    attach = Attach(1, 1, "BTC/USD", D("0.0025"), D("0.3"), sells_unowned=False, orders=(live,))
    return desk, desk.attach(attach, BTC_USD, {}), order_id


def test_a_fill_of_an_adopted_sell_takes_none_of_the_base_that_the_strategy_bought() -> None:
    desk, effects, order_id = adopted_sell(shown=True)
    assert Balances(1, ZERO, D("0.3"), D("0.6")) in [message for _, message in effects.deliver]
    desk.on_event(
        PartiallyFilled(
            order_id=ClientOrderId(order_id),
            exchange_id=VenueOrderId("O"),
            fill_id="T1",
            filled=D("0.04"),
            cost=D(2400),
            fee=ZERO,
            time=Nanos(2),
        )
    )
    assert desk.ledger.clients[1].owned == D("0.3")
    desk.on_event(
        Filled(
            order_id=ClientOrderId(order_id),
            exchange_id=VenueOrderId("O"),
            fill_id="T2",
            filled=D("0.1"),
            cost=D(6000),
            fee=ZERO,
            time=Nanos(3),
        )
    )
    assert desk.ledger.clients[1].owned == D("0.3")
    assert not desk.ledger.holds


def test_an_adopted_sell_that_is_gone_is_never_sent() -> None:
    _, effects, order_id = adopted_sell(shown=False)
    assert effects.place == []
    (event,) = [event for _, event in effects.deliver if isinstance(event, Canceled)]
    assert (event.order_id, event.reason) == (order_id, "unknown to the exchange")


@pytest.mark.parametrize(
    ("ours", "seen", "reason", "found"),
    [
        (True, True, "by hand", "requested"),
        (True, True, "unclear", "requested"),
        (True, False, "unclear", "requested"),
        (True, True, "venue", "venue"),
        (False, True, "by hand", "by hand"),
        (False, True, "unclear", "by hand"),
        (False, False, "unclear", "post-only"),
    ],
)
def test_a_cancel_that_a_later_journal_asked_for_is_not_the_owners(
    ours: bool, seen: bool, reason: CloseReason, found: CloseReason
) -> None:
    order_id = client_order_id(1, "a fill")
    place = Place(1, order_id, "BTC/USD", "sell", D(60000), D("0.1"), True, "counter", "O/0", Nanos(1))
    shown = facts_of_accepted(place, VenueOrderId("O"), Nanos(1))
    facts = msgspec.structs.replace(shown, status="canceled", reason=reason, text="User requested")
    desk = OrderDesk(AccountSnapshot({"BTC": D(1)}, ()), frozenset({1}))
    live = LiveOrder(place, canceling=False, accepted=seen, filled=ZERO)
    withdrawn = frozenset([order_id]) if ours else frozenset()
    attach = Attach(1, 1, "BTC/USD", D("0.0025"), D("0.3"), sells_unowned=False, orders=(live,), withdrawn=withdrawn)
    effects = desk.attach(attach, BTC_USD, {order_id: facts})
    (told,) = [message for _, message in effects.deliver if isinstance(message, Canceled)]
    (written,) = [record.event for record in effects.record]
    assert told == written
    assert told.reason == found
