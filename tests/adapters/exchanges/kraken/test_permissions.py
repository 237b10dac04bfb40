"""Keys that may do too little or too much."""

import pytest

from adapters.exchanges.kraken.permissions import NEEDED, check_key, check_permissions
from adapters.exchanges.kraken.wire.rest import KeyInfo
from adapters.interfaces import BotStateError
from tests.adapters.exchanges.kraken.support import RestTable, private_rest

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


async def test_a_check_that_is_skipped_asks_nothing() -> None:
    rest = RestTable()
    await check_permissions(private_rest(rest), skip=True)
    assert rest.calls == []
