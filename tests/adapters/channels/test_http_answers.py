"""What failures of an exchange are called."""

import ssl

import httpx

from adapters.channels.http_answers import describe


def test_an_error_is_described_by_its_innermost_cause_that_says_something() -> None:
    certificate = ssl.SSLCertVerificationError("secret.example.org")
    certificate.verify_message = "self-signed certificate"
    outer = httpx.ConnectError("https://secret.example.org/path")
    outer.__cause__ = ExceptionGroup("two attempts", [OSError("no strerror"), certificate])
    assert describe(outer).startswith("its certificate is not trusted (self-signed certificate): ")
    assert "secret" not in describe(outer)
    assert describe(httpx.ReadError("https://secret")) == "no answer (ReadError)"
