"""Telegram as it answers: over real sockets, with every answer that it or something in its place may give."""

import logging
from decimal import Decimal

import msgspec
import pytest
import trio

from adapters.channels import http_answers as answers
from adapters.channels.telegram import RETRY_AFTER_SECONDS, SECONDS_BETWEEN, TelegramChannel, open_telegram
from config import ChannelConfig, ConfigError, Secret
from messages.notices import ProgramEnded
from tests.actors.channels import fill, letter
from tests.actors.notifier.test_notice_texts import STATUS
from tests.adapters.channels.stand_in import GARBAGE, HANGS, HANGS_UP, OK, Reply, refused_port, service
from trading.ports import Channel, ChannelError, ChannelMisconfigured

TOKEN = "123456789:planted-token_ABC"


def says(status: int, description: str, **parameters: int) -> Reply:
    said: dict[str, object] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        said["parameters"] = parameters
    return Reply(status, msgspec.json.encode(said))


def configured(**options: object) -> ChannelConfig:
    hidden = {name: Secret(value) if isinstance(value, str) else value for name, value in options.items()}
    return ChannelConfig("telegram", "ops", options=hidden, source="grid.toml")


def channel_at(url: str, **options: object) -> TelegramChannel:
    return open_telegram(configured(**{"token": TOKEN, "chat_id": "-100123", "base_url": url, **options}))


async def error_of(channel: Channel, *, check: bool = False) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await (channel.check() if check else channel.send(letter(fill())))
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert "planted" not in shown
    return caught.value


async def test_a_notice_arrives_as_telegram_wants_it() -> None:
    async with service(OK) as found:
        channel: Channel = channel_at(found.url)
        await channel.send(letter(fill()))
        (request,) = found.requests
        assert (request.method, request.path) == ("POST", f"/bot{TOKEN}/sendMessage")
        assert request.headers["content-type"] == "application/json"
        assert request.json == {
            "chat_id": "-100123",
            "text": letter(fill()).plain,
            "parse_mode": "HTML",
            "disable_notification": False,
            "link_preview_options": {"is_disabled": True},
        }


async def test_a_topic_and_no_sound() -> None:
    async with service(OK) as found:
        channel = channel_at(found.url + "/", chat_id=-100123, thread_id="77")
        await channel.send(msgspec.structs.replace(letter(STATUS), silent=True))
        sent = found.requests[0].json
        assert (sent["chat_id"], sent["message_thread_id"], sent["disable_notification"]) == ("-100123", 77, True)
        assert "<pre>│  ┌[ 175.36" in str(sent["text"])


async def test_no_more_than_one_message_a_second() -> None:
    async with service(OK) as found:
        channel = channel_at(found.url)
        for _ in range(3):
            await channel.send(letter(fill()))
        first, second, third = (request.at for request in found.requests)
        assert min(second - first, third - second) >= SECONDS_BETWEEN - 0.05  # what a socket may take less


async def test_the_first_contact_asks_for_the_chat_and_tells_nobody_anything() -> None:
    async with service(OK) as found:
        await channel_at(found.url).check()
        (request,) = found.requests
        assert request.path == f"/bot{TOKEN}/getChat"
        assert request.json == {"chat_id": "-100123"}


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("reply", "key", "words"),
    [
        (says(401, "Unauthorized"), "token", "Telegram says 401: Unauthorized"),
        (says(404, "Not Found"), "token", "Telegram says 404: Not Found"),
        (says(400, "Bad Request: chat not found"), "chat_id", "Telegram says 400: Bad Request: chat not found"),
        (says(403, "Forbidden: bot was blocked by the user"), "chat_id", "bot was blocked by the user"),
        (says(400, "Bad Request: message thread not found"), "thread_id", "message thread not found"),
        (says(400, f"Bad Request: chat of {TOKEN} not found"), "chat_id", "chat of *** not found"),
    ],
)
async def test_what_only_the_configuration_mends_names_its_key(reply: Reply, key: str, words: str, check: bool) -> None:
    async with service(reply) as found:
        error = await error_of(channel_at(found.url), check=check)
        assert isinstance(error, ChannelMisconfigured)
        assert str(error).startswith(f"notifier.ops.{key}: Telegram says ")
        assert words in str(error)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (says(429, "Too Many Requests: retry after 7", retry_after=7), 7.0),
        (says(429, "Too Many Requests"), RETRY_AFTER_SECONDS),
    ],
)
async def test_too_many_requests_wait_as_long_as_telegram_says(reply: Reply, seconds: float) -> None:
    async with service(reply) as found:
        error = await error_of(channel_at(found.url))
        assert (error.retry_after, error.permanent) == (seconds, False)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (says(500, "Internal Server Error"), "Telegram says 500: Internal Server Error"),
        (Reply(502, b"<html>bad gateway</html>"), "HTTP 502, an answer that is not Telegram's"),
        (Reply(200, b"hello"), "HTTP 200, an answer that is not Telegram's"),
        (Reply(200, b'{"ok": "yes"}'), "HTTP 200, an answer that is not Telegram's"),
        (Reply(200, b"[" * 60_000), "HTTP 200, an answer that is not Telegram's"),
        (Reply(200, b'{"ok": false}'), "Telegram says 200: no reason"),
        (Reply(401, b"<html>proxy: log in</html>"), "HTTP 401, an answer that is not Telegram's"),
        (Reply(302, b"", [("Location", "/")]), "HTTP 302, an answer that is not Telegram's"),
        (GARBAGE, "an answer that is not HTTP"),
        (Reply(body=b"x" * 100_000), "an answer of more than 65536 bytes"),
    ],
)
async def test_what_may_pass_is_tried_again(reply: Reply, words: str) -> None:
    async with service(reply) as found:
        error = await error_of(channel_at(found.url))
        assert str(error) == words
        assert (type(error), error.permanent, error.retry_after) == (ChannelError, False, None)


