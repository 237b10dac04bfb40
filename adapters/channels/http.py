"""One POST to a notification service by httpx, and what its failures are called.

Addresses hold secrets here (a bot's token, a web-hook's path). httpx's client writes every address to its
log at level INFO, which an embedding program may show, so its transport is used without the client; and no
library's words reach an error, only our own and the operating system's.
"""

import functools
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Literal

import h11
import httpx
import trio
from msgspec import Struct

from adapters.interfaces import ChannelError
from config import ConfigError

CLIENTS = ("httpx", "asks")
ClientName = Literal["httpx", "asks"]

ANSWER_SECONDS = 15.0
"""For the whole exchange; a phone's user does not see the difference to a message that comes later."""
LARGEST_ANSWER = 65_536
"""Bytes. What these services answer takes a few hundred."""


class Answer(Struct, frozen=True):
    """What a service said."""

    status: int
    body: bytes
    retry_after: str = ""
    """The header of that name."""


Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[Answer]]
"""URL, body and headers to an answer. Raises `ChannelError`; follows no redirect, keeps no connection."""


def http_client(name: ClientName, key: str, source: str) -> Post:
    """The client of this name. Raises `ConfigError` for one that is not installed; `key` is where it was asked for."""
    if name == "httpx":
        return post
    try:
        from adapters.channels import asks_client  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        found = f'"asks", which is not installed or does not work here ({error})'
        allowed = '"httpx", or asks as docs/notifications.md installs it'
        raise ConfigError.at(source, key, found, allowed) from None
    return asks_client.post


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send it by httpx."""
    timeout = httpx.Timeout(ANSWER_SECONDS).as_dict()
    try:
        with trio.fail_after(ANSWER_SECONDS):
            request = httpx.Request("POST", url, content=body, headers=headers, extensions={"timeout": timeout})
            async with httpx.AsyncHTTPTransport(verify=tls()) as transport:
                return await _exchange(transport, request)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, trio.TooSlowError, OSError) as error:
        raise ChannelError(describe(error)) from None


async def _exchange(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> Answer:
    response = await transport.handle_async_request(request)
    content = bytearray()
    try:
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > LARGEST_ANSWER:
                await response.aclose()  # not a break: reading on then fails, which ends the library's generators
    except httpx.TransportError:
        if len(content) <= LARGEST_ANSWER:
            raise
    finally:
        await response.aclose()
    if len(content) > LARGEST_ANSWER:
        raise ChannelError(f"an answer of more than {LARGEST_ANSWER} bytes")
    return Answer(response.status_code, bytes(content), response.headers.get("Retry-After", ""))


@functools.cache
def tls() -> ssl.SSLContext:
    """The trusted certificates, read once: that takes longer than a message does."""
    return httpx.create_ssl_context()


def describe(error: BaseException) -> str:
    """A failed exchange in our own words: which kind it is, and what the operating system said."""
    named = (words for cause in _causes(error) if (words := _words(cause)))
    return next(named, f"no answer ({type(error).__name__})")


def _words(cause: BaseException) -> str:
    text = ""
    match cause:
        case ssl.SSLCertVerificationError():
            text = f"its certificate is not accepted: {cause.verify_message}"
        case ssl.SSLError():
            text = "no encrypted connection"
        case socket.gaierror():
            text = "no connection: its host name is not known"
        case OSError(errno=int(number)) if number > 0:
            text = f"no connection: {os.strerror(number)}"
        case httpx.TimeoutException() | trio.TooSlowError() | TimeoutError():
            text = f"no answer within {ANSWER_SECONDS:g} s"
        case httpx.RemoteProtocolError() | h11.RemoteProtocolError():
            text = "an answer that is not HTTP"
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            text = "its address is no URL"
        case _:
            pass
    return text


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it, the innermost first."""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else (error.__cause__ or error.__context__,)
    for cause in inner:
        if cause is not None:
            yield from _causes(cause)
    yield error
