from decimal import Decimal, localcontext
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.money import EXACT, ceil_price, floor_price, floor_volume
from tests.oracle import terms as oracle
from tests.trading.strategies.harness import SETTINGS, D, settings, terms_of
from trading.strategies import rules


@pytest.mark.parametrize(
    ("last", "ticker", "price"),
    [
        (None, "50000", "49504.9"),
        ("49504.9", "50000", "49014.7"),
        ("49504.9", "49014.8", "49014.7"),
        ("49504.9", "49014.7", "48529.4"),
        ("49504.9", "40000.1", "39604.0"),
        ("50000", "49504.95", "49014.8"),
        ("50000", "49504.96", "49504.9"),
    ],
)
def test_a_buy_is_one_interval_below_the_lowest_and_never_above_the_ticker(
    last: str | None, ticker: str, price: str
) -> None:
    assert rules.buy_price(SETTINGS, D(last) if last else None, D(ticker)) == D(price)


def test_the_bound_by_the_ticker_is_checked_before_the_price_is_truncated() -> None:
    # 49504.9 / 1.01 is 49014.75…, above a ticker of 49014.7, although truncated it would equal it.
    assert rules.buy_price(SETTINGS, D("49504.9"), D("49014.7")) == D("48529.4")


def test_a_buy_spends_the_amount_at_its_truncated_price() -> None:
    assert rules.buy_volume(SETTINGS, D("49504.9")) == D("0.00202")
    assert rules.buy_volume(SETTINGS, D("39604.0")) == D("0.00252499")
    assert rules.buy_volume(SETTINGS, D(0)) == 0


@pytest.mark.parametrize(
    ("bought_at", "ticker", "price"),
    [
        ("49504.9", None, "49999.9"),
        ("49504.9", "49000", "49999.9"),
        ("49504.9", "49999.94", "49999.9"),
        ("49504.9", "49999.95", "50499.9"),
        ("49504.9", "60000", "60600.0"),
        ("50000", "50500", "50500.0"),
        ("50000", "50500.01", "51005.0"),
    ],
)
def test_a_sell_is_one_interval_above_the_buy_or_above_the_ticker_where_that_is_higher(
    bought_at: str, ticker: str | None, price: str
) -> None:
    assert rules.sell_price(SETTINGS, D(bought_at), D(ticker) if ticker else None) == D(price)


def test_a_sell_price_that_is_due_is_lifted_only_above_itself() -> None:
    assert rules.lifted(SETTINGS, D("49999.9"), D(0), D("49999.9")) == D("49999.9")
    assert rules.lifted(SETTINGS, D("49999.9"), D(0), D("50000")) == D("50500.0")
    assert rules.lifted(SETTINGS, D("49999.9"), D(0), None) == D("49999.9")


@given(
    tick=st.sampled_from([D("0.0001"), D("0.01"), D("0.05"), D(1), D(25)]),
    price=st.decimals(min_value=D("0.02"), max_value=D(100_000), places=6),
    fee=st.sampled_from([D(0), D("0.0016"), D("0.0025"), D("0.004")]),
    interval=st.sampled_from([D("0.001"), D("0.006"), D("0.01"), D("0.05")]),
    passed=st.none() | st.decimals(min_value=D("0.5"), max_value=D(2), places=3),
)
def test_a_sell_is_on_a_tick_above_its_buy_and_above_break_even(
    tick: Decimal, price: Decimal, fee: Decimal, interval: Decimal, passed: Decimal | None
) -> None:
    pair = msgspec.structs.replace(SETTINGS.pair, tick_size=tick)
    config = settings(pair=pair, fee=fee, interval=interval)
    with localcontext(EXACT):
        bought_at = max(floor_price(pair, price), tick)
        ticker = None if passed is None else ceil_price(pair, bought_at * passed)
        sell = rules.sell_price(config, bought_at, ticker)
        break_even = bought_at / (1 - 2 * fee)
        assert sell % tick == 0
        assert sell > bought_at
        assert sell > break_even
        assert sell * (1 - fee) > bought_at * (1 + fee)
        plain = floor_price(pair, bought_at * (1 + interval))
        if ticker is None or ticker <= plain:
            assert sell == plain or (plain <= break_even and sell - tick <= break_even)
        else:
            assert sell > ticker


