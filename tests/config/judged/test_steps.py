"""Steps that are too wide, too narrow, too deep, or that the fees eat."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import ConfigError, judge
from config.judged.steps import kept_of_a_step, ladder_sentence, percent
from config.pair_checks import fees_eat
from tests.config.judged.trials import DRY, LIVE, PAPER, SECOND, changed, keys, warned

STEP, COUNT = "strategy[0].interval", "strategy[0].n_open_buy_orders"


@pytest.mark.parametrize("text", [LIVE, DRY, PAPER, DRY + SECOND])
def test_a_sound_ladder_is_not_talked_about(text: str) -> None:
    assert warned(text) == []


@pytest.mark.parametrize(
    ("interval", "words"),
    [("0.5", "for 0.5 % write 0.005"), ("0.2", "fall by 16.67 % for each buy"), ("0.11", "a step of 11 %")],
)
def test_percent_that_were_written_as_a_fraction(interval: str, words: str) -> None:
    warning = warned(DRY, ("interval = 0.025", f"interval = {interval}"))[0]
    assert warning.key == STEP
    assert words in f"{warning.found}: {warning.meaning}"


def test_a_wide_step_is_a_matter_of_taste() -> None:
    assert keys(DRY, ("interval = 0.025", "interval = 0.1")) == []


def test_a_step_within_the_noise() -> None:
    found = keys(DRY, ("interval = 0.025", "interval = 0.0005"), ('"GridSell"', '"cDCA"'))
    assert found[0] == STEP


@pytest.mark.parametrize(("count", "interval"), [(4, "0.5"), (200, "0.025"), (60, "0.1"), (1, "0.99999")])
def test_a_ladder_that_reaches_where_no_market_goes(count: int, interval: str) -> None:
    found = warned(
        DRY,
        ("n_open_buy_orders = 4", f"n_open_buy_orders = {count}"),
        ("interval = 0.025", f"interval = {interval}"),
        ("max_investment = 400", "max_investment = 900000"),
    )
    lowest = (1 + Decimal(interval)) ** -count
    assert (COUNT in [warning.key for warning in found]) == (lowest < Decimal("0.25"))


@pytest.mark.parametrize(("text", "whose"), [(DRY, "the simulated account's"), (LIVE, "a new account's")])
def test_fees_that_leave_nearly_nothing(text: str, whose: str) -> None:
    (warning,) = warned(text, ("interval = 0.025", "interval = 0.0082"))
    assert warning.key == STEP
    assert f"at a maker fee of 0.4 %, {whose}" in warning.meaning
    assert "from 0.0108 on a quarter of the step is left" in warning.meaning
    assert warned(text, ("interval = 0.025", "interval = 0.0108")) == []


def test_a_loss_that_only_the_real_account_can_confirm() -> None:
    (warning,) = warned(LIVE, ("interval = 0.025", "interval = 0.006"))
    assert "a loss at each sell at a maker fee of 0.4 %" in warning.meaning
    assert "an interval above 0.008065" in warning.meaning
    with pytest.raises(ConfigError):
        changed(DRY, ("interval = 0.025", "interval = 0.006"))


def test_a_stated_fee_that_the_simulated_account_does_not_grant() -> None:
    (warning,) = warned(DRY, ("interval = 0.025", "interval = 0.005\nfee = 0.001"))
    assert "a loss at each sell" in warning.meaning


def test_who_never_sells_pays_for_one_side_only() -> None:
    assert STEP not in keys(DRY, ("interval = 0.025", "interval = 0.0082"), ('"GridSell"', '"cDCA"'))


@given(
    st.decimals("0.0001", "0.1", places=4),
    st.decimals("0", "0.05", places=4),
)
def test_a_step_that_is_called_thin_earns_and_one_that_loses_is_never_called_sound(
    interval: Decimal, fee: Decimal
) -> None:
    text = PAPER + f"maker_fee = {fee}\ntaker_fee = 0.05\n"
    try:
        config = changed(text, ("interval = 0.025", f"interval = {interval}"))
    except ConfigError:
        assert fees_eat("GridSell", interval, fee)
        return
    kept = kept_of_a_step(interval, fee)
    assert kept > 0
    thin = any("fees take" in warning.meaning for warning in judge(config).warnings)
    assert thin == (kept < interval / 4)


def test_the_ladder_in_numbers() -> None:
    config = changed(DRY)
    assert ladder_sentence(config, config.strategy[0]) == (
        "ladder (GridSell, ETH/EUR): 4 buys of 40 EUR from 97.56 % down to 90.6 % of the price; "
        "a round of buy and sell leaves 0.67 EUR at a maker fee of 0.4 %"
    )
    config = changed(DRY, ("n_open_buy_orders = 4", "n_open_buy_orders = 1"), ('"GridSell"', '"cDCA"'))
    assert ladder_sentence(config, config.strategy[0]).endswith(
        "1 buy of 40 EUR at 97.56 % of the price; it never sells"
    )


@pytest.mark.parametrize(
    ("fee", "interval", "end"),
    [
        ("0.0001", "0.025", "a round of buy and sell leaves 0.67 EUR at a maker fee of 0.4 %"),
        ("0.0001", "0.004", "no round of buy and sell would bring a gain at a maker fee of 0.4 %"),
        ("0.005", "0.025", "a round of buy and sell leaves 0.59 EUR at a maker fee of 0.5 %"),
    ],
)
def test_a_gain_is_reckoned_with_the_fee_that_the_account_pays(fee: str, interval: str, end: str) -> None:
    config = changed(LIVE, ("interval = 0.025", f"interval = {interval}\nfee = {fee}"))
    assert any(note.endswith(end) for note in judge(config).notes)


@pytest.mark.parametrize(
    ("rate", "text"), [("0.02", "2"), ("0.9995", "99.95"), ("0.00005012", "0.00501"), ("0", "0"), ("0.0026", "0.26")]
)
def test_a_rate_has_as_many_digits_as_are_worth_reading(rate: str, text: str) -> None:
    assert percent(Decimal(rate)) == text
