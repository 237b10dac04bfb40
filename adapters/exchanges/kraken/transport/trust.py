"""Whose certificates are trusted: the same for REST and for WebSockets."""

import ssl
from functools import cache

import httpx

_DEEPEST = 10
"""So deep a certificate's error may hide behind others."""


@cache
def trusted() -> ssl.SSLContext:
    """Those that come with the HTTP client, and the system's: either may be missing, or lack a company's own.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded.
    """
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def certificate_advice(error: BaseException | None) -> str:
    """What to do about a certificate that cannot be verified; empty when that is not what is wrong."""
    for _ in range(_DEEPEST):
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the exchange's certificate is not trusted ({error.verify_message or error}): install the system's CA "
                "certificates (ca-certificates), or name a file of trusted ones in SSL_CERT_FILE; where a proxy or a "
                "virus scanner inspects TLS, its CA certificate belongs there; look at this machine's clock, too"
            )
        if error is None:
            break
        error = error.__cause__ or error.__context__
    return ""
