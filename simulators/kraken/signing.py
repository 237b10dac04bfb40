"""Signatures of private REST calls (facts, section 1.1)."""

import base64
import hashlib
import hmac


def sign(private: str, path: str, nonce: str, body: bytes) -> str:
    """The API-Sign header for exactly these bytes. `private` is base64, `nonce` its digits in the body."""
    digest = hashlib.sha256(nonce.encode() + body).digest()
    mac = hmac.new(base64.b64decode(private), path.encode() + digest, hashlib.sha512)
    return base64.b64encode(mac.digest()).decode()


def is_signed(signature: str, private: str, path: str, nonce: str, body: bytes) -> bool:
    """Whether the header belongs to these bytes."""
    return hmac.compare_digest(signature.encode(), sign(private, path, nonce, body).encode())
