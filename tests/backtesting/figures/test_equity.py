"""Worth over time, buy-and-hold, drawdowns and yearly rates."""

from decimal import Decimal, localcontext

import pytest

from backtesting.figures.equity import Held, annualised, bought_and_held, course, deepest_fall
from backtesting.record import Holdings
from backtesting.series import Point
from messages.money import EXACT

D = Decimal
CENT = D("0.01")
DAY = 86_400 * 10**9


def test_holdings_change_within_and_between_points() -> None:
    points = [
        Point(9, 90, 1000, 1200, 900, 1000),
        Point(19, 190, 1000, 1100, 500, 800),
        Point(20, 200, 800, 900, 800, 900),
    ]
    holdings = [Holdings(-1, D(1), D(100)), Holdings(15, D(2), D(91))]
    worth = course(points, CENT, holdings, Held(D(11), D(0)))
    assert [(point.base, point.equity, point.hold) for point in worth] == [
        (D(1), D(110), D(110)),
        (D(2), D(107), D(88)),
        (D(2), D(109), D(99)),
    ]
    # The peak of the second stretch is its high with what was held then; its low is taken to come after it.
    assert worth[0].drawdown == EXACT.divide(D(112) - D(109), D(112))
    assert worth[1].drawdown == EXACT.divide(D(113) - D(101), D(113))


def test_buy_and_hold_pays_the_fee() -> None:
    held = bought_and_held(D(1), D(1001), D(100), D("0.001"))
    assert held == Held(D(11), D(0))
    assert held.at(D(50)) == D(550)


def test_the_deepest_fall_is_not_the_last() -> None:
    assert deepest_fall([(D(10), D(9)), (D(8), D(4)), (D(20), D(15))]) == D("0.6")
    assert deepest_fall([]) == 0
    assert deepest_fall([(D(0), D(0))]) == 0


@pytest.mark.parametrize(
    ("begin", "end", "days", "expected"),
    [("100", "121", "730.5", "0.1"), ("100", "50", "365.25", "-0.5"), ("100", "0", "100", "-1")],
)
def test_yearly_rates(begin: str, end: str, days: str, expected: str) -> None:
    with localcontext(EXACT):
        rate = annualised(D(begin), D(end), int(D(days) * DAY))
    assert rate is not None
    assert abs(rate - D(expected)) < D("1e-50")


def test_no_rate_without_money_or_for_less_than_a_day() -> None:
    assert annualised(D(0), D(5), 100 * DAY) is None
    assert annualised(D(5), D(6), DAY - 1) is None
