"""Amounts, limits and balances that do not fit together."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import judge
from config.judged.stakes import buys_at_once, cost_of_a_buy, minimum_warnings
from messages.money import Pair
from tests.config.judged.trials import DRY, LIVE, PAPER, SECOND, changed, keys, warned

LIMIT, BALANCES = "strategy[0].max_investment", "exchange.paper.balances"
RULES = Pair("ETH/EUR", Decimal("0.01"), 8, 5, Decimal("0.01"), Decimal("0.45"))


def test_a_limit_that_does_not_pay_for_the_ladder() -> None:
    (warning,) = warned(DRY, ("max_investment = 400", "max_investment = 130"))
    assert warning.key == LIMIT
    assert warning.found == "130"
    assert warning.meaning == "it has to be above 160.64 EUR for 4 buys of 40 EUR with fees; it allows 3"


@given(st.integers(1, 30), st.decimals("60", "4000", places=2))
def test_the_limit_allows_what_is_said(count: int, limit: Decimal) -> None:
    config = changed(
        LIVE,
        ("n_open_buy_orders = 4", f"n_open_buy_orders = {count}"),
        ("max_investment = 400", f"max_investment = {limit}"),
    )
    strategy = config.strategy[0]
    allowed, each = buys_at_once(config, strategy), cost_of_a_buy(config, strategy)
    assert allowed * each < limit <= (allowed + 1) * each
    assert (LIMIT in [warning.key for warning in judge(config).warnings]) == (allowed < count)


@pytest.mark.parametrize(("count", "told"), [(59, False), (60, True), (500, True)])
def test_more_orders_than_an_exchange_takes(count: int, told: bool) -> None:
    changes = (("n_open_buy_orders = 4", f"n_open_buy_orders = {count}"), ("= 400", "= 900000"), ("0.025", "0.011"))
    assert any("limits the open orders" in warning.meaning for warning in warned(LIVE, *changes)) == told
    assert not any("limits the open orders" in warning.meaning for warning in warned(PAPER, *changes))


def test_a_balance_that_cannot_pay_one_ladder() -> None:
    (warning,) = warned(DRY, ("EUR = 900", "EUR = 80"))
    assert (warning.key, warning.found) == (BALANCES, "80 EUR")
    assert warning.meaning.startswith(
        "the buys of ladder need 160.64 EUR at once with their fees; 1 of 4 can be placed"
    )


def test_a_balance_that_pays_each_ladder_and_not_both() -> None:
    (warning,) = warned(DRY + SECOND, ("EUR = 900", "EUR = 180"))
    assert "the buys of ladder, second need 200.8 EUR" in warning.meaning
    assert warned(DRY + SECOND, ("EUR = 900", "EUR = 200.8")) == []


def test_a_balance_in_another_currency_pays_nothing() -> None:
    (warning,) = warned(DRY, ("EUR = 900", "USD = 900"))
    assert (warning.found, warning.meaning[-25:]) == ("0 EUR", "; none of 4 can be placed")


@pytest.mark.parametrize(("held", "placed"), [("40", "none of 4"), ("40.16", "1 of 4"), ("160.6", "3 of 4")])
def test_orders_are_counted_whole(held: str, placed: str) -> None:
    (warning,) = warned(DRY, ("EUR = 900", f"EUR = {held}"))
    assert warning.meaning.endswith(f"; {placed} can be placed")


def test_several_ladders_share_what_is_held_the_cheapest_first() -> None:
    (warning,) = warned(DRY + SECOND, ("EUR = 900", "EUR = 100"))
    assert warning.meaning.endswith("; 3 of 6 can be placed")


def test_a_balance_in_small_letters_is_another_currency() -> None:
    (warning,) = warned(DRY, ("EUR = 900", "eur = 900"))
    assert warning.meaning.endswith('; "eur" is another currency: did you mean EUR?')


def test_ladders_of_several_quotes_are_summed_apart() -> None:
    two = DRY + SECOND.replace('"EUR"', '"USD"')
    assert warned(two, ("EUR = 900", "EUR = 170, USD = 45")) == []
    assert keys(two, ("EUR = 900", "EUR = 100, USD = 5")) == [BALANCES, BALANCES]


def test_a_limit_bounds_what_is_needed() -> None:
    found = keys(DRY, ("n_open_buy_orders = 4", "n_open_buy_orders = 50"), ("= 400", "= 800"))
    assert BALANCES not in found


def test_a_real_account_is_not_known() -> None:
    assert BALANCES not in keys(LIVE)


def test_existing_base_that_is_not_there() -> None:
    text = DRY.replace('"GridSell"', '"SWING"\nsell_existing_base = true')
    assert warned(text) == []
    (warning,) = warned(text, (", ETH = 1", ""))
    assert (warning.key, warning.found) == (BALANCES, "no ETH")


def test_a_swing_that_says_nothing_cannot_go_live() -> None:
    (warning,) = warned(DRY, ('"GridSell"', '"SWING"'))
    assert warning.key == "strategy[0].sell_existing_base"
    assert warned(PAPER, ('"GridSell"', '"SWING"')) == []


def test_money_as_the_base() -> None:
    found = warned(DRY, ('"ETH"', '"EUR"'), ('quote_currency = "EUR"', 'quote_currency = "ETH"'))
    assert any("were the two exchanged?" in warning.meaning for warning in found)
    assert not any("exchanged" in w.meaning for w in warned(DRY, ('"ETH"', '"GBP"')))


TWIN = SECOND.replace('"SOL"', '"ETH"')


@pytest.mark.parametrize("text", [LIVE, DRY])
def test_two_ladders_on_one_pair(text: str) -> None:
    (warning,) = warned(text + TWIN)
    assert warning.found == 'ETH/EUR in "ladder" and "second"'
    assert "2 ladders on one pair" in warning.meaning


def test_three_ladders_on_one_pair_are_one_sentence() -> None:
    third = TWIN.replace("second", "third").replace("= 8", "= 9")
    (warning,) = warned(LIVE + TWIN + third)
    assert warning.found == 'ETH/EUR in "ladder", "second" and "third"'


def test_on_paper_they_are_a_note() -> None:
    judgement = judge(changed(PAPER + TWIN))
    assert judgement.warnings == ()
    assert any("2 ladders on one pair" in note for note in judgement.notes)


def test_a_limit_that_does_not_limit_what_is_spent() -> None:
    (warning,) = warned(LIVE, ('"GridSell"', '"cDCA"'))
    assert warning.key == LIMIT
    assert "not what is spent" in warning.meaning


@pytest.mark.parametrize("name", ["Ladder", "LADDER ", " ladder"])
def test_names_that_nobody_can_tell_apart(name: str) -> None:
    (warning,) = warned(LIVE + SECOND.replace('"second"', f'"{name}"'))
    assert warning.key == "strategy[1].name"


@pytest.mark.parametrize(("amount", "told"), [("9", True), ("24", True), ("27", False), ("0.001", True)])
def test_an_amount_below_a_known_minimum(amount: str, told: bool) -> None:
    config = changed(LIVE, ("amount_per_grid = 40", f"amount_per_grid = {amount}"))
    found = list(minimum_warnings(config, {"ETH/EUR": (RULES, Decimal(2500))}, "grid.toml"))
    assert [warning.key for warning in found] == ["strategy[0].amount_per_grid"] * told
    assert list(minimum_warnings(config, {}, "grid.toml")) == []


@pytest.mark.parametrize(
    ("base", "quote", "amount", "told"),
    [
        ("ETH", "BTC", "100", ["amount_per_grid"]),
        ("ETH", "BTC", "0.1", []),
        ("SOL", "EUR", "1e12", ["amount_per_grid"]),
        ("USDC", "USD", "40", ["base_currency"]),
        ("USDT", "USDC", "40", ["base_currency"]),
        ("EUR", "USD", "40", []),
    ],
)
def test_what_is_allowed_and_hardly_meant(base: str, quote: str, amount: str, told: list[str]) -> None:
    """A unit that was mistaken, and a price that stands still."""
    changes = (('"ETH"', f'"{base}"'), ('"EUR"', f'"{quote}"'), ("grid = 40", f"grid = {amount}"), ("= 400", "= 1e13"))
    assert keys(LIVE, *changes) == [f"strategy[0].{key}" for key in told]


def test_no_more_buys_are_promised_than_the_limit_allows() -> None:
    notes = judge(changed(DRY, ("max_investment = 400", "max_investment = 100"))).notes
    assert notes[0].startswith("ladder (GridSell, ETH/EUR): 2 buys of 40 EUR from 97.56 % down to 95.18 % of the price")
