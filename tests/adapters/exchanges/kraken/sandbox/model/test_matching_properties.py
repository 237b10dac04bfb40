"""Whatever clients and prices do: money is conserved, holds are right, nobody is filled beyond his order."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.exchanges.kraken.sandbox import Settings
from adapters.exchanges.kraken.sandbox.control import Control
from adapters.exchanges.kraken.sandbox.faults import FaultPlan
from adapters.exchanges.kraken.sandbox.model import trading
from adapters.exchanges.kraken.sandbox.model.errors import Refused
from adapters.exchanges.kraken.sandbox.model.events import OrderEvent
from adapters.exchanges.kraken.sandbox.model.orders import Order, OrderRequest
from adapters.exchanges.kraken.sandbox.model.venue import Venue
from adapters.exchanges.kraken.sandbox.request_log import RequestLog
from tests.adapters.exchanges.kraken.sandbox.desk import DEMO, OTHER, START

PAIR = "XXBTZUSD"
SYMBOL = "BTC/USD"

prices = st.integers(min_value=590_000, max_value=630_000).map(lambda tenths: Decimal(tenths) / 10)
volumes = st.integers(min_value=5_000, max_value=3_000_000).map(lambda units: Decimal(units).scaleb(-8))
requests = st.builds(
    OrderRequest,
    side=st.sampled_from(["buy", "sell"]),
    ordertype=st.sampled_from(["limit", "limit", "limit", "market"]),
    volume=volumes,
    price=prices,
    post_only=st.booleans(),
    tif=st.sampled_from(["GTC", "GTC", "IOC", "FOK"]),
    self_trade=st.sampled_from(["cancel-newest", "cancel-oldest", "cancel-both"]),
)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["demo", "other"]), requests),
        st.tuples(st.just("price"), prices, st.none() | volumes),
        st.tuples(st.just("depth"), st.none() | volumes, st.none() | volumes),
        st.tuples(st.just("cancel"), st.integers(min_value=0, max_value=5), st.none()),
        st.tuples(st.just("advance"), st.integers(min_value=0, max_value=30), st.none()),
    ),
    max_size=30,
)


class World:
    """A venue, and what it told."""

    def __init__(self) -> None:
        start = Settings(accounts=(DEMO, OTHER), prices={}, start=START)
        self.venue = Venue(start)
        self.control = Control(self.venue, FaultPlan(), RequestLog())
        self.control.price(SYMBOL, Decimal("61000.0"))
        self.events: list[OrderEvent] = []
        self.venue.listen(lambda event: self.events.append(event) if isinstance(event, OrderEvent) else None)

    def step(self, move: tuple[Any, Any, Any]) -> None:
        match move:
            case "add", name, request:
                try:
                    pair, account = self.venue.catalogue.pairs[PAIR], self.venue.accounts[name]
                    trading.add(self.venue, account, pair, request, deadline=None, nearest_deadline=0)
                except Refused:
                    return
            case "price", price, volume:
                self.control.price(SYMBOL, price, volume=volume)
            case "depth", bid, ask:
                self.control.depth(SYMBOL, bid=bid, ask=ask)
            case "cancel", index, _:
                orders = list(self.venue.orders.open)
                if index < len(orders):
                    self.control.cancel(orders[index])
            case "advance", seconds, _:
                self.control.advance(Decimal(seconds))

    def all_orders(self) -> Iterator[Order]:
        for name in self.venue.accounts:
            yield from self.venue.orders.of_account(name, self.venue.clock.now())


@settings(max_examples=150, deadline=None)
@given(moves)
def test_money_is_conserved_and_holds_are_right(steps: list[tuple[Any, Any, Any]]) -> None:
    world = World()
    for step in steps:
        world.step(step)
    base, quote = world.venue.catalogue.pairs[PAIR].base, world.venue.catalogue.pairs[PAIR].quote
    for before in (DEMO, OTHER):
        account = world.venue.accounts[before.name]
        for asset in (base, quote):
            booked = sum(entry.amount - entry.fee for entry in account.entries if entry.asset == asset.id)
            assert account.total(asset) == before.balances[asset.id] + booked
            mine = world.venue.orders.open_of(before.name)
            held = sum(order.held for order in mine if world.venue.paid_in(order) == asset)
            assert account.held(asset) == held
            # A fee rounded to nearest at each fill may exceed its hold by half a unit of the ledger.
            assert account.free(asset) > Decimal("-0.01")
        bought = sum(trade.volume * (1 if trade.side == "buy" else -1) for trade in account.trades)
        assert account.total(base) == before.balances[base.id] + bought


@settings(max_examples=150, deadline=None)
@given(moves)
def test_orders_and_their_trades_agree(steps: list[tuple[Any, Any, Any]]) -> None:
    world = World()
    for step in steps:
        world.step(step)
    trades = [trade for account in world.venue.accounts.values() for trade in account.trades]
    for order in world.all_orders():
        own = [trade for trade in trades if trade.order == order.txid]
        assert order.filled == sum(trade.volume for trade in own) <= order.volume
        assert order.fee == sum(trade.fee for trade in own)
        assert order.trades == tuple(trade.txid for trade in own)
        assert (order.status == "closed") == (order.filled == order.volume)
        if order.request.ordertype == "limit":
            limit = order.price
            assert all(trade.price <= limit if order.side == "buy" else trade.price >= limit for trade in own)
        if order.request.post_only:
            assert all(trade.maker for trade in own)
    clients = [trade for trade in trades if not trade.maker]
    for taker in clients:
        partners = [trade for trade in trades if trade.trade_id == taker.trade_id and trade is not taker]
        assert all(partner.account != taker.account and partner.volume == taker.volume for partner in partners)


@settings(max_examples=100, deadline=None)
@given(moves)
def test_events_tell_the_whole_story_in_order(steps: list[tuple[Any, Any, Any]]) -> None:
    world = World()
    for step in steps:
        world.step(step)
    for order in world.all_orders():
        kinds = [event.kind for event in world.events if event.order.txid == order.txid]
        assert kinds[:2] == ["pending_new", "new"]
        ending = {"closed": ["filled"], "canceled": ["canceled"], "expired": ["expired"]}.get(order.status, [])
        assert kinds[2:] == ["trade"] * len(order.trades) + ending
