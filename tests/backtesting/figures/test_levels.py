"""Hits per level, counted from the first price in steps of one interval."""

from decimal import Decimal

from backtesting.figures.levels import Level, levels
from tests.backtesting.figures.test_costs import fill

D = Decimal


def test_orders_are_counted_where_they_lie() -> None:
    orders = [fill("buy", "1", "98.5"), fill("buy", "1", "98.6"), fill("sell", "1", "101.5"), fill("buy", "1", "96.8")]
    orders[1].status = orders[2].status = "open"
    assert levels(orders, D(100), D("0.01"), D("0.01")) == [
        Level(1, D("101.00"), sells=1),
        Level(-2, D("98.03"), buys=2, buys_filled=1),
        Level(-4, D("96.10"), buys=1, buys_filled=1),
    ]


def test_hit_rates() -> None:
    assert Level(0, D(1), buys=3, buys_filled=1, sells=1, sells_filled=1).hit_rate == D("0.5")
    assert Level(0, D(1)).hit_rate is None
