"""Which base was sold, what it had cost, and that nothing gets lost between realised and unrealised."""

from decimal import Decimal

from backtesting.figures.costs import Costs, Lot, figure_costs
from backtesting.record import OrderRecord
from messages.ids import VenueOrderId
from messages.money import ZERO, Side
from messages.orders import OrderKind

D = Decimal


def fill(
    side: Side, volume: str, cost: str, *, fee: str = "0", kind: OrderKind = "ladder", name: str = "", parent: str = ""
) -> OrderRecord:
    return OrderRecord(
        strategy=1,
        exchange_id=VenueOrderId(name),
        side=side,
        price=D(cost) / D(volume),
        volume=D(volume),
        kind=kind,
        parent=parent,
        opened=1,
        closed=2,
        status="filled",
        cost=D(cost),
        fee=D(fee),
    )


def test_a_cycle_earns_what_the_sell_brings_beyond_its_buy_and_both_fees() -> None:
    bought = fill("buy", "2", "200", fee="0.5", name="A")
    sold = fill("sell", "2", "220", fee="0.6", kind="counter", parent="A")
    costs = figure_costs([bought, sold], [1], Lot())[1]
    assert costs.realised == D("18.9")
    assert costs.fees == D("1.1")
    assert costs.held == Lot()


def test_what_a_sell_leaves_over_is_kept_at_its_cost() -> None:
    bought = fill("buy", "2", "200", name="A")
    sold = fill("sell", "1.5", "165", kind="counter", parent="A")
    costs = figure_costs([bought, sold], [1], Lot())[1]
    assert costs.realised == D(15)
    assert costs.held == Lot(D("0.5"), D(50))


def test_an_extra_sell_sells_what_was_kept_and_then_what_nobody_bought() -> None:
    fills = [
        fill("buy", "2", "200", name="A"),
        fill("sell", "1", "110", kind="counter", parent="A"),
        fill("sell", "1.5", "180", kind="extra"),
    ]
    unowned = Lot(D(2), D(160))
    costs = figure_costs(fills, [1, 2], unowned)
    assert [sale.cost for sale in costs[1].sales] == [D(100), D(100) + D(40)]
    assert unowned == Lot(D("1.5"), D(120))
    assert costs[2] == Costs()


def test_lots_never_go_below_nothing() -> None:
    lot = Lot(D(1), D(10))
    assert lot.take(D(3)) == Lot(D(1), D(10))
    assert lot == Lot(ZERO, ZERO)
    assert lot.take(D(1)) == Lot(ZERO, ZERO)
