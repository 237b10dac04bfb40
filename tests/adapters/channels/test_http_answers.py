"""What failures of an exchange are called."""

import ssl

import httpx

from adapters.channels.http_answers import describe, tls


def test_an_error_is_described_by_its_innermost_cause_that_says_something() -> None:
    certificate = ssl.SSLCertVerificationError("secret.example.org")
    certificate.verify_message = "self-signed certificate"
    outer = httpx.ConnectError("https://secret.example.org/path")
    outer.__cause__ = ExceptionGroup("two attempts", [OSError("no strerror"), certificate])
    assert describe(outer) == "its certificate is not accepted: self-signed certificate"
    assert describe(httpx.ReadError("https://secret")) == "no answer (ReadError)"


def test_the_trusted_certificates_are_read_once() -> None:
    assert tls() is tls()
    assert tls().verify_mode is ssl.CERT_REQUIRED
