"""Error texts and what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchanges.kraken.wire.error_texts import Meaning, first_error, meaning_of, reject_reason

MEANINGS: list[tuple[str, Meaning]] = [
    ("EGeneral:Invalid arguments", "refused"),
    ("EGeneral:Invalid arguments:cl_ord_id", "refused"),
    ("EGeneral:Invalid arguments:cl_ord_id not unique", "duplicate id"),
    ("EGeneral:Invalid arguments:volume minimum not met", "refused"),
    ("EGeneral:Permission denied", "credentials"),
    ("EGeneral:Temporary lockout", "lockout"),
    ("EGeneral:Internal error:42", "ambiguous"),
    ("EGeneral:Unknown method", "refused"),
    ("EGeneral:Too many requests", "wait"),
    ("EAPI:Invalid key", "credentials"),
    ("EAPI:Invalid signature", "credentials"),
    ("EAPI:Invalid nonce", "nonce"),
    ("EAPI:Rate limit exceeded", "wait"),
    ("EAPI:Invalid token", "token"),
    ("ESession:Invalid session", "token"),
    ("EService:Unavailable", "ambiguous"),
    ("EService:Busy", "ambiguous"),
    ("EService:Market in cancel_only mode", "wait"),
    ("EService:Market in post_only mode", "wait"),
    ("EService:Deadline elapsed", "ambiguous"),
    ("EService:Throttled:1790000060", "wait"),
    ("EService: Throttled: 1790000060", "wait"),
    ("EOrder:Insufficient funds", "refused"),
    ("EOrder:Order minimum not met", "refused"),
    ("EOrder:Cost minimum not met", "refused"),
    ("EOrder:Tick size check failed", "refused"),
    ("EOrder:Invalid price:ETH/GBP price can only be specified up to 2 decimals.", "refused"),
    ("EOrder:Unknown order", "unknown order"),
    ("EOrder:Invalid order", "unknown order"),
    ("EOrder:Post only order", "refused"),
    ("EOrder:Orders limit exceeded", "refused"),
    ("EOrder:Rate limit exceeded", "wait"),
    ("EOrder:Domain rate limit exceeded", "wait"),
    ("EQuery:Unknown asset pair", "refused"),
    ("EAccount:Invalid permissions:BTC trading restricted for XX.", "forbidden"),
    ("EAuth:Account temporary disabled", "credentials"),
    ("EAuth:Rate limit exceeded", "wait"),
    ("ETrade:User Locked", "wait"),
    ("EBM:limit exceeded:CAL", "refused"),
    ("EDatabase:Internal error", "ambiguous"),
    ("EFunding:Unknown reference id", "refused"),
    ("Exceeded msg rate", "wait"),
    ("never heard of", "ambiguous"),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_the_catalogue(text: str, meaning: Meaning) -> None:
    assert meaning_of(text) == meaning
    assert meaning_of(text.replace(":", ": ", 1)) == meaning


@given(st.text())
def test_any_text_has_a_meaning_and_a_reason(text: str) -> None:
    assert meaning_of(text)
    assert reject_reason(text)


def test_warnings_are_no_errors() -> None:
    assert first_error(["WGeneral:Danger"]) is None
    assert first_error(["WGeneral:Danger", "EGeneral:Internal error"]) == "EGeneral:Internal error"
