import pytest

from simulators.paper.saved_account import PaperAccount, decode_account, decode_orders, encode
from trading.ports import DatabaseUnusable


def test_an_account_survives_being_saved() -> None:
    account = PaperAccount({}, sequence=7, source="synthetic", row=3)
    assert decode_account(encode(account)) == account


@pytest.mark.parametrize("text", ["", "{", '{"balances": {"USD": true}}'])
def test_a_text_that_is_no_account_makes_the_database_unusable(text: str) -> None:
    with pytest.raises(DatabaseUnusable, match="paper account"):
        decode_account(text)


def test_an_account_of_a_later_version_is_refused() -> None:
    with pytest.raises(DatabaseUnusable, match="version 99"):
        decode_account(encode(PaperAccount({}, version=99)))


def test_a_text_that_is_no_order_makes_the_database_unusable() -> None:
    with pytest.raises(DatabaseUnusable, match="paper order"):
        decode_orders({"PAPER-000000001": "{}"})