@given(
    pair=st.sampled_from([(D("0.0001"), 8), (D("0.05"), 4), (D(1), 2), (D(25), 0)]),
    fee=st.sampled_from([D(0), D("0.0016"), D("0.0025"), D("0.004")]),
    interval=st.sampled_from([D("0.001"), D("0.006"), D("0.01"), D("0.05")]),
    one=st.decimals(min_value=D("0.02"), max_value=D(100_000), places=6),
    ratio=st.decimals(min_value=D("0.8"), max_value=D("1.25"), places=5),
)
def test_each_rule_is_stated_twice_and_says_the_same(
    pair: tuple[Decimal, int], fee: Decimal, interval: Decimal, one: Decimal, ratio: Decimal
) -> None:
    tick, lot_decimals = pair
    market = msgspec.structs.replace(SETTINGS.pair, tick_size=tick, lot_decimals=lot_decimals)
    config = settings(pair=market, fee=fee, interval=interval)
    terms = terms_of(config, "GridHODL")
    with localcontext(EXACT):
        last = max(floor_price(market, one), tick)
        ticker = max(floor_price(market, last * ratio), tick)
    a, b = Fraction(last), Fraction(ticker)
    assert rules.buy_price(config, None, ticker) == oracle.buy_price(terms, None, b)
    assert rules.buy_price(config, last, ticker) == oracle.buy_price(terms, a, b)
    assert rules.buy_volume(config, last) == oracle.buy_volume(terms, a)
    assert rules.sell_price(config, last, None) == oracle.sell_price(terms, a, None)
    assert rules.sell_price(config, last, ticker) == oracle.sell_price(terms, a, b)
    assert floor_volume(market, rules.volume_for_amount(config, last)) == oracle.volume_for_amount(terms, a)
    assert rules.shift_threshold(config, last) == oracle.shift_above(terms, a)
    assert rules.extra_sell_price(config, ticker, last) == oracle.extra_price(terms, b, a)
    higher, lower = max(last, ticker), min(last, ticker)
    assert rules.too_near(config, higher, lower) == oracle.too_near(terms, max(a, b), min(a, b))
    assert (config.fees_eat or rules.tick_is_too_coarse(config, last)) == oracle.no_gain(terms, a)
    assert config.fees_eat == terms.fees_eat
    assert config.amount_with_fee == terms.need


def test_a_tick_is_too_coarse_where_the_next_gain_is_more_than_two_intervals_away() -> None:
    coarse = settings(pair=msgspec.structs.replace(SETTINGS.pair, tick_size=D("0.01")))
    assert rules.sell_price(coarse, D("0.99"), None) == D("1.00")
    assert not rules.tick_is_too_coarse(coarse, D("0.50"))
    assert rules.tick_is_too_coarse(coarse, D("0.49"))


def test_a_sell_for_the_amount_brings_it_back_after_the_fees_of_both_sides() -> None:
    price = D("49999.9")
    volume = rules.volume_for_amount(SETTINGS, price)
    assert abs(volume * price * (1 - 2 * SETTINGS.fee) - SETTINGS.amount) < D("1e-20")


def test_a_shift_waits_for_two_intervals_and_a_tenth_of_a_percent() -> None:
    assert rules.shift_threshold(SETTINGS, D(50_000)) == D("51056.005")


@pytest.mark.parametrize(
    ("ticker", "highest_buy", "price"),
    [("50000", "0", "51005.0"), ("50000", "51005", "51005.0"), ("50000", "51005.1", "52030.3")],
)
def test_an_extra_sell_is_two_intervals_above_the_ticker_or_above_the_highest_buy(
    ticker: str, highest_buy: str, price: str
) -> None:
    assert rules.extra_sell_price(SETTINGS, D(ticker), D(highest_buy)) == D(price)


@pytest.mark.parametrize(
    ("higher", "near"),
    [("100", True), ("100.49", True), ("100.5", False), ("101", False)],
)
def test_two_buys_are_too_near_below_half_an_interval(higher: str, near: bool) -> None:
    assert rules.too_near(SETTINGS, D(higher), D(100)) is near


def test_an_order_is_invested_with_its_full_volume() -> None:
    assert rules.invested(D("49504.9"), D("0.00202")) == D("99.999898")


def test_the_settings_know_what_a_further_buy_needs() -> None:
    config = settings(amount=D(200), fee=D("0.004"), interval=D("0.02"))
    assert (config.step, config.amount_with_fee) == (D("1.02"), Decimal("200.8"))
