from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from config import Config, check_against_pair
from config.pair_checks import needed_amount
from messages.money import ONE, Pair, below_minimum, divide, floor_price, floor_volume
from tests.config.texts import VALID, read

PAIR = Pair("BTC/USD", Decimal("0.1"), 8, 5, Decimal("0.00005"), Decimal("0.5"))
FEE = Decimal("0.0026")


def config(**changes: object) -> Config:
    base = read(VALID)
    return replace(base, strategy=(replace(base.strategy[0], **changes), base.strategy[1]))


def test_a_sound_strategy_passes() -> None:
    assert check_against_pair(config(), 0, PAIR, FEE, Decimal(60000)) == []


def test_an_amount_below_the_minimum_cost_is_told_without_a_price() -> None:
    (problem,) = check_against_pair(config(amount_per_grid=Decimal("0.4")), 0, PAIR, FEE, source="grid.toml")
    assert str(problem) == (
        'grid.toml, [[strategy]] 1 "btc-hodl", amount_per_grid: found 0.4; allowed: 0.5 USD or more for BTC/USD '
        "(minimum 0.00005 BTC and 0.5 USD)"
    )


def test_an_amount_below_the_minimum_volume_is_told_with_the_needed_one() -> None:
    (problem,) = check_against_pair(config(amount_per_grid=Decimal(2), kind="GridSell"), 0, PAIR, FEE, Decimal(61200))
    assert problem.found == "2"
    assert problem.allowed == ("3.00000 USD or more for BTC/USD at a price of 61200 (minimum 0.00005 BTC and 0.5 USD)")


def test_the_needed_amount_covers_the_smaller_sell_as_well() -> None:
    strategy = config().strategy[0]
    assert needed_amount(strategy, PAIR, FEE, Decimal(61200)) == Decimal("3.04409")
    assert needed_amount(replace(strategy, kind="GridSell"), PAIR, FEE, Decimal(61200)) == 3


def test_an_interval_that_the_accounts_fee_eats_up_is_told() -> None:
    (problem,) = check_against_pair(config(interval=Decimal("0.008")), 0, PAIR, Decimal("0.004"))
    assert problem.key == "strategy[0].interval"
    assert problem.found.startswith("0.008 with a fee of 0.004, a loss at each sell")


def test_a_fee_of_a_half_leaves_no_interval() -> None:
    (problem,) = check_against_pair(config(), 0, PAIR, Decimal("0.5"))
    assert problem.allowed == "no interval at such a fee"


@pytest.mark.parametrize("price", ["0.05", "0"])
def test_a_price_below_the_tick_size_is_survived(price: str) -> None:
    assert check_against_pair(config(), 0, PAIR, FEE, Decimal(price)) == []


@pytest.mark.parametrize(
    ("price", "tick", "refused"),
    [("1.01", "0.01", False), ("0.52", "0.01", False), ("0.45", "0.01", True), ("30", "1", True)],
)
def test_a_tick_that_leaves_no_gain_near_a_buy_is_told_with_truncated_prices(
    price: str, tick: str, *, refused: bool
) -> None:
    pair = Pair("ETH/USD", Decimal(tick), 8, 5, Decimal(0), Decimal(0))
    for kind in ("GridHODL", "GridSell", "SWING"):
        grid = config(kind=kind, interval=Decimal("0.01"))
        problems = check_against_pair(grid, 0, pair, Decimal("0.0025"), Decimal(price))
        assert [problem.key for problem in problems] == ["strategy[0].interval"] * refused
    grid = config(kind="cDCA", interval=Decimal("0.01"))
    assert check_against_pair(grid, 0, pair, Decimal("0.0025"), Decimal(price)) == []


@settings(deadline=None)
@given(
    price=st.decimals("1", "100000", places=1),
    interval=st.decimals("0.006", "0.9", places=4),
    min_volume=st.decimals("0.00001", "5", places=5),
    min_cost=st.decimals("0.1", "20", places=2),
    lot=st.integers(2, 8),
)
def test_the_needed_amount_is_enough_for_the_first_buy_and_its_sell(
    price: Decimal, interval: Decimal, min_volume: Decimal, min_cost: Decimal, lot: int
) -> None:
    pair = Pair("BTC/USD", Decimal("0.1"), lot, 5, min_volume, min_cost)
    strategy = config(interval=interval).strategy[0]
    buy = floor_price(pair, divide(price, ONE + interval))
    if buy <= 0:
        return
    amount = needed_amount(strategy, pair, FEE, price)
    assert below_minimum(pair, buy, floor_volume(pair, divide(amount, buy))) is None
    sell = floor_price(pair, buy * (ONE + interval))
    assert below_minimum(pair, sell, floor_volume(pair, divide(amount, sell * (ONE - 2 * FEE)))) is None
