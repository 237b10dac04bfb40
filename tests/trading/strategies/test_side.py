"""Order and sums of one side, kept up change by change; `test_grid_machine` holds them against the whole state."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.money import ZERO, Side, hold_of
from tests.trading.strategies.harness import BTC_USD, SETTINGS, D
from trading.strategies.side import LadderSide
from trading.strategies.state import OwnOrder

prices = st.integers(490_000, 490_004).map(lambda ticks: D(ticks) / 10)
volumes = st.integers(1, 10**6).map(lambda lots: D(lots) / 10**8)


def order_of(name: int, side: Side, price: Decimal, volume: Decimal) -> OwnOrder:
    return OwnOrder(ClientOrderId(str(name)), side, price, volume, "ladder", "cause", VenueOrderId(""), 0, Nanos(0))


def side_of(side: Side, *orders: OwnOrder) -> LadderSide:
    return LadderSide(SETTINGS, side, orders)


def test_the_nearest_to_the_market_comes_first_and_of_equal_ones_the_older() -> None:
    orders = [order_of(number, "buy", D(price), D("0.002")) for number, price in enumerate((100, 102, 101, 102))]
    assert [order.order_id for order in side_of("buy", *orders).orders] == ["1", "3", "2", "0"]
    for order in orders:
        order.side = "sell"
    assert [order.order_id for order in side_of("sell", *orders).orders] == ["0", "2", "1", "3"]


def test_whoever_walks_through_the_orders_may_remove_them() -> None:
    side = side_of("buy", *(order_of(number, "buy", D(100 + number), D("0.002")) for number in range(4)))
    for order in side.orders:
        side.remove(order)
    assert (side.orders, side.invested, side.held) == ([], ZERO, ZERO)


def test_a_buy_counts_with_its_full_volume_and_holds_its_rest_with_the_fee() -> None:
    order = order_of(1, "buy", D("50000"), D("0.002"))
    side = side_of("buy", order)
    assert (side.invested, side.held) == (D(100), D("100.25"))
    order.filled = D("0.0005")
    side.update(order)
    assert (side.invested, side.held) == (D(100), D("75.1875"))


def test_a_sell_holds_base() -> None:
    order = order_of(1, "sell", D("50000"), D("0.002"))
    order.filled = D("0.0005")
    assert side_of("sell", order).held == D("0.0015")


@given(st.sampled_from(["buy", "sell"]), st.lists(st.tuples(prices, volumes), max_size=8), st.data())
def test_sums_and_order_are_those_of_the_orders_that_are_left(
    side: Side, wanted: list[tuple[Decimal, Decimal]], data: st.DataObject
) -> None:
    orders = [order_of(number, side, price, volume) for number, (price, volume) in enumerate(wanted)]
    kept = side_of(side, *orders)
    for order in data.draw(st.lists(st.sampled_from(orders), unique_by=id)) if orders else []:
        if data.draw(st.booleans()):
            kept.remove(order)
            orders.remove(order)
        else:
            order.filled = order.volume / 2
            kept.update(order)
    assert kept.orders == side_of(side, *orders).orders
    assert kept.invested == sum(order.price * order.volume for order in orders)
    holds = [hold_of(BTC_USD, side, order.price, order.volume - order.filled, SETTINGS.fee) for order in orders]
    assert kept.held == sum(holds)
