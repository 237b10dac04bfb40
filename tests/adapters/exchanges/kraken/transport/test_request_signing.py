"""The documented vectors."""

import pytest

from adapters.exchanges.kraken.transport.request_signing import Signer
from config.secrets import Secret
from tests.adapters.exchanges.kraken.support import KEY, PRIVATE
from trading.ports import BotStateError

FORM = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
JSON = '{"nonce":"1616492376594","ordertype":"limit","pair":"XBTUSD","price":"37500","type":"buy","volume":"1.25"}'


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (FORM, "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="),
        (JSON, "r/o+GpKxXjV/mls/r5CKLu5R+yzK5psqvQ4hXxMX1nzdxTBhV+ui82QGgPZMMitpFwCOAdPEZMmXgZxD2chJEg=="),
    ],
)
def test_the_documented_vectors(body: str, signature: str) -> None:
    headers = Signer(KEY, PRIVATE).headers("/0/private/AddOrder", 1616492376594, body.encode())
    assert headers == {"API-Key": "public", "API-Sign": signature}


def test_a_key_shows_nothing_of_itself() -> None:
    signer = Signer(KEY, PRIVATE)
    assert repr(signer) == "Signer(***)"
    assert "public" not in signer.fingerprint


def test_a_damaged_key_is_told_without_being_shown() -> None:
    with pytest.raises(BotStateError, match="base64") as caught:
        Signer(KEY, Secret("not=base64!"))
    assert "not=" not in str(caught.value)
