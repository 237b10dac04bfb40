"""Whatever clients and prices do: money is conserved, holds are right, nobody is filled beyond his order."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulators.kraken import Settings
from simulators.kraken.control import Control
from simulators.kraken.faults import FaultPlan
from simulators.kraken.model import trading
from simulators.kraken.model.catalogue import Asset
from simulators.kraken.model.errors import Refused
from simulators.kraken.model.events import OrderEvent
from simulators.kraken.model.orders import Order, OrderRequest
from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import RequestLog
from tests.simulators.kraken.desk import DEMO, OTHER, START

PAIR = "XXBTZUSD"
SYMBOL = "BTC/USD"

CLIENTS = (
    replace(DEMO, balances={"ZUSD": Decimal(60_000), "XXBT": Decimal(1)}),
    replace(OTHER, balances={"ZUSD": Decimal(50_000), "XXBT": Decimal("0.3"), "XBT.F": Decimal("0.6")}),
)
prices = st.integers(min_value=60_980, max_value=61_020).map(Decimal)
volumes = st.integers(min_value=1, max_value=40).map(lambda units: units * Decimal("0.0123457"))
sides = st.sampled_from(["buy", "sell"])
self_trades = st.sampled_from(["cancel-newest", "cancel-oldest", "cancel-both"])
resting = st.builds(OrderRequest, sides, st.just("limit"), volumes, prices, post_only=st.booleans())
taking = st.builds(
    OrderRequest,
    sides,
    st.just("limit"),
    volumes,
    prices,
    tif=st.sampled_from(["GTC", "IOC", "FOK"]),
    self_trade=self_trades,
)
market = st.builds(OrderRequest, sides, st.just("market"), volumes, self_trade=self_trades)
names = st.sampled_from(["demo", "other"])
add = st.tuples(st.just("add"), names, st.one_of(resting, taking, market))
world = st.one_of(
    st.tuples(st.just("price"), prices, st.none() | volumes),
    st.tuples(st.just("spread"), prices, st.integers(min_value=1, max_value=40)),
    st.tuples(st.just("depth"), st.none() | volumes, st.none() | volumes),
    st.tuples(st.just("cancel"), st.integers(min_value=0, max_value=5), st.none()),
    st.tuples(st.just("advance"), st.integers(min_value=0, max_value=30), st.none()),
)
rounds = st.lists(st.tuples(add, add, world), min_size=5, max_size=15)
moves = rounds.map(lambda groups: [("spread", Decimal(61_000), 30), *(move for group in groups for move in group)])


class World:
    """A venue, and what it told."""

    def __init__(self) -> None:
        start = Settings(accounts=CLIENTS, prices={}, start=START)
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
            case "spread", middle, width:
                self.control.quote(SYMBOL, middle - width, middle + width)
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


def owned(rows: Mapping[str, Decimal], asset: Asset) -> Decimal:
    """What an account had of an asset at first."""
    return rows.get(asset.row, Decimal(0)) + rows.get(asset.earn_row, Decimal(0))


@settings(max_examples=100, deadline=None)
@given(moves)
def test_money_is_conserved_and_holds_are_right(steps: list[tuple[Any, Any, Any]]) -> None:
    world = World()
    for step in steps:
        world.step(step)
    base, quote = world.venue.catalogue.pairs[PAIR].base, world.venue.catalogue.pairs[PAIR].quote
    for before in CLIENTS:
        account = world.venue.accounts[before.name]
        for asset in (base, quote):
            booked = sum(entry.amount - entry.fee for entry in account.entries if entry.asset == asset.id)
            assert account.total(asset) == owned(before.balances, asset) + booked
            assert account.rows.get(asset.earn_row, Decimal(0)) >= 0
            mine = world.venue.orders.open_of(before.name)
            held = sum(order.held for order in mine if world.venue.paid_in(order) == asset)
            assert account.held(asset) == held
            # A fee rounded to nearest at each fill may exceed its hold by half a unit of the ledger.
            assert account.free(asset) > Decimal("-0.001")
        bought = sum(trade.volume * (1 if trade.side == "buy" else -1) for trade in account.trades)
        assert account.total(base) == owned(before.balances, base) + bought


@settings(max_examples=100, deadline=None)
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
