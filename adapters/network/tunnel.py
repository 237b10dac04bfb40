"""Streams to a host, directly or by HTTP CONNECT through a proxy."""

import os
import ssl

import h11
import trio

from adapters.network.causes import causes
from adapters.network.proxies import Proxy
from adapters.network.trust import certificate_advice
from config.version import user_agent

ANSWER_SECONDS = 10.0
_MOST_BYTES = 65_536
_REFUSES = {
    407: "it asks for a user and password that it accepts: http://user:password@host:port",
    403: "it forbids it",
}


class ProxyFailed(OSError):
    """A proxy cannot be reached or does not let through; the text names it."""

    def __init__(self, words: str, advice: str = "") -> None:
        """`advice`: what only the owner can do about it."""
        super().__init__(words)
        self.advice = advice


def refusal(proxy: Proxy, status: int) -> ProxyFailed:
    """What a proxy's answer means."""
    told = f": {_REFUSES[status]}" if status in _REFUSES else ""
    words = f"{proxy.name} refuses the connection with HTTP status {status}{told}"
    return ProxyFailed(words, words if status in _REFUSES else "")


def unreachable(proxy: Proxy, why: str, advice: str = "") -> ProxyFailed:
    """What it means that there is no connection to the proxy."""
    return ProxyFailed(f"no connection to {proxy.name}: {why}", advice)


def reason(error: BaseException) -> str:
    """What the operating system says of a failed connection: of the innermost cause that it has words for."""
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.strerror:
            number = cause.errno or 0
            return os.strerror(number) if number > 0 else cause.strerror
    return str(error) or type(error).__name__


async def open_tcp(host: str, port: int, proxy: Proxy | None, trust: ssl.SSLContext) -> trio.abc.Stream:
    """A stream to this host, on which nothing was said yet. Raises `ProxyFailed`, `OSError`.

    `trust` is for a proxy that speaks TLS itself.
    """
    if proxy is None:
        return await trio.open_tcp_stream(host, port)
    with trio.move_on_after(ANSWER_SECONDS):
        stream = await _reach(proxy, trust)
        try:
            await _connect(stream, proxy, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return stream
    raise unreachable(proxy, f"no answer within {ANSWER_SECONDS:g} s")


async def _reach(proxy: Proxy, trust: ssl.SSLContext) -> trio.abc.Stream:
    try:
        if not proxy.secure:
            return await trio.open_tcp_stream(proxy.host, proxy.port)
        stream = await trio.open_ssl_over_tcp_stream(proxy.host, proxy.port, https_compatible=True, ssl_context=trust)
        try:
            await stream.do_handshake()
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
    except (OSError, trio.BrokenResourceError) as error:
        if advice := certificate_advice(error, "its certificate"):
            raise unreachable(proxy, advice, advice) from error
        raise unreachable(proxy, reason(error)) from error
    return stream


async def _connect(stream: trio.abc.Stream, proxy: Proxy, target: str) -> None:
    """Have the proxy connect. Raises `ProxyFailed`."""
    headers = [("Host", target), ("User-Agent", user_agent())]
    if proxy.authorization:
        headers.append(("Proxy-Authorization", proxy.authorization.decode()))
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_BYTES)
    try:
        await stream.send_all(connection.send(h11.Request(method="CONNECT", target=target, headers=headers)) or b"")
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(bytes(await stream.receive_some()))
            elif isinstance(event, h11.Response):
                break
            elif isinstance(event, h11.ConnectionClosed):
                raise unreachable(proxy, "it hung up before its answer")
    except (h11.ProtocolError, trio.BrokenResourceError, trio.ClosedResourceError):
        raise unreachable(proxy, "its answer is not that of an HTTP proxy") from None
    if not 200 <= event.status_code < 300:  # noqa: PLR2004 - the HTTP statuses of success
        raise refusal(proxy, event.status_code)
