"""What every HTTP client of the channels shares: an answer, its bounds, and what failures are called.

No library's words reach an error, only our own and the operating system's: addresses hold secrets here (a bot's
token, a web-hook's path).
"""

import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping

import h11
import httpx
import trio
from msgspec import Struct

from adapters.network.causes import causes
from adapters.network.http_transport import ProxyError
from adapters.network.trust import certificate_advice

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


def describe(error: BaseException) -> str:
    """A failed exchange in our own words: which kind it is, and what the operating system said."""
    if refused := next((str(cause) for cause in causes(error) if isinstance(cause, ProxyError)), ""):
        return refused
    named = (words for cause in causes(error) if (words := _words(cause)))
    return next(named, f"no answer ({type(error).__name__})")


def _words(cause: BaseException) -> str:
    text = ""
    match cause:
        case ssl.SSLCertVerificationError():
            text = certificate_advice(cause, "its certificate")
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
