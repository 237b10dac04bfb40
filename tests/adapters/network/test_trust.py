"""Certificates that cannot be verified are named, with what to do, on both lines."""

import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import httpx
import pytest
import trio

from adapters.channels.http import post
from adapters.exchanges.kraken.transport.rest_client import PublicRest, make_client
from adapters.exchanges.kraken.transport.server_clock import ServerClock
from adapters.exchanges.kraken.transport.websockets import _open_stream, dial_network, open_socket
from adapters.exchanges.kraken.wire.rest_results import ServerTime
from adapters.network import http_transport, trust
from adapters.network.trust import certificate_advice, trusted
from config import ConfigError
from tests.adapters.network.tls_server import KEY, authority, certificate, openssl, serving
from trading.ports import ChannelError, ExchangeUnavailable


@asynccontextmanager
async def untrusted(folder: Path) -> AsyncIterator[int]:
    """A TLS server with a certificate of its own making."""
    command = f"req -x509 {KEY} -keyout k.pem -out c.pem -days 2 -subj /CN=localhost"
    await openssl(folder, *command.split(), "-addext", "subjectAltName=DNS:localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "c.pem", folder / "k.pem")
    async with serving(context) as port:
        yield port


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


async def by_rest(port: int, host: str = "localhost") -> None:
    async with make_client(f"https://{host}:{port}") as client:
        await PublicRest(client).get("Time", ServerTime)


async def by_socket(port: int, host: str = "localhost") -> None:
    stream = await _open_stream(urlsplit(f"wss://{host}:{port}/v2"))
    await stream.aclose()


async def by_notice(port: int, host: str = "localhost") -> None:
    await post(f"https://{host}:{port}/hook", b"{}", {})


Ask = Callable[[int, str], Awaitable[None]]
WAYS = pytest.mark.parametrize("ask", [by_rest, by_socket, by_notice])


async def words_of(ask: Ask, port: int, host: str = "localhost") -> str:
    with pytest.raises((ExchangeUnavailable, ChannelError, trio.BrokenResourceError)) as caught:
        await ask(port, host)
    return certificate_advice(caught.value) or str(caught.value)


@WAYS
async def test_a_companys_own_authority_is_trusted_once_it_is_named(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority_file = await authority(tmp_path)
    async with serving(await certificate(tmp_path)) as port:
        assert "install the system's CA certificates" in await words_of(ask, port)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority_file))
        await ask(port, "localhost")
        assert len(trusted().get_ca_certs()) > 100, "the others are trusted, too"


@WAYS
async def test_a_directory_of_authorities(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "ca.pem").write_bytes((await authority(tmp_path)).read_bytes())
    await openssl(folder, "rehash", ".")
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    async with serving(await certificate(tmp_path)) as port:
        await ask(port, "localhost")


@WAYS
@pytest.mark.parametrize(
    ("times", "host", "words"),
    [
        (
            {"begins": "20200101000000Z", "ends": "20210101000000Z"},
            "localhost",
            "it has expired, or this machine's clock",
        ),
        (
            {"begins": "20900101000000Z", "ends": "20910101000000Z"},
            "localhost",
            "it is not valid yet, or this machine's",
        ),
        ({}, "api.kraken.com", "it belongs to another host"),
        ({}, "10.1.2.3", "it belongs to another host"),
    ],
    ids=["expired", "too early", "another name", "another address"],
)
async def test_what_is_wrong_with_a_certificate_is_named(
    ask: Ask, times: dict[str, str], host: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(await authority(tmp_path)))
    async with serving(await certificate(tmp_path, host, **times)) as port:
        assert words in await words_of(ask, port)


@WAYS
@pytest.mark.parametrize(
    ("variable", "content", "found"),
    [
        ("SSL_CERT_FILE", None, "a file that cannot be read (the file does not exist)"),
        ("SSL_CERT_FILE", "no certificate", "a file without certificates"),
        ("SSL_CERT_FILE", "", "a file without certificates"),
        ("SSL_CERT_DIR", None, "no directory"),
    ],
)
async def test_a_variable_that_names_nothing_is_named(
    ask: Ask, variable: str, content: str | None, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "_read", trust._Read())
    path = tmp_path / "named"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(variable, str(path))
    with pytest.raises((ConfigError, ChannelError)) as caught:
        await ask(1, "localhost")
    assert f"{variable}: found {found}; allowed: " in str(caught.value)


def test_authorities_that_vanish_while_it_runs_stay_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(Path(certifi.where()).read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    before = trusted()
    path.unlink()
    assert trusted() is before
    path.write_bytes(Path(certifi.where()).read_bytes())
    assert trusted() is not before


def test_a_file_broken_while_it_runs_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(Path(certifi.where()).read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    before, modified = trusted(), path.stat().st_mtime_ns + 1
    path.write_text("half written")
    os.utime(path, ns=(modified, modified))
    assert trusted() is before
    (line,) = caplog.messages
    assert "SSL_CERT_FILE: found a file without certificates" in line
    path.write_bytes(Path(certifi.where()).read_bytes())
    os.utime(path, ns=(modified, modified))  # within one tick of the file system's clock
    assert trusted() is not before


def test_the_certificates_are_read_once_and_must_be_valid() -> None:
    assert trusted() is trusted()
    assert trusted().verify_mode is ssl.CERT_REQUIRED
    assert trusted().check_hostname


def test_without_the_bundle_of_the_http_client_the_systems_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certifi, "where", lambda: "/nowhere/cacert.pem")
    assert trusted().verify_mode is ssl.CERT_REQUIRED


def test_all_trust_the_bundle_of_the_http_client() -> None:
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

    monkeypatch.setattr(http_transport, "trusted", certificates)
    make_client(url)
    assert bool(asked) == reads


def test_another_error_is_no_matter_of_certificates() -> None:
    error = OSError("no route")
    error.__cause__ = error
    assert certificate_advice(error) == certificate_advice(None) == ""
