"""What a doubted price is held against."""

from decimal import Decimal

import pytest

from messages.ids import Nanos
from messages.market import Quote
from trading.strategies.doubt import Doubt, is_at_market, is_near

JUMP = Decimal("1.05")
FIRST, LATER = Nanos(1_000), Nanos(2_000)


def doubt() -> Doubt:
    return Doubt(Decimal(60_000), FIRST, since=FIRST, sure_until=Nanos(0))


@pytest.mark.parametrize(
    ("price", "time", "seconded"), [(60_000, LATER, True), (60_000, FIRST, False), (70_000, LATER, False)]
)
def test_a_second_trade_is_a_later_one_nearby(price: int, time: Nanos, seconded: bool) -> None:
    assert doubt().is_seconded(Decimal(price), time, JUMP) is seconded


def test_what_bid_and_ask_contradict_has_to_begin_anew() -> None:
    found = doubt()
    found.contradicted = True
    assert not found.is_seconded(Decimal(60_000), LATER, JUMP)
    found.add(Decimal(60_000), FIRST)  # the same trade told again
    assert found.contradicted
    found.add(Decimal(60_000), LATER)
    assert (found.contradicted, found.since) == (False, LATER)
    assert found.is_seconded(Decimal(60_000), Nanos(LATER + 1), JUMP)


def test_doubts_that_go_on_keep_their_beginning() -> None:
    found = doubt()
    found.add(Decimal(90_000), LATER)
    assert (found.price, found.time, found.since, found.sure_until) == (Decimal(90_000), LATER, FIRST, 0)


@pytest.mark.parametrize(("price", "near"), [("105", True), ("105.1", False), ("95.3", True), ("95.2", False)])
def test_a_jump_is_as_far_in_both_directions(price: str, near: bool) -> None:
    assert is_near(Decimal(price), Decimal(100), JUMP) is is_near(Decimal(100), Decimal(price), JUMP) is near


@pytest.mark.parametrize(
    ("price", "there"), [("101", True), ("100", True), ("99", False), ("104", True), ("105", False)]
)
def test_the_market_is_between_bid_and_ask_or_an_interval_from_them(price: str, there: bool) -> None:
    quote = Quote("BTC/USD", Decimal(101), Decimal(103))
    assert is_at_market(Decimal(price), quote, Decimal("1.01")) is there
