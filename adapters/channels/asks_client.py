"""HTTP POST by asks, the alternative to httpx, for channels only (docs/notifications.md, "asks").

asks ties itself to anyio 3 in its metadata, which no current trio works with. Its code works with anyio 4.
"""

import importlib
import os
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol, cast

import trio

from adapters.channels import http_answers as answers
from adapters.channels.http_answers import LARGEST_ANSWER, Answer, describe
from adapters.network.proxies import proxy_for
from adapters.network.trust import trusted
from config import ConfigError
from trading.ports import ChannelError


class _Session(Protocol):
    def request(self, method: str, url: str, **options: object) -> Awaitable[Any]: ...


class _MakeSession(Protocol):
    def __call__(self, *, ssl_context: object, connections: int) -> _Session: ...


_Session_ = cast("_MakeSession", importlib.import_module("asks").Session)


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send it by asks, once: its own retries would not tell us of the first attempt."""
    content = bytearray()

    async def keep(chunk: bytes) -> None:
        content.extend(chunk)
        if len(content) > LARGEST_ANSWER:
            raise ChannelError(f"an answer of more than {LARGEST_ANSWER} bytes")

    try:
        proxy, trust = proxy_for(url, os.environ), trusted()
    except ConfigError as error:
        raise ChannelError(error.problems[0].line()) from None
    if proxy:
        raise ChannelError(f'{proxy.name} would be passed by: client = "asks" uses no proxy, "httpx" does')
    session = _Session_(ssl_context=trust, connections=1)
    try:
        with trio.fail_after(answers.ANSWER_SECONDS):
            response = await session.request(
                "POST",
                url,
                data=body,
                headers={**headers, "Connection": "close"},
                retries=0,
                follow_redirects=False,
                callback=keep,
            )
        return Answer(response.status_code, bytes(content), response.headers.get("retry-after", ""))
    except ChannelError:
        raise
    except Exception as error:  # noqa: BLE001 - asks lets through whatever anyio, h11 and its own parsing raise
        raise ChannelError(describe(error)) from None