async def test_no_answer_at_all_and_one_that_comes_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "ANSWER_SECONDS", 0.3)
    for reply in (HANGS, Reply(seconds=0.6)):
        async with service(reply) as found:
            assert str(await error_of(channel_at(found.url))) == "no answer within 0.3 s"


async def test_a_connection_that_ends_or_is_refused() -> None:
    async with service(HANGS_UP) as found:
        assert not (await error_of(channel_at(found.url))).permanent
    error = await error_of(channel_at(f"http://127.0.0.1:{await refused_port()}"))
    assert str(error) == "no connection: Connection refused"


async def test_what_telegram_will_never_take_is_permanent() -> None:
    async with service(says(400, "Bad Request: message text is empty")) as found:
        assert (await error_of(channel_at(found.url))).permanent


async def test_markup_that_telegram_does_not_like_is_sent_as_plain_words() -> None:
    async with service(says(400, "Bad Request: can't parse entities: unsupported start tag"), OK) as found:
        await channel_at(found.url).send(letter(STATUS))
        plain = found.requests[1].json
        assert "parse_mode" not in plain
        assert plain["text"] == letter(STATUS).plain


async def test_a_text_of_any_length_is_one_message_that_telegram_takes() -> None:
    async with service(OK) as found:
        await channel_at(found.url).send(letter(ProgramEnded("bot", "<&>" * 5_000)))
        assert len(found.requests) == 1
        assert (
            len(str(found.requests[0].json["text"]).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
            <= 4096
        )


async def test_nothing_is_logged_that_holds_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with service(OK, says(401, "Unauthorized")) as found:
        channel = channel_at(found.url)
        await channel.send(letter(fill()))
        await error_of(channel)
    assert "planted" not in caplog.text
    assert "planted" not in repr(channel.__dict__)


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (
            {"chat_id": "5"},
            ["notifier.ops.token: found nothing; allowed: the token that BotFather gave: 123456:ABC..."],
        ),
        (
            {"token": "planted", "chat_id": "5"},
            ["notifier.ops.token: found a text; allowed: the token that BotFather gave: 123456:ABC..."],
        ),
        (
            {"token": TOKEN, "chat_id": "my chat", "thread_id": "x"},
            [
                'notifier.ops.chat_id: found a text; allowed: the number of a chat, or "@channelname"',
                "notifier.ops.thread_id: found a text; allowed: the number of a topic, or nothing",
            ],
        ),
        (
            {"token": TOKEN, "chat_id": True, "thread_id": Decimal("1.5")},
            [
                'notifier.ops.chat_id: found true or false; allowed: the number of a chat, or "@channelname"',
                "notifier.ops.thread_id: found a number; allowed: the number of a topic, or nothing",
            ],
        ),
        (
            {"token": TOKEN, "chat_id": 5, "base_url": "ftp://planted", "sound": True, "client": "curl"},
            [
                "notifier.ops.sound: found an unknown key; allowed: token, chat_id, thread_id, base_url, client",
                "notifier.ops.base_url: found a text; allowed: a URL without credentials: https://host/path",
                'notifier.ops.client: found a text; allowed: "httpx" or "asks"',
            ],
        ),
    ],
)
def test_a_wrong_table_is_told_exactly(options: dict[str, object], lines: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        open_telegram(configured(**options))
    assert [problem.line() for problem in caught.value.problems] == lines
    assert "planted" not in str(caught.value)


async def test_the_real_telegram_is_the_default() -> None:
    channel = open_telegram(configured(token=TOKEN, chat_id="@grids"))
    assert channel._url.reveal() == f"https://api.telegram.org/bot{TOKEN}"
    await trio.lowlevel.checkpoint()


async def test_a_group_that_became_a_supergroup_is_followed_and_told(caplog: pytest.LogCaptureFixture) -> None:
    moved = says(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1001557912345)
    async with service(moved, OK) as found:
        channel = channel_at(found.url, chat_id="-123456")
        await channel.send(letter(fill()))
        await channel.send(letter(fill()))
    chats = [request.json["chat_id"] for request in found.requests]
    assert chats == ["-123456", *["-1001557912345"] * 3]
    words = "this group is a supergroup now; set notifier.ops.chat_id to -1001557912345"
    assert words in str(found.requests[2].json["text"])
    assert sum(words in message for message in caplog.messages) == 1


async def test_a_service_that_sends_from_chat_to_chat_is_not_followed_for_ever() -> None:
    moved = says(400, "group chat was upgraded to a supergroup chat", migrate_to_chat_id=-7)
    async with service(moved) as found:
        assert isinstance(await error_of(channel_at(found.url)), ChannelMisconfigured)
        assert len(found.requests) <= 3
