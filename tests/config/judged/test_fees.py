"""Stated maker fees that are lower than what an account pays."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from config import judge
from config.judged.fees import NEW_ACCOUNT, NEW_ACCOUNT_PEGGED, PEGGED
from tests.config.judged.trials import DRY, LIVE, PAPER, SECOND, changed, keys, warned

FEE = "strategy[0].fee"


def stating(fee: str, interval: str = "0.025") -> tuple[str, str]:
    """The change that lets the ladder state it."""
    return "interval = 0.025", f"interval = {interval}\nfee = {fee}"


@given(
    fee=st.decimals(0, Decimal("0.009"), places=4),
    sort=st.sampled_from([("ETH", NEW_ACCOUNT), ("USDT", NEW_ACCOUNT_PEGGED)]),
)
def test_with_real_money_what_is_below_a_new_accounts_fee_is_a_warning(fee: Decimal, sort: tuple[str, Decimal]) -> None:
    base, usual = sort
    assert keys(LIVE, stating(f"{fee:f}"), ('"ETH"', f'"{base}"')) == ([FEE] if fee < usual else [])


@pytest.mark.parametrize("fee", ["0", "0.0001", "0.0026"])
def test_the_warning_says_what_the_start_does_and_what_it_costs(fee: str) -> None:
    (warning,) = warned(LIVE, stating(fee))
    assert str(warning) == (
        f'grid.toml, [[strategy]] 1 "ladder", fee: found {fee}: the account pays its own fee: the start asks for it,'
        " and the higher of both counts; a new account pays 0.4 % on ETH/EUR"
    )


@pytest.mark.parametrize(("interval", "loss"), [("0.006", True), ("0.008", True), ("0.0081", False)])
def test_a_grid_that_loses_at_a_new_accounts_fee_is_called_so(interval: str, *, loss: bool) -> None:
    told = next(warning for warning in warned(LIVE, stating("0.0001", interval)) if warning.key == FEE)
    assert told.meaning.endswith("at which each sell of this grid is a loss") == loss


def test_a_grid_that_never_sells_makes_no_loss_at_its_sells() -> None:
    told = warned(LIVE, stating("0.0001", "0.004"), ('"GridSell"', '"cDCA"'))
    assert [warning.key for warning in told if "loss" in warning.meaning] == []


def test_each_strategy_is_looked_at() -> None:
    assert keys(LIVE + SECOND + "fee = 0.001\n") == ["strategy[1].fee"]


def test_of_another_exchange_only_nothing_is_too_little() -> None:
    little, nothing = (changed(LIVE, stating(fee)) for fee in ("0.0001", "0"))
    elsewhere = replace(little.exchange, adapter="elsewhere")
    assert judge(replace(little, exchange=elsewhere)).warnings == ()
    (warning,) = judge(replace(nothing, exchange=elsewhere)).warnings
    assert warning.meaning.endswith("the higher of both counts")


@pytest.mark.parametrize("text", [DRY, PAPER])
def test_a_simulated_account_is_asked_nothing_so_that_only_no_fee_at_all_is_odd(text: str) -> None:
    assert FEE not in keys(text, stating("0.0001"))
    assert keys(text, stating("0")) == [FEE]
    assert FEE not in keys(text + "maker_fee = 0\n", stating("0"))


def test_what_is_pegged_is_written_once() -> None:
    assert len(PEGGED) > 10
    assert not PEGGED & {"BTC", "ETH"}
