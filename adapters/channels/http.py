"""One POST to a notification service by httpx.

httpx's client writes every address to its log at level INFO, which an embedding program may show, so its
transport is used without the client.
"""

from collections.abc import Mapping
from typing import Literal

import httpx
import trio

from adapters.channels import http_answers as answers
from adapters.channels.http_answers import LARGEST_ANSWER, Answer, Post, describe
from adapters.network.http_transport import make_transport
from config import ConfigError
from trading.ports import ChannelError

ClientName = Literal["httpx", "asks"]


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
    timeout = httpx.Timeout(answers.ANSWER_SECONDS).as_dict()
    try:
        with trio.fail_after(answers.ANSWER_SECONDS):
            request = httpx.Request("POST", url, content=body, headers=headers, extensions={"timeout": timeout})
            async with make_transport(url) as transport:
                return await _exchange(transport, request)
    except ConfigError as error:
        raise ChannelError(error.problems[0].line()) from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, trio.TooSlowError, OSError) as error:
        raise ChannelError(describe(error)) from None


async def _exchange(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> Answer:
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
