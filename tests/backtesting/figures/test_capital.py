"""Money at work: open buys from placing to closing, bought base from buying to selling."""

from decimal import Decimal

from backtesting.figures.capital import Capital, capital_in_use
from backtesting.figures.costs import Lot, figure_costs
from backtesting.record import OrderRecord
from tests.backtesting.figures.test_costs import fill

D = Decimal


def at(order: OrderRecord, opened: int, closed: int) -> OrderRecord:
    order.opened, order.closed = opened, closed
    return order


def test_an_open_buy_its_base_and_its_sale() -> None:
    bought = at(fill("buy", "1", "100", name="A"), 10, 30)
    sold = at(fill("sell", "1", "120", kind="counter", parent="A"), 30, 60)
    costs = figure_costs([bought, sold], [1], Lot())[1]
    assert capital_in_use([bought, sold], costs, 0, 100) == Capital(average=D(50), highest=D(100))


def test_a_cancelled_buy_and_one_that_stays_open() -> None:
    gone = at(fill("buy", "1", "80", name="A"), 0, 50)
    gone.status = "canceled"
    open_ = at(fill("buy", "1", "40", name="B"), 25, 0)
    open_.status = "open"
    assert capital_in_use([gone, open_], figure_costs([], [1], Lot())[1], 0, 100) == Capital(
        average=D(70), highest=D(120)
    )


def test_nothing_at_work_and_no_time_at_all() -> None:
    assert capital_in_use([], figure_costs([], [1], Lot())[1], 0, 100) == Capital(D(0), D(0))
    assert capital_in_use([], figure_costs([], [1], Lot())[1], 5, 5) == Capital(D(0), D(0))


def test_buys_that_follow_each_other_in_one_row_are_not_counted_twice() -> None:
    gone = at(fill("buy", "1", "80", name="A"), 0, 50)
    gone.status = "canceled"
    again = at(fill("buy", "1", "80", name="B"), 50, 0)
    again.status = "open"
    assert capital_in_use([gone, again], figure_costs([], [1], Lot())[1], 0, 100).highest == D(80)
