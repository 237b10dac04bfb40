from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.money import (
    EXACT,
    Pair,
    below_minimum,
    ceil_cost,
    cost,
    divide,
    fee_of,
    floor_price,
    floor_to,
    floor_volume,
    hold_of,
    own_part,
    owned_after,
    plain,
)

D = Decimal

BTC_USD = Pair("BTC/USD", D("0.1"), 8, 5, D("0.00005"), D("0.5"))

amounts = st.decimals(min_value=0, max_value=D(10) ** 15, allow_nan=False, allow_infinity=False, places=12)
prices = st.decimals(min_value=D("0.00000001"), max_value=D(10) ** 9, places=8)
volumes = st.decimals(min_value=D("0.00000001"), max_value=D(10) ** 9, places=8)
rates = st.decimals(min_value=0, max_value=D("0.05"), places=6)
steps = st.sampled_from([D("0.1"), D("0.00001"), D("0.5"), D("0.25"), D(1), D(5), D("0.0000000001")])
pairs = st.builds(
    Pair,
    symbol=st.just("BTC/USD"),
    tick_size=steps,
    lot_decimals=st.integers(0, 10),
    cost_decimals=st.integers(0, 10),
    min_volume=volumes,
    min_cost=prices,
)


@given(amounts, steps)
def test_floor_is_a_multiple_never_above_and_less_than_one_step_below(value: Decimal, step: Decimal) -> None:
    floored = floor_to(value, step)
    assert floored <= value < floored + step
    assert floored % step == 0


@given(amounts, steps)
def test_floor_of_a_floored_value_is_the_same(value: Decimal, step: Decimal) -> None:
    assert floor_to(floor_to(value, step), step) == floor_to(value, step)


@given(amounts, amounts, steps)
def test_floor_keeps_the_order(one: Decimal, other: Decimal, step: Decimal) -> None:
    low, high = sorted((one, other))
    assert floor_to(low, step) <= floor_to(high, step)


def test_a_quotient_just_below_a_multiple_is_not_rounded_up_to_it() -> None:
    almost = EXACT.multiply(divide(D(10) ** 9, D(3)), D(3))
    assert floor_to(almost, D(1)) == D(10) ** 9 - 1


@given(amounts, prices)
def test_a_quotient_never_brings_back_more_than_was_divided(dividend: Decimal, divisor: Decimal) -> None:
    assert cost(divide(dividend, divisor), divisor) <= dividend


@given(pairs, prices)
def test_a_price_is_truncated_to_the_tick(pair: Pair, price: Decimal) -> None:
    assert floor_price(pair, price) <= price
    assert floor_price(pair, price) % pair.tick_size == 0


@given(pairs, volumes)
def test_a_volume_is_truncated_to_the_lot(pair: Pair, volume: Decimal) -> None:
    floored = floor_volume(pair, volume)
    assert floored <= volume < floored + pair.lot
    assert floored == floored.quantize(pair.lot)


@given(pairs, prices, volumes, rates)
def test_a_buy_holds_at_least_its_cost_and_fee(pair: Pair, price: Decimal, volume: Decimal, rate: Decimal) -> None:
    held = hold_of(pair, "buy", price, volume, rate)
    exact = EXACT.multiply(EXACT.multiply(price, volume), 1 + rate)
    assert exact <= held < EXACT.add(exact, D(1).scaleb(-pair.cost_decimals))


@given(pairs, prices, volumes, rates)
def test_a_sell_holds_its_volume(pair: Pair, price: Decimal, volume: Decimal, rate: Decimal) -> None:
    assert hold_of(pair, "sell", price, volume, rate) == volume


@given(pairs, amounts, rates)
def test_an_estimated_fee_is_rounded_up(pair: Pair, amount: Decimal, rate: Decimal) -> None:
    fee = fee_of(pair, amount, rate)
    assert fee >= amount * rate
    assert ceil_cost(pair, fee) == fee


def test_a_fee_is_rounded_up_to_the_cost_decimals() -> None:
    assert fee_of(BTC_USD, D("99.999898"), D("0.0025")) == D("0.25000")
    assert hold_of(BTC_USD, "buy", D("49504.9"), D("0.00202"), D("0.0025")) == D("100.24990")


def test_the_cost_of_many_digits_is_exact() -> None:
    assert cost(D("123456789.12345678"), D("987654321.87654321")) == D("121932631342783101.4583142722374638")


@pytest.mark.parametrize(
    ("price", "volume", "reason"),
    [
        ("50000", "0.00005", None),
        ("50000", "0.00004999", "volume 0.00004999 BTC is below the minimum of 0.00005 BTC"),
        ("10000", "0.00005", None),
        ("9999.9", "0.00005", "cost 0.499995 USD is below the minimum of 0.5 USD"),
        ("9999.9", "0.00004", "volume 0.00004 BTC is below the minimum of 0.00005 BTC"),
    ],
)
def test_below_minimum_says_what_is_too_small(price: str, volume: str, reason: str | None) -> None:
    assert below_minimum(BTC_USD, D(price), D(volume)) == reason


def test_a_pair_names_its_assets_and_its_lot() -> None:
    assert (BTC_USD.base, BTC_USD.quote, BTC_USD.lot) == ("BTC", "USD", D("0.00000001"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [("-0", "0"), ("-0.00", "0.00"), ("0", "0"), ("-0.01", "-0.01"), ("1E+3", "1000"), ("1E-9", "0.000000001")],
)
def test_zero_is_shown_without_a_sign(value: str, shown: str) -> None:
    assert plain(D(value)) == shown


def test_a_difference_of_equals_is_shown_as_zero() -> None:
    assert plain(EXACT.subtract(D("1.50"), D("1.50"))) == "0.00"


@pytest.mark.parametrize(
    ("volume", "promised", "own", "left"),
    [
        ("2", "0", "0", "3"),
        ("2", "4", "0", "4"),  # one of it is its owner's
        ("2", "9", "0", "5"),
        ("9", "0", "0", "0"),
        ("2", "4", "2", "3"),  # whatever is promised: it was asked for as its own
        ("3", "4", "2", "3"),  # enlarged by one, which is its owner's
        ("3", "2", "2", "2"),
        ("9", "4", "9", "0"),
    ],
)
def test_what_a_sell_leaves_of_five(volume: str, promised: str, own: str, left: str) -> None:
    assert owned_after("sell", D(volume), D(5), D(promised), D(own)) == D(left)


def test_a_buy_adds_what_it_brings() -> None:
    assert owned_after("buy", D(2), D(5), D(9)) == D(7)


@pytest.mark.parametrize(
    ("before", "placed", "own"),
    [("0", None, "3"), ("0", "4", "3"), ("2", "4", "2"), ("4", "4", "0"), ("5", "4", "0"), ("0", "0", "0")],
)
def test_of_an_enlarged_sell_what_was_asked_for_is_executed_first(before: str, placed: str | None, own: str) -> None:
    assert own_part(D(3), D(before), None if placed is None else D(placed)) == D(own)
