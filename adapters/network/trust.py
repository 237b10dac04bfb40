"""Whose certificates are trusted, and what to do about one that is not: the same for REST, WebSockets and notices."""

import logging
import os
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import certifi

from adapters.network.causes import causes
from config.problems import ConfigError, why
from config.secrets import ENVIRONMENT

logger = logging.getLogger(__name__)

_TOO_EARLY, _EXPIRED = 9, 10
_NO_ISSUER = (2, 18, 19, 20, 21)
_OTHER_HOST = (62, 64)
"""Numbers of OpenSSL's verification errors."""


def trusted() -> ssl.SSLContext:
    """The authorities that come with the HTTP client and the system's: either may be missing, or lack a company's own.

    What `SSL_CERT_FILE` and `SSL_CERT_DIR` name comes on top. Read anew once one of the files changes. Raises
    `ConfigError` for a variable that names nothing usable, unless it did before: then what was read stays, a warning is
    logged, and the next call tries again.
    """
    sources = tuple(_sources())
    if _read.context is not None and _read.sources == sources:
        return _read.context
    try:
        check_named(os.environ)  # alone: what is broken costs no reading of all
        context = _context()
    except ConfigError as error:
        if _read.context is None:
            raise
        logger.warning("certificates: %s; those read before stay trusted", error)
        return _read.context
    _read.sources, _read.context = sources, context
    return context


def check_named(environ: Mapping[str, str]) -> None:
    """Read what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, keep nothing. Raises `ConfigError` where that is unusable."""
    _add_named(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), environ)


class _Read:
    """Reading all certificates takes a tenth of a second: what was read last."""

    sources: tuple[tuple[str, int], ...] = ()
    context: ssl.SSLContext | None = None


_read = _Read()


def _sources() -> Iterator[tuple[str, int]]:
    """All that is read, and when it was changed."""
    paths = ssl.get_default_verify_paths()
    for path in (certifi.where(), paths.openssl_cafile, *map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR"))):
        for part in (path or "").split(os.pathsep):
            try:
                yield part, Path(part).stat().st_mtime_ns
            except (OSError, ValueError):
                yield part, 0


def _context() -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=certifi.where())
    except OSError:
        context = ssl.create_default_context()
    context.load_default_certs()
    _add_named(context, os.environ)
    # Private authorities are often made without an identifier that newer Pythons ask for; other programs take them.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


def _add_named(context: ssl.SSLContext, environ: Mapping[str, str]) -> None:
    if file := environ.get("SSL_CERT_FILE"):
        try:
            context.load_verify_locations(cafile=file)
        except ssl.SSLError:
            raise _unusable("SSL_CERT_FILE", "a file without certificates") from None
        except (OSError, ValueError) as error:
            found = why(error) if isinstance(error, OSError) else "no path"
            raise _unusable("SSL_CERT_FILE", f"a file that cannot be read ({found})") from None
    if folders := environ.get("SSL_CERT_DIR"):
        if not any(Path(folder).is_dir() for folder in folders.split(os.pathsep)):
            raise _unusable("SSL_CERT_DIR", "no directory")
        for folder in folders.split(os.pathsep):
            context.load_verify_locations(capath=folder)


def _unusable(variable: str, found: str) -> ConfigError:
    kind = "a readable file with" if variable == "SSL_CERT_FILE" else "a directory (made by `openssl rehash`) of"
    return ConfigError.at(ENVIRONMENT, variable, found, f"{kind} trusted certificates in PEM, or no such variable")


def certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The failed verification of a certificate that this error comes from, if it does."""
    return next((cause for cause in causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)


def certificate_advice(error: BaseException | None, whose: str = "the exchange's certificate") -> str:
    """What is wrong with a certificate and what to do; empty when that is not what is wrong.

    `whose` begins the sentence.
    """
    failed = certificate_error(error)
    if failed is None:
        return ""
    words = getattr(failed, "verify_message", "") or str(failed)
    return f"{whose} is not trusted ({words}): {_what_to_do(getattr(failed, 'verify_code', 0))}"


def _what_to_do(code: int) -> str:
    """What OpenSSL's number means, and what to do about it."""
    today = f"{datetime.now(UTC):%Y-%m-%d} UTC"
    if code == _EXPIRED:
        return f"it has expired, or this machine's clock is wrong: it says {today}; set the clock (NTP)"
    if code == _TOO_EARLY:
        return f"it is not valid yet, or this machine's clock is wrong: it says {today}; set the clock (NTP)"
    if code in _OTHER_HOST:
        return (
            "it belongs to another host: look at the URL, and whether a captive portal, a proxy or this "
            "machine's DNS leads elsewhere"
        )
    inspected = "where a proxy or a virus scanner inspects TLS, its CA certificate belongs there"
    if code in _NO_ISSUER:
        return (
            "install the system's CA certificates (ca-certificates), or name a file of trusted ones in "
            f"SSL_CERT_FILE; {inspected}; look at this machine's clock, too"
        )
    return f"name a file of trusted certificates in SSL_CERT_FILE; {inspected}"
