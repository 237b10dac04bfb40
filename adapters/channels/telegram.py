"""Notices by a Telegram bot: `[notifier.telegram]`, or any name with `kind = "telegram"`."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated

import msgspec
import trio
from msgspec import Struct

from adapters.channels.http import ClientName, http_client
from adapters.channels.http_answers import Answer, Post
from adapters.channels.telegram_text import fitting, telegram_html
from adapters.channels.telling import clean
from config import ChannelConfig, Secret, read_options
from config.forms import secret_text
from messages.letters import Letter
from trading.ports import ChannelError, ChannelMisconfigured

log = logging.getLogger(__name__)

BASE_URL = "https://api.telegram.org"
SECONDS_BETWEEN = 1.05
"""Telegram asks for no more than about one message a second in one chat."""
RETRY_AFTER_SECONDS = 5.0
"""When Telegram says 429 without saying how long."""

_TOO_SLOW = 408
_TOO_MANY = 429
_URL = r"(https?://[^\s/@?#]+(/[^\s@?#]*)?)?"


class TelegramOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """`[notifier.telegram]`, or any name with `kind = "telegram"`: one chat of a Telegram bot."""

    token: Annotated[Secret, secret_text("the token that BotFather gave: 123456:ABC...", "[0-9]+:[A-Za-z0-9_-]+")]
    """The bot's token, best given by a file or a variable. Example: `"123456:ABC-def"`."""
    chat_id: Annotated[
        Secret,
        secret_text('the number of a chat, or "@channelname"', "-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64}", number={}),
    ]
    """The chat: its number, or "@channelname". The bot must be in it, or you must have written to the bot first.

    Example: `-1001234567890`.
    """
    thread_id: Annotated[
        Secret, secret_text("the number of a topic, or nothing", "[0-9]{0,20}", number={"minimum": 0})
    ] = Secret("")
    """A topic of the chat, by its number. Example: `7`."""
    base_url: Annotated[Secret, secret_text("a URL without credentials: https://host/path", _URL)] = Secret("")
    """Address of the bot interface, for a server of your own; empty: Telegram's. Example: `"http://127.0.0.1:8081"`."""
    client: ClientName = "httpx"
    """HTTP client that sends; "asks" has to be installed on top (docs/notifications.md)."""


def open_telegram(config: ChannelConfig) -> "TelegramChannel":
    """The channel of this table. Raises `ConfigError`."""
    # The numbers of chats and topics may stand without quotes.
    options = {
        name: Secret(str(value)) if name in ("chat_id", "thread_id") and type(value) is int else value
        for name, value in config.options.items()
    }
    read = read_options(TelegramOptions, msgspec.structs.replace(config, options=options))
    return TelegramChannel(
        config.key, config.name, read, http_client(read.client, f"{config.key}.client", config.source)
    )


class TelegramChannel:
    """One chat, or one topic of it."""

    def __init__(self, key: str, name: str, options: TelegramOptions, post: Post) -> None:
        """`key` is the path of its table, for what only the configuration can mend."""
        self.name = name
        self._key = key
        self._post = post
        base = options.base_url.reveal().rstrip("/") or BASE_URL
        self._url = Secret(f"{base}/bot{options.token.reveal()}")
        self._target: dict[str, object] = {"chat_id": options.chat_id.reveal()}
        if options.thread_id.reveal():
            self._target["message_thread_id"] = int(options.thread_id.reveal())
        self._secrets = (options.token, self._url)
        self._next_at = -1.0
        self._moved: set[int] = set()
        """Numbers that the chat was given since."""

    async def check(self) -> None:
        """Whether this bot may know this chat."""
        await self._call("getChat", {"chat_id": self._target["chat_id"]})

    async def send(self, letter: Letter) -> None:
        """One message; the ladder in letters of one width."""
        now = trio.current_time()
        await trio.sleep(max(0.0, self._next_at - now))
        self._next_at = trio.current_time() + SECONDS_BETWEEN
        message = {**self._target, "disable_notification": letter.silent, "link_preview_options": {"is_disabled": True}}
        try:
            await self._call(
                "sendMessage", {**message, "text": telegram_html(letter.text, letter.drawing), "parse_mode": "HTML"}
            )
        except _NotParsed:
            await self._call("sendMessage", {**message, "text": fitting(letter.plain, 4000)})

    async def _call(self, method: str, arguments: Mapping[str, object]) -> None:
        headers = {"Content-Type": "application/json"}
        answer = await self._post(f"{self._url.reveal()}/{method}", msgspec.json.encode(arguments), headers)
        said = _read(answer)
        if said.ok and answer.status == 200:  # noqa: PLR2004 - the HTTP status of success
            return
        new = said.parameters.migrate_to_chat_id
        if new is not None and new not in self._moved:
            await self._move_to(str(new), method, arguments)
            return
        raise self._error(answer.status, said)

    async def _move_to(self, chat_id: str, method: str, arguments: Mapping[str, object]) -> None:
        """The group became a supergroup, which has another number: it is used from now on, and its user told."""
        self._moved.add(int(chat_id))
        self._target["chat_id"] = chat_id
        await self._call(method, {**arguments, "chat_id": chat_id})
        words = f"this group is a supergroup now; set {self._key}.chat_id to {chat_id}, the old number stops working"
        log.warning("Telegram: %s", words)
        with suppress(ChannelError):
            await self._call("sendMessage", {**self._target, "text": words})

    def _error(self, status: int, said: "_Said") -> ChannelError:
        words = f"Telegram says {status}: {clean(said.description, self._secrets)}"
        if "parse entities" in said.description:
            return _NotParsed(words, permanent=True)
        if wrong := _wrong_key(status, said.description.casefold()):
            return ChannelMisconfigured(f"{self._key}.{wrong}: {words}")
        if status == _TOO_MANY:
            return ChannelError(words, retry_after=said.parameters.retry_after or RETRY_AFTER_SECONDS)
        return ChannelError(words, permanent=400 <= status < 500 and status != _TOO_SLOW)  # noqa: PLR2004 - our fault


def _wrong_key(status: int, description: str) -> str:
    """Which key Telegram refuses, if it is one."""
    match status:
        case 401 | 404:
            return "token"
        case 403:
            return "chat_id"
        case 400 if "thread" in description or "topic" in description:
            return "thread_id"
        case 400 if "chat" in description or "peer" in description:
            return "chat_id"
        case _:
            return ""


class _NotParsed(ChannelError):
    """Telegram does not like our markup; the plain words will do."""


class _Parameters(Struct, frozen=True):
    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class _Said(Struct, frozen=True):
    ok: bool
    description: str = "no reason"
    parameters: _Parameters = _Parameters()


def _read(answer: Answer) -> _Said:
    """Telegram's own answer; a proxy or another program may stand in its place and say anything."""
    try:
        said = msgspec.json.decode(answer.body, type=_Said)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        said = _Said(ok=False, description="an answer that is not Telegram's")
        # Without Telegram's own words a status says nothing about the token or the chat.
        raise ChannelError(f"HTTP {answer.status}, {said.description}") from None
    return said
