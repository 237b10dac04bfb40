"""Signatures of private REST calls."""

import base64
import binascii
import hashlib
import hmac

from config.secrets import Secret
from trading.ports import BotStateError


class Signer:
    """One API key. Without an object of this class nothing can be signed, so that no order can be placed."""

    def __init__(self, public_key: Secret, secret_key: Secret) -> None:
        """Raises `BotStateError` for a secret that is not base64."""
        self._public_key = public_key.reveal()
        try:
            self._secret = base64.b64decode(secret_key.reveal(), validate=True)
        except binascii.Error:
            raise BotStateError("the secret key is not base64: was it copied completely?") from None

    def __repr__(self) -> str:
        return "Signer(***)"

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without showing them."""
        return hashlib.sha256(self._public_key.encode()).hexdigest()[:16]

    def headers(self, path: str, nonce: int, body: bytes) -> dict[str, str]:
        """Headers of a call. `body` is what is sent, byte for byte, and contains the nonce."""
        digest = hashlib.sha256(str(nonce).encode() + body).digest()
        signature = hmac.digest(self._secret, path.encode() + digest, "sha512")
        return {"API-Key": self._public_key, "API-Sign": base64.b64encode(signature).decode()}
