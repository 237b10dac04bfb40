"""Whose the orders of the account are, as far as their marks and the strategies' books tell."""

import pytest
from msgspec.structs import replace

from messages.account import Attach, History, OrderFacts, facts_of_accepted
from messages.ids import NO_CLIENT_ID, ClientOrderId, Nanos, VenueOrderId, client_order_id
from messages.money import ZERO
from messages.orders import Place
from tests.trading.strategies.harness import D
from trading import known_orders
from trading.known_orders import KnownOrders
from trading.ports import OtherProgramError, UnknownOrderError

MINE, NEIGHBOUR = 1, 2


def shown(cause: str, userref: int = MINE, symbol: str = "BTC/USD") -> OrderFacts:
    """An open order with our mark."""
    place = Place(
        strategy=userref,
        order_id=client_order_id(userref, cause),
        symbol=symbol,
        side="buy",
        price=D(50_000),
        volume=D(1),
        post_only=True,
        kind="ladder",
        cause=cause,
        time=Nanos(1),
    )
    return facts_of_accepted(place, VenueOrderId(f"O-{cause}"), Nanos(1))


def of_another_program(userref: int, symbol: str = "BTC/USD") -> OrderFacts:
    """An open order that carries a userref of Kraken's and no mark of ours."""
    return replace(shown("theirs", symbol=symbol), order_id=NO_CLIENT_ID, userref=userref)


def attach(since: int | None = 0) -> Attach:
    """A strategy that counts on no order."""
    return Attach(
        strategy=MINE, number=1, symbol="BTC/USD", fee=ZERO, owned=ZERO, sells_unowned=False, orders=(), since=since
    )


def test_an_order_that_was_shown_asked_for_or_is_over_is_nothing_strange() -> None:
    orders = KnownOrders([shown("a")])
    later = client_order_id(MINE, "later")
    assert not orders.is_strange(shown("a").order_id)
    assert orders.is_strange(later)
    orders.meet(later)
    assert not orders.is_strange(later)


def test_the_oldest_ids_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_orders, "_MET_KEPT", 2)
    orders = KnownOrders([])
    for name in ("a", "b", "c"):
        orders.meet(ClientOrderId(name))
    assert [orders.is_strange(ClientOrderId(name)) for name in ("a", "b", "c")] == [True, False, False]


def test_unclaimed_are_open_orders_with_our_mark_that_nobody_has_asked_for_since() -> None:
    left, claimed, over = shown("left"), shown("claimed"), shown("over")
    orders = KnownOrders([left, claimed, over, of_another_program(MINE)])
    orders.tracked[claimed.order_id].place = Place(
        MINE, claimed.order_id, "BTC/USD", "buy", D(1), D(1), True, "ladder", "claimed", Nanos(1)
    )
    orders.tracked[over.order_id].facts = replace(over, status="canceled")
    assert orders.unclaimed() == [left]


def test_an_order_of_this_strategy_that_it_does_not_count_on_refuses_its_start() -> None:
    others = [shown("a", NEIGHBOUR), shown("b", symbol="ETH/USD")]
    KnownOrders(others).refuse_strays(attach())
    with pytest.raises(UnknownOrderError, match="O-stray"):
        KnownOrders([*others, shown("stray")]).refuse_strays(attach())


def test_a_first_start_is_refused_over_the_grid_of_another_program_and_a_later_one_is_not() -> None:
    orders = KnownOrders([of_another_program(MINE)])
    with pytest.raises(OtherProgramError):
        orders.refuse_other_programs(attach())
    orders.refuse_other_programs(attach(since=5))
    KnownOrders([of_another_program(NEIGHBOUR), of_another_program(MINE, "ETH/USD")]).refuse_other_programs(attach())


def test_strangers_come_with_all_orders_of_the_strategy_and_without_those_of_others() -> None:
    closed = replace(shown("closed"), status="canceled")
    orders = KnownOrders([shown("open"), shown("a", NEIGHBOUR), shown("b", symbol="ETH/USD")])
    assert set(orders.strangers(attach(), History(0, (closed,)))) == {closed, shown("open")}
    assert KnownOrders([shown("a", NEIGHBOUR)]).strangers(attach(), History(0, ())) == ()
