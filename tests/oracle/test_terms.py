"""The second opinion on prices and volumes: figures worked out by hand."""

from fractions import Fraction

import pytest
from msgspec.structs import replace

from tests.oracle import terms as rules
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
