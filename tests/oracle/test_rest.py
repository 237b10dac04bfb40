"""What a strategy at rest must have, and which reason an absent order."""

from fractions import Fraction

import pytest
from msgspec.structs import replace

from tests.oracle import rest
from tests.oracle import terms as rules
from tests.oracle.rest import Quiet, Row
from tests.oracle.test_terms import GRID


def _quiet(buys: int = 5) -> Quiet:
    rows, last = [], None
    for _ in range(buys):
        last = rules.buy_price(GRID, last, Fraction(50000))
        rows.append(Row("buy", last, rules.buy_volume(GRID, last), "ladder"))
    zero = Fraction(0)
    return Quiet(
        orders=rows,
        price=Fraction(50000),
        quote_free=Fraction(1000),
        base_free=zero,
        own_base=zero,
        surplus=zero,
        surplus_price=zero,
        highest=zero,
        waiting=(),
        told_surplus=zero,
        told_investment=rules.invested(rows),
        told_highest=zero,
        remembered=0,
    )


def test_a_whole_ladder_is_right() -> None:
    assert rest.broken(GRID, _quiet()) == []


@pytest.mark.parametrize(
    ("reason", "right"), [("funds", True), ("max_investment", False), ("order limit", False), ("", False)]
)
def test_fewer_buys_need_the_true_reason(reason: str, right: bool) -> None:
    waiting = (f"fewer than 5 buys: {reason}",) if reason else ()
    quiet = replace(_quiet(3), quote_free=Fraction(50), waiting=waiting)
    assert (rest.broken(GRID, quiet) == []) is right


def test_a_reason_that_was_true_once() -> None:
    [found] = rest.broken(GRID, replace(_quiet(3), waiting=("fewer than 5 buys: funds",)))
    assert "true are []" in found


@pytest.mark.parametrize(("free", "right"), [("0.001", True), ("0.5", False)])
def test_a_sell_that_waits_for_funds_lacks_them(free: str, right: bool) -> None:
    waiting = ("sell of 0.00201 BTC at 49999.9 USD waits: funds",)
    quiet = replace(_quiet(), waiting=waiting, remembered=1, base_free=Fraction(free), own_base=Fraction(1))
    assert (rest.broken(GRID, quiet) == []) is right


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"surplus": Fraction("0.01"), "told_surplus": Fraction("0.01")}, "is not offered"),
        ({"waiting": ("surplus of 0.01 BTC from partly filled buys waits: funds",)}, "there is no surplus"),
        ({"told_highest": Fraction(1)}, "the highest buy"),
        ({"told_surplus": Fraction(1)}, "told a surplus"),
        ({"told_investment": Fraction(1)}, "told an investment"),
        ({"price": Fraction(53000)}, "did not follow"),
        ({"price": Fraction(49000)}, "is not below the market"),
        ({"remembered": 1}, "/status names 0"),
    ],
)
def test_what_is_wrong(changes: dict[str, object], words: str) -> None:
    enough = {"surplus_price": Fraction(50000), "base_free": Fraction(1), "own_base": Fraction(1)}
    found = rest.broken(GRID, replace(_quiet(), **(enough | changes)))
    assert words in " ".join(found)


@pytest.mark.parametrize(
    ("kind", "surplus", "own", "free", "reason", "right"),
    [
        ("GridHODL", "0.001", "1", "1", "not worth 100 USD yet", True),
        ("GridHODL", "0.001", "1", "1", "funds", False),
        ("GridHODL", "0.003", "0.0003", "1", "not worth 100 USD yet", False),
        ("GridHODL", "0.003", "0.0003", "1", "sold by another order", False),  # what is left is offered
        ("GridHODL", "0.003", "0.00001", "1", "the base is gone, sold by another order", True),
        ("GridHODL", "0.003", "0.0003", "0.0001", "funds", True),
        ("GridHODL", "0.003", "0.0003", "0.0001", "sold by another order", False),
        ("SWING", "0.003", "0.0003", "0.0003", "the base is gone, sold by another order", True),
        ("SWING", "0.003", "0.0003", "0.0003", "not worth 100 USD yet", False),
        ("SWING", "0.003", "0.0003", "0.003", "the base is gone, sold by another order", False),
        ("SWING", "0.003", "0.0003", "0.0003", "", False),
    ],
)
def test_a_surplus_that_no_sell_offers_has_a_true_reason(
    kind: str, surplus: str, own: str, free: str, reason: str, right: bool
) -> None:
    """All or nothing of what a SWING may sell that has leave to sell base of nobody; of others, what is their own."""
    grid = replace(GRID, kind=kind, existing_base=kind == "SWING", min_volume=Fraction("0.0001"))
    sell = Row("sell", Fraction(60000), Fraction("0.001"), "counter")
    quiet = _quiet()
    quiet = replace(
        quiet,
        orders=[*quiet.orders, sell],
        told_investment=rules.invested([*quiet.orders, sell]),
        surplus=Fraction(surplus),
        told_surplus=Fraction(surplus),
        surplus_price=Fraction(49000),
        own_base=Fraction(own),
        base_free=Fraction(free),
        waiting=(f"surplus of {surplus} BTC from partly filled buys waits: {reason}",) if reason else (),
    )
    assert (rest.broken(grid, quiet) == []) is right
