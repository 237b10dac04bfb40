"""Certificates that cannot be verified are named, with what to do, on both lines."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio

from adapters.exchanges.kraken.transport import rest_client as rest
from adapters.exchanges.kraken.transport.rest_client import PublicRest, make_client
from adapters.exchanges.kraken.transport.server_clock import ServerClock
from adapters.exchanges.kraken.transport.trust import certificate_advice, trusted
from adapters.exchanges.kraken.transport.websockets import dial_network, open_socket
from adapters.exchanges.kraken.wire.rest_results import ServerTime
from trading.ports import ExchangeUnavailable


@asynccontextmanager
async def untrusted(folder: Path) -> AsyncIterator[int]:
    """A TLS server with a certificate of its own making."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=localhost"
    arguments = [*command.split(), "-addext", "subjectAltName=DNS:localhost"]
    await trio.run_process(arguments, cwd=folder, capture_stdout=True, capture_stderr=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "c.pem", folder / "k.pem")

    async def serve(stream: trio.SSLStream[trio.SocketStream]) -> None:
        try:
            await stream.do_handshake()
        except (ssl.SSLError, trio.BrokenResourceError):
            return

    (plain,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    listener = trio.SSLListener(plain, context)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield plain.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def test_a_socket_names_the_certificate_and_what_to_do(tmp_path: Path) -> None:
    async with untrusted(tmp_path) as port:
        with pytest.raises(ExchangeUnavailable, match="certificate is not trusted") as caught:
            async with open_socket(dial_network, f"wss://localhost:{port}/v2", "the socket", ServerClock(lambda: 0)):
                pass
    assert "SSL_CERT_FILE" in caught.value.advice


async def test_rest_names_the_certificate_and_what_to_do(tmp_path: Path) -> None:
    async with untrusted(tmp_path) as port, make_client(f"https://localhost:{port}") as client:
        with pytest.raises(ExchangeUnavailable, match="certificate is not trusted") as caught:
            await PublicRest(client).get("Time", ServerTime)
    assert "SSL_CERT_FILE" in caught.value.advice


def test_both_lines_trust_the_bundle_of_the_http_client() -> None:
    bundled = len(httpx.create_ssl_context().get_ca_certs())
    assert len(trusted().get_ca_certs()) >= bundled > 0


@pytest.mark.parametrize(
    ("url", "reads"),
    [
        ("", True),
        ("https://a", True),
        ("HTTPS://a", True),
        ("http://127.0.0.1:1", False),
        ("HTTP://127.0.0.1:1", False),
    ],
)
def test_certificates_are_read_where_tls_is_spoken(url: str, reads: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def certificates() -> ssl.SSLContext:
        asked.append(url)
        return httpx.create_ssl_context()

    monkeypatch.setattr(rest, "trusted", certificates)
    make_client(url)
    assert bool(asked) == reads


def test_another_error_is_no_matter_of_certificates() -> None:
    error = OSError("no route")
    error.__cause__ = error
    assert certificate_advice(error) == certificate_advice(None) == ""
