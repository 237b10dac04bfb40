"""Notices as JSON to any URL: `[notifier.webhook]`, or any name with `kind = "webhook"`."""

import re
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Struct

from adapters.channels.http import ClientName, http_client
from adapters.channels.http_answers import Answer, Post
from adapters.channels.telling import clean
from config import ChannelConfig, ConfigError, Secret, read_options
from config.forms import secret_text
from messages.letters import Letter
from messages.notices import Notice, NoticeKind
from trading.ports import ChannelError, ChannelMisconfigured

_URL = r"https?://[^\s/@]+(/[^\s@]*)?"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}\Z")
_HEADER_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?\Z")
_OURS = frozenset({"host", "content-length", "content-type", "connection", "transfer-encoding"})
_TOO_LONG_TO_WAIT = 1e9


class WebhookOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """`[notifier.webhook]`, or any name with `kind = "webhook"`: JSON by POST to a URL."""

    url: Annotated[Secret, secret_text("a URL without credentials: https://host/path", _URL)]
    """Address that is sent to, best given by a file or a variable. Example: `"https://example.org/hook"`."""
    headers: dict[str, Secret] = {}
    """Headers of each request, for instance an authorization. Example: `{ Authorization = "Bearer ..." }`."""
    client: ClientName = "httpx"
    """HTTP client that sends; "asks" has to be installed on top (docs/notifications.md)."""


class Body(Struct, frozen=True):
    """What is posted. Amounts in `notice` are decimal texts; its `type` names what happened."""

    bot: str
    kind: NoticeKind
    time: str
    """RFC 3339, UTC: when it happened, however late it is delivered."""
    silent: bool
    headline: str
    text: str
    notice: Notice


def open_webhook(config: ChannelConfig) -> "WebhookChannel":
    """The channel of this table. Raises `ConfigError`."""
    options = read_options(WebhookOptions, config)
    for name, value in options.headers.items():
        key = f"{config.key}.headers.{name}" if _HEADER_NAME.match(name) else f"{config.key}.headers"
        if not _HEADER_NAME.match(name) or name.casefold() in _OURS:
            raise ConfigError.at(config.source, key, "a header that is not yours to set", "other names, as in HTTP")
        if not _HEADER_VALUE.match(value.reveal()):
            raise ConfigError.at(config.source, key, "a text with other characters", "printable ASCII")
    return WebhookChannel(
        config.key, config.name, options, http_client(options.client, f"{config.key}.client", config.source)
    )


class WebhookChannel:
    """One URL. Any 2xx is success."""

    def __init__(self, key: str, name: str, options: WebhookOptions, post: Post) -> None:
        """`key` is the path of its table, for what only the configuration can mend."""
        self.name = name
        self._key = key
        self._options = options
        self._post = post
        self._secrets = (options.url, *options.headers.values())

    async def check(self) -> None:
        """Do nothing: a web-hook cannot be checked without sending it something."""

    async def send(self, letter: Letter) -> None:
        """One request."""
        headers = {name: value.reveal() for name, value in self._options.headers.items()}
        headers["Content-Type"] = "application/json"
        answer = await self._post(self._options.url.reveal(), encoded(letter), headers)
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - the HTTP statuses of success
            raise self._error(answer)

    def _error(self, answer: Answer) -> ChannelError:
        said = clean(answer.body[:500].decode("utf-8", "replace"), self._secrets)
        words = f"the web-hook says {answer.status}" + (f": {said}" if said else "")
        match answer.status:
            case 401 | 403 | 404 | 405 | 410:
                return ChannelMisconfigured(f"{self._key}.url: {words}")
            case 429 | 503 if answer.retry_after.isdecimal():
                return ChannelError(words, retry_after=min(float(answer.retry_after), _TOO_LONG_TO_WAIT))
            case 408 | 425 | 429:
                return ChannelError(words)
            case status if 300 <= status < 400:  # noqa: PLR2004 - the HTTP statuses of redirects
                return ChannelMisconfigured(f"{self._key}.url: {words}; redirects are not followed")
            case status:
                return ChannelError(words, permanent=400 <= status < 500)  # noqa: PLR2004 - those that blame us


def encoded(letter: Letter) -> bytes:
    """The body of the request."""
    body = Body(
        letter.bot, letter.kind, _rfc3339(letter.time), letter.silent, letter.headline, letter.plain, letter.notice
    )
    return msgspec.json.encode(body)


def _rfc3339(time: int) -> str:
    seconds, rest = divmod(time, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
