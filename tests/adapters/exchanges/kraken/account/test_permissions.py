"""Keys that may do too little or too much."""

import pytest

from adapters.exchanges.kraken.account.permissions import NEEDED, check_key, check_permissions
from adapters.exchanges.kraken.wire.rest_results import KeyInfo
from tests.adapters.exchanges.kraken.support import RestTable, private_rest
from trading.ports import BotStateError

ALL = list(NEEDED)


def test_a_key_with_exactly_what_is_needed_is_taken() -> None:
    check_key(KeyInfo(ALL))
    check_key(KeyInfo([*ALL, "query-ledger"], query_from="0", camel_to="0"))


@pytest.mark.parametrize("missing", ALL)
def test_what_is_missing_is_named(missing: str) -> None:
    with pytest.raises(BotStateError, match=missing):
        check_key(KeyInfo([name for name in ALL if name != missing]))


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BotStateError, match=r"query-funds.*withdraw-funds.*date"):
        check_key(KeyInfo([*ALL[1:], "withdraw-funds"], camel_from="1790000000"))


@pytest.mark.parametrize("spelling", ["apiKeyName", "api_key_name"])
async def test_both_spellings_of_the_answer_are_read(spelling: str) -> None:
    rest = RestTable(GetApiKeyInfo={spelling: "grid", "permissions": [*ALL, "withdraw-funds"], "nonceWindow": 0})
    with pytest.raises(BotStateError, match="may withdraw"):
        await check_permissions(private_rest(rest), skip=False)


@pytest.mark.parametrize("skip", [True, False])
async def test_the_account_is_what_kraken_calls_it(*, skip: bool) -> None:
    rest = RestTable(GetApiKeyInfo={"permissions": ALL, "iban": "AA11 2222 3333 4444"})
    assert await check_permissions(private_rest(rest), skip=skip) == "AA11 2222 3333 4444"


@pytest.mark.parametrize("told", [{}, {"iban": None}, {"iban": "AA00 XXXX XXXX XXXX"}, {"iban": "AA11}2222"}])
async def test_an_account_that_is_not_told_or_masked_has_no_name(told: dict[str, object]) -> None:
    rest = RestTable(GetApiKeyInfo={"permissions": ALL, **told})
    assert await check_permissions(private_rest(rest), skip=False) == ""


async def test_a_check_that_is_skipped_takes_any_key_and_any_refusal() -> None:
    rest = RestTable(GetApiKeyInfo="EGeneral:Permission denied")
    assert await check_permissions(private_rest(rest), skip=True) == ""
    rest = RestTable(GetApiKeyInfo={"permissions": ["withdraw-funds"], "iban": "AA11"})
    assert await check_permissions(private_rest(rest), skip=True) == "AA11"


@pytest.mark.parametrize(
    "garbled",
    [
        {"permissions": ALL, "iba]n": "AA11"},
        {"permissions": ALL, "iban": "A\ufffd11"},
        {"permissions": [*ALL[1:], "query-fu}ds"], "iban": "AA11"},
    ],
)
async def test_one_garbled_answer_is_asked_again(garbled: dict[str, object]) -> None:
    rest = RestTable(GetApiKeyInfo=[garbled, {"permissions": ALL, "iban": "AA11"}])
    assert await check_permissions(private_rest(rest), skip=False) == "AA11"
