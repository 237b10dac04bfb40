"""The documented signing vectors."""

import pytest

from simulators.kraken.signing import is_signed, sign

PRIVATE = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
NONCE = "1616492376594"
PATH = "/0/private/AddOrder"
FORM = b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
JSON = b'{"nonce":"1616492376594","ordertype":"limit","pair":"XBTUSD","price":"37500","type":"buy","volume":"1.25"}'
FORM_SIGNATURE = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
JSON_SIGNATURE = "r/o+GpKxXjV/mls/r5CKLu5R+yzK5psqvQ4hXxMX1nzdxTBhV+ui82QGgPZMMitpFwCOAdPEZMmXgZxD2chJEg=="


@pytest.mark.parametrize(("body", "signature"), [(FORM, FORM_SIGNATURE), (JSON, JSON_SIGNATURE)])
def test_the_documented_vectors(body: bytes, signature: str) -> None:
    assert sign(PRIVATE, PATH, NONCE, body) == signature
    assert is_signed(signature, PRIVATE, PATH, NONCE, body)


def test_a_body_encoded_anew_after_signing_is_not_signed() -> None:
    assert not is_signed(JSON_SIGNATURE, PRIVATE, PATH, NONCE, JSON.replace(b'","', b'", "'))
    assert not is_signed("ü", PRIVATE, PATH, NONCE, FORM)
