"""Notifier and channels together over real sockets; the clock goes faster, so that pauses and time limits pass."""

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from actors.mailbox import Mailbox
from actors.notifier.actor import NotifierContext, run_notifier
from actors.notifier.outbox import Outbox
from adapters.channels.telegram import open_telegram
from adapters.channels.webhook import open_webhook
from config import ChannelConfig, Secret
from messages.mailboxes import NotifierMail
from tests.actors.channels import FakeChannel, fill, note, wall_clock
from tests.adapters.channels.stand_in import GARBAGE, HANGS, HANGS_UP, OK, Reply, refused_port, service, until
from tests.adapters.channels.test_telegram import says

RATE = 20.0
PATIENCE = 200.0
"""Seconds of the fast clock."""


@pytest.fixture
def fast_clock() -> MockClock:
    return MockClock(rate=RATE)


def telegram_at(port: int) -> Outbox:
    options: dict[str, object] = {
        "token": Secret("1:a"),
        "chat_id": Secret("5"),
        "base_url": Secret(f"http://127.0.0.1:{port}"),
    }
    return Outbox(open_telegram(ChannelConfig("telegram", "telegram", options=options)))


def webhook_at(port: int) -> Outbox:
    options: dict[str, object] = {"url": Secret(f"http://127.0.0.1:{port}/hook")}
    return Outbox(open_webhook(ChannelConfig("webhook", "webhook", options=options)))


async def started(nursery: trio.Nursery, *outboxes: Outbox) -> Mailbox[NotifierMail]:
    mailbox = Mailbox[NotifierMail]("notifier")
    await nursery.start(run_notifier, mailbox, NotifierContext(outboxes, "bot", wall_clock(), jitter=lambda: 0.0))
    return mailbox


async def test_one_notice_gets_through_everything_that_a_service_can_do(fast_clock: MockClock) -> None:
    late = Reply(seconds=20)
    trouble = [says(429, "Too Many Requests", retry_after=9), says(500, "oops"), GARBAGE, HANGS_UP, HANGS, late]
    async with service(OK, *trouble, OK) as found, trio.open_nursery() as nursery:
        outbox = telegram_at(found.port)
        mailbox = await started(nursery, outbox)
        mailbox.post(fill())
        mailbox.post(note(1))
        await until(lambda: outbox.sent == 2, PATIENCE)
        nursery.cancel_scope.cancel()
    attempts = found.sent("sendMessage")
    assert len(attempts) == len(trouble) + 2
    assert attempts[1].at - attempts[0].at >= 9
    bodies = [str(request.json["text"]) for request in attempts]
    assert all("Buy order executed" in body for body in bodies[:-1])
    assert bodies[-1].endswith("bot terminated.\nReason: 1")
    assert (outbox.failures, outbox.dropped, len(outbox)) == (len(trouble), 0, 0)


@pytest.mark.parametrize("make", [telegram_at, webhook_at])
async def test_a_service_that_comes_up_later_is_found(make: Callable[[int], Outbox], fast_clock: MockClock) -> None:
    port = await refused_port()
    async with trio.open_nursery() as nursery:
        outbox = make(port)
        mailbox = await started(nursery, outbox)
        mailbox.post(fill())
        await until(lambda: outbox.failures >= 2, PATIENCE)
        assert outbox.last_error == "no connection: Connection refused"
        async with service(OK, port=port) as found:
            await until(lambda: outbox.sent == 1, PATIENCE)
            assert found.requests
        nursery.cancel_scope.cancel()


async def test_an_invalid_token_is_told_through_the_others_before_anything_is_sent(fast_clock: MockClock) -> None:
    async with service(says(401, "Unauthorized")) as found, trio.open_nursery() as nursery:
        outbox, well = telegram_at(found.port), FakeChannel("well")
        await started(nursery, outbox, Outbox(well))
        await until(lambda: well.letters, PATIENCE)
        nursery.cancel_scope.cancel()
    assert [request.path for request in found.requests] == ["/bot1:a/getChat"]
    assert "notifier.telegram.token: Telegram says 401: Unauthorized" in well.texts[0]
    assert not outbox.report().works
