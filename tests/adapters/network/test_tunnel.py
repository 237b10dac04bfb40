"""REST, WebSocket and notices through a real proxy, with TLS behind it; and what its failures are called."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio_websocket

from adapters.channels.http import post
from adapters.exchanges.kraken.transport.rest_client import PublicRest, make_client
from adapters.exchanges.kraken.transport.server_clock import ServerClock
from adapters.exchanges.kraken.transport.websockets import dial_network, open_socket
from adapters.exchanges.kraken.wire.rest_results import ServerTime
from adapters.network import tunnel
from tests.adapters.network.proxy_server import ProxyServer, proxying
from tests.adapters.network.tls_server import authority, certificate, serving
from trading.ports import ChannelError, ExchangeUnavailable

HOST = "exchange.example"
"""Nobody but the proxy knows where that is."""


async def by_rest() -> None:
    async with make_client(f"https://{HOST}") as client:
        await PublicRest(client).get("Time", ServerTime)


async def by_socket() -> None:
    async with open_socket(dial_network, f"wss://{HOST}/v2", "orders", ServerClock(lambda: 0)) as socket:
        await socket.send("ping", {}, 1)


async def by_notice() -> None:
    answer = await post(f"https://{HOST}/bot", b"{}", {})
    assert answer.status == 200


Ask = Callable[[], Awaitable[None]]
WAYS = pytest.mark.parametrize("ask", [by_rest, by_socket, by_notice])


@pytest.fixture
async def proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ProxyServer]:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with proxying() as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url.replace("//", "//me:planted@"))
        yield server


async def words_of(ask: Ask) -> str:
    with pytest.raises((ExchangeUnavailable, ChannelError)) as caught:
        await ask()
    assert "planted" not in f"{caught.value} {caught.value!r}"
    return str(caught.value)


@asynccontextmanager
async def _sockets(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def accept(request: trio_websocket.WebSocketRequest) -> None:
        connection = await request.accept()
        await connection.get_message()

    async with trio.open_nursery() as nursery:
        server = await nursery.start(trio_websocket.serve_websocket, accept, "127.0.0.1", 0, context)
        yield server.port
        nursery.cancel_scope.cancel()


@WAYS
async def test_everything_goes_through_the_proxy_that_the_environment_names(
    ask: Ask, proxy: ProxyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(await authority(tmp_path)))
    context = await certificate(tmp_path, HOST)
    async with _sockets(context) as sockets, serving(context) as web:
        proxy.leads_to = {f"{HOST}:443": sockets if ask is by_socket else web}
        await ask()
    assert proxy.asked == [f"CONNECT {HOST}:443 HTTP/1.1"]
    assert proxy.authorizations == ["Proxy-Authorization: Basic bWU6cGxhbnRlZA=="]


@WAYS
async def test_a_certificate_behind_the_proxy_is_judged_as_without_one(
    ask: Ask, proxy: ProxyServer, tmp_path: Path
) -> None:
    await authority(tmp_path)
    async with serving(await certificate(tmp_path, HOST)) as web:
        proxy.leads_to = {f"{HOST}:443": web}
        assert "is not trusted (unable to get local issuer certificate)" in await words_of(ask)


@WAYS
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (407, "refuses the connection with HTTP status 407: it asks for a user and password"),
        (403, "refuses the connection with HTTP status 403: it forbids it"),
        (502, "refuses the connection with HTTP status 502"),
    ],
)
async def test_a_proxy_that_refuses_is_named(ask: Ask, status: int, words: str, proxy: ProxyServer) -> None:
    proxy.status = status
    assert f"the proxy 127.0.0.1:{proxy.port} (HTTPS_PROXY) {words}" in await words_of(ask)


@WAYS
async def test_a_proxy_that_is_not_there_is_named(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:planted@127.0.0.1:1")
    assert "no connection to the proxy 127.0.0.1:1 (https_proxy): Connection refused" in await words_of(ask)


@WAYS
@pytest.mark.parametrize("raw", [b"", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"])
async def test_what_is_no_proxy_is_named(ask: Ask, raw: bytes, proxy: ProxyServer) -> None:
    proxy.raw = raw
    words = await words_of(ask)
    assert f" the proxy 127.0.0.1:{proxy.port} (HTTPS_PROXY): " in words
    assert "no connection to" in words or "no usable answer through" in words


async def test_a_proxy_that_never_answers_is_named(proxy: ProxyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnel, "ANSWER_SECONDS", 0.2)
    proxy.status = 0
    words = f"orders: no connection to the proxy 127.0.0.1:{proxy.port} (HTTPS_PROXY): no answer within 0.2 s"
    assert await words_of(by_socket) == words


@pytest.mark.parametrize("ask", [by_rest, by_socket])
async def test_what_only_the_owner_can_mend_comes_with_advice(ask: Ask, proxy: ProxyServer) -> None:
    for status, advised in ((407, True), (502, False)):
        proxy.status = status
        with pytest.raises(ExchangeUnavailable) as caught:
            await ask()
        assert bool(caught.value.advice) == advised


@WAYS
async def test_a_proxy_of_another_kind_is_refused_before_anything_is_asked(
    ask: Ask, proxy: ProxyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http:", "socks5:"))
    with pytest.raises(Exception, match="a proxy of the kind socks5"):
        await ask()
    assert proxy.asked == []


async def test_this_machine_is_reached_directly(
    proxy: ProxyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(await authority(tmp_path)))
    async with serving(await certificate(tmp_path)) as port, make_client(f"https://localhost:{port}") as client:
        await PublicRest(client).get("Time", ServerTime)
    assert proxy.asked == []
