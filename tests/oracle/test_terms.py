"""The second opinion on prices and volumes: figures worked out by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest
from msgspec.structs import replace

from tests.oracle import terms as rules
from tests.oracle.foretold import Order
from tests.oracle.terms import Terms

GRID = Terms(
    "GridHODL",
    Fraction(100),
    Fraction("0.01"),
    5,
    Fraction(1000),
    Fraction("0.0025"),
    Fraction("0.1"),
    Fraction(1, 10**8),
)


def test_prices() -> None:
    assert rules.buy_price(GRID, None, Fraction(50000)) == Fraction("49504.9")
    assert rules.buy_price(GRID, Fraction(52000), Fraction(50000)) == Fraction("49504.9")
    assert rules.sell_price(GRID, Fraction("49504.9"), None) == Fraction("49999.9")
    assert rules.sell_price(GRID, Fraction("49504.9"), Fraction(51000)) == Fraction(51510)
    assert rules.extra_price(GRID, Fraction(50000), Fraction(49000)) == Fraction(51005)
    assert rules.extra_price(GRID, Fraction(40000), Fraction(50000)) == Fraction(51005)
    assert rules.shift_above(GRID, Fraction(50000)) == Fraction("51056.005")


def test_volumes() -> None:
    assert rules.buy_volume(GRID, Fraction(50000)) == Fraction("0.002")
    assert rules.for_amount(GRID, Fraction(50000)) == Fraction(100) / Fraction(49750)
    assert rules.sell_volume(replace(GRID, kind="GridSell"), Fraction(50000), Fraction("0.3")) == Fraction("0.3")


def test_a_sell_of_many_buys_is_on_the_lots_and_no_more_than_there_is() -> None:
    assert rules.volume_for_amount(GRID, Fraction(50000)) == Fraction("0.00201005")
    assert rules.volume_for_amount(GRID, Fraction(50000), Fraction("0.0020100")) == Fraction("0.00201")
    assert rules.volume_for_amount(replace(GRID, lot=Fraction(1)), Fraction(50000)) == 0


def test_what_is_invested_and_how_much_may_be() -> None:
    orders = [Order("buy", Fraction(50000), Fraction("0.002")), Order("sell", Fraction(51000), Fraction("0.001"))]
    assert rules.invested(orders) == 151
    assert rules.may_invest(GRID, Fraction("899.74"))
    assert not rules.may_invest(GRID, Fraction("899.75"))


@pytest.mark.parametrize(
    ("owned", "sold", "promised", "left"),
    [("3", "1", "0", "2"), ("1", "3", "0", "0"), ("3", "3", "1", "1"), ("1", "3", "2", "1"), ("-1", "1", "1", "0")],
)
def test_what_is_left_of_own_base(owned: str, sold: str, promised: str, left: str) -> None:
    assert rules.left_of(Decimal(owned), Decimal(sold), Decimal(promised)) == Decimal(left)
    assert rules.left_of(Fraction(owned), Fraction(sold), Fraction(promised)) == Fraction(left)


@pytest.mark.parametrize(("kind", "fee", "none"), [("GridHODL", "0.0025", False), ("SWING", "0.005", True)])
def test_a_gain(kind: str, fee: str, none: bool) -> None:
    terms = replace(GRID, kind=kind, fee=Fraction(fee))
    assert rules.no_gain(terms, Fraction(50000)) is none
    assert not rules.no_gain(replace(terms, kind="cDCA"), Fraction(50000))


def test_a_truncated_sell_is_lifted_above_break_even() -> None:
    coarse = replace(GRID, tick=Fraction(300))
    assert rules.sell_price(coarse, Fraction(30000), None) == Fraction(30300)
    assert rules.sell_price(coarse, Fraction(60000), None) == Fraction(60600)
    assert rules.sell_price(replace(coarse, tick=Fraction(1000)), Fraction(50000), None) == Fraction(51000)


def test_near_and_small() -> None:
    assert rules.too_near(GRID, Fraction(50000), Fraction(49800))
    assert not rules.too_near(GRID, Fraction(50250), Fraction(50000))
    small = replace(GRID, min_volume=Fraction("0.01"), min_cost=Fraction(5))
    assert rules.too_small(small, Fraction(100), Fraction("0.02"))
    assert rules.too_small(small, Fraction(50000), Fraction("0.001"))
    assert not rules.too_small(small, Fraction(50000), Fraction("0.01"))
