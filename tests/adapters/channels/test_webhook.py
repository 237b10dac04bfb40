import json
import logging
from decimal import Decimal

import msgspec
import pytest

from adapters.channels.webhook import WebhookChannel, encoded, open_webhook
from config import ChannelConfig, ConfigError, Secret
from messages.letters import Letter
from messages.notices import OrderFilled
from tests.actors.channels import START, letter
from tests.adapters.channels.stand_in import GARBAGE, Reply, refused_port, service
from trading.ports import Channel, ChannelError, ChannelMisconfigured

NOTICE = OrderFilled(
    "sol-swing", "SOL/EUR", "buy", Decimal("159.89"), Decimal("0.31"), Decimal("49.5659"), Decimal("1E-4")
)


def told() -> Letter:
    return letter(NOTICE, START + 123_456_789)


def configured(options: dict[str, object]) -> ChannelConfig:
    return ChannelConfig("webhook", "pager", options=options, source="grid.toml")


def channel_at(url: str) -> WebhookChannel:
    headers = {"Authorization": Secret("Bearer planted-in-a-header"), "X-From": Secret("grids")}
    return open_webhook(configured({"url": Secret(f"{url}/planted-in-the-path?a=b"), "headers": headers}))


async def error_of(channel: Channel) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await channel.send(told())
    assert "planted" not in f"{caught.value} {caught.value!r}"
    return caught.value


async def test_a_notice_is_one_json_object() -> None:
    async with service(Reply(204, b"")) as found:
        channel: Channel = channel_at(found.url)
        await channel.check()
        await channel.send(told())
        (request,) = found.requests
        assert (request.method, request.path) == ("POST", "/planted-in-the-path?a=b")
        assert request.headers["authorization"] == "Bearer planted-in-a-header"
        assert (request.headers["x-from"], request.headers["content-type"]) == ("grids", "application/json")
        assert request.json == {
            "bot": "bot",
            "kind": "fill",
            "time": "2025-10-27T12:21:07.123Z",
            "silent": False,
            "headline": "sol-swing: buy executed, 0.31 SOL at 159.89 EUR",
            "text": told().plain,
            "notice": {
                "type": "OrderFilled",
                "strategy": "sol-swing",
                "symbol": "SOL/EUR",
                "side": "buy",
                "price": "159.89",
                "volume": "0.31",
                "cost": "49.5659",
                "fee": "0.0001",
            },
        }


def test_amounts_are_texts_without_an_exponent_that_surprises() -> None:
    assert json.loads(encoded(told()))["notice"]["fee"] == "0.0001"
    assert json.loads(encoded(msgspec.structs.replace(told(), silent=True)))["silent"] is True


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410, 301, 308])
async def test_what_only_the_configuration_mends_names_its_key(status: int) -> None:
    async with service(Reply(status, b"no planted-in-the-path here")) as found:
        error = await error_of(channel_at(found.url))
        assert isinstance(error, ChannelMisconfigured)
        assert str(error).startswith(f"notifier.pager.url: the web-hook says {status}: no *** here")


@pytest.mark.parametrize(
    ("reply", "permanent", "retry_after"),
    [
        (Reply(400, b"bad"), True, None),
        (Reply(422, b"bad"), True, None),
        (Reply(408, b""), False, None),
        (Reply(429, b"slow down"), False, None),
        (Reply(429, b"slow down", [("Retry-After", "12")]), False, 12.0),
        (Reply(503, b"", [("Retry-After", "3")]), False, 3.0),
        (Reply(503, b"", [("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT")]), False, None),
        (Reply(429, b"", [("Retry-After", "9" * 400)]), False, 1e9),
        (Reply(500, b"oops"), False, None),
        (GARBAGE, False, None),
    ],
)
async def test_each_refusal_is_what_it_is(reply: Reply, permanent: bool, retry_after: float | None) -> None:
    async with service(reply) as found:
        error = await error_of(channel_at(found.url))
        assert (type(error), error.permanent, error.retry_after) == (ChannelError, permanent, retry_after)


async def test_a_refused_connection_says_so_without_the_address() -> None:
    error = await error_of(channel_at(f"http://127.0.0.1:{await refused_port()}"))
    assert str(error) == "no connection: Connection refused"


async def test_nothing_is_logged_that_holds_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with service() as found:
        await channel_at(found.url).send(told())
    assert "planted" not in caplog.text


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({}, "notifier.pager.url: found nothing; allowed: a URL without credentials: https://host/path"),
        (
            {"url": Secret("https://user:planted@host/")},
            "notifier.pager.url: found a text; allowed: a URL without credentials: https://host/path",
        ),
        (
            {"url": Secret("http://host"), "headers": {"Content-Length": Secret("5")}},
            (
                "notifier.pager.headers.Content-Length: found a header that is not yours to set; "
                "allowed: other names, as in HTTP"
            ),
        ),
        (
            {"url": Secret("http://host"), "headers": {"a b": Secret("5")}},
            "notifier.pager.headers: found a header that is not yours to set; allowed: other names, as in HTTP",
        ),
        (
            {"url": Secret("http://host"), "headers": {"X-A": Secret("planted\r\nX-B: c")}},
            "notifier.pager.headers.X-A: found a text with other characters; allowed: printable ASCII",
        ),
    ],
)
def test_a_wrong_table_is_told_exactly(options: dict[str, object], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_webhook(configured(options))
    assert [problem.line() for problem in caught.value.problems] == [line]
    assert "planted" not in str(caught.value)
