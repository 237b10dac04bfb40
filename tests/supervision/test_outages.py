"""What is down is a condition, from its first failure until the actor works."""

import logging
from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock

from actors.mailbox import Mailbox
from messages.conditions import Condition, ConditionCode, Conditions
from messages.mailboxes import MetricsMail, PersistenceMail
from messages.notices import ActorFailed
from messages.status import ActorReport
from supervision.outages import Outages
from supervision.policy import KEY_PATIENCE
from supervision.restart import supervise
from tests.supervision.watched import DOWN, Actor, asked_to_stop, new_watch, observed, told
from trading.ports import BotStateError, ExchangeUnavailable

REFUSED = BotStateError("Kraken refuses this API key: EAPI:Invalid key", has_worked=True)


class Told:
    """What the status page would show."""

    def __init__(self) -> None:
        self.metrics = Mailbox[MetricsMail]("metrics")
        self.persistence = Mailbox[PersistenceMail]("persistence")
        self.outages = Outages(self.metrics, self.persistence, lambda: int(trio.current_time() * 10**9))

    def open(self) -> tuple[Condition, ...]:
        reports = [report for report in self.metrics.receive_nowait() if not isinstance(report, ActorReport)]
        assert all(isinstance(report, Conditions) for report in reports)
        return tuple(row for report in reports if isinstance(report, Conditions) for row in report.open)


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (DOWN, "connection"),
        (ExchangeUnavailable("EGeneral:Temporary lockout", retry_after=900, code="lockout"), "lockout"),
        (ExchangeUnavailable("EAPI:Invalid nonce", code="credentials", advice="make a new key"), "credentials"),
        (REFUSED, "credentials"),
    ],
)
async def test_an_outage_has_a_name_a_beginning_and_an_end(
    autojump_clock: MockClock, cause: Exception, code: ConditionCode
) -> None:
    shown = Told()
    watch = new_watch(outages=shown.outages)

    async def back_after_1000() -> None:
        if trio.current_time() < 1000:
            raise cause
        shown.outages.over("order-manager")
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise, watch, "order-manager", "order-manager", back_after_1000)
        await trio.sleep(950)
        (row,) = shown.open()
        assert (row.strategy, row.code, row.since, row.blocks) == (0, code, 0, True)
        assert str(cause) in row.detail
        await trio.sleep(1000)
        assert shown.open() == ()
        nursery.cancel_scope.cancel()


async def test_the_newest_trouble_of_an_actor_is_the_one_that_is_named(autojump_clock: MockClock) -> None:
    shown = Told()
    watch = new_watch(outages=shown.outages)
    await observed(watch, "order-manager", Actor(DOWN, REFUSED), 100)
    assert [row.code for row in shown.open()] == ["credentials"]


async def test_a_bug_is_no_outage(autojump_clock: MockClock) -> None:
    shown = Told()
    watch = new_watch(outages=shown.outages)
    await observed(watch, "market-data", Actor(ValueError("bug")), 5)
    assert shown.open() == ()


async def test_a_key_that_has_worked_is_waited_for_and_told_once(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(REFUSED)
    await observed(watch, "order-manager", actor, 3600)
    pauses = [later - earlier for earlier, later in pairwise(actor.starts)][:7]
    assert pauses == [10, 20, 40, 80, 160, 300, 300]
    (notice,) = told(watch)
    assert "EAPI:Invalid key" in notice.reason
    assert "page of API keys" in notice.advice
    assert await asked_to_stop(watch) is None


async def test_a_refused_key_is_told_after_a_lost_connection_was(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(*[DOWN] * 8, REFUSED)
    await observed(watch, "order-manager", actor, 3600)
    assert [notice.disconnected for notice in told(watch)] == [True, False]


async def test_it_is_enough_that_the_program_has_seen_the_key_work(autojump_clock: MockClock) -> None:
    watch, actor = new_watch(), Actor(BotStateError("EAPI:Invalid key"))
    watch.key.works()
    await observed(watch, "exchange", actor, 3600)
    assert len(actor.starts) > 5


@pytest.mark.parametrize("seconds", [KEY_PATIENCE - 400, KEY_PATIENCE + 400])
async def test_after_hours_it_ends_the_program(autojump_clock: MockClock, seconds: float) -> None:
    watch = new_watch()
    await observed(watch, "order-manager", Actor(REFUSED), seconds)
    request = await asked_to_stop(watch)
    assert (request is not None) == (seconds > KEY_PATIENCE)
    assert request is None or request.exit_code == 3


async def test_hours_before_the_failure_count_too(autojump_clock: MockClock) -> None:
    watch = new_watch()
    cause = BotStateError("for hours", has_worked=True, refused_for=KEY_PATIENCE + 1)
    await observed(watch, "order-manager", Actor(cause), 1)
    request = await asked_to_stop(watch)
    assert request is not None
    assert request.exit_code == 3


async def test_a_key_that_never_worked_ends_the_start(autojump_clock: MockClock) -> None:
    watch = new_watch()
    await observed(watch, "exchange", Actor(BotStateError("EAPI:Invalid key")), 1)
    request = await asked_to_stop(watch)
    assert request is not None
    assert request.exit_code == 3


async def test_what_only_the_owner_can_mend_is_told_at_once_and_once(autojump_clock: MockClock) -> None:
    cause = ExchangeUnavailable("no trust", retry_after=5, advice="install the CA certificates")
    watch = new_watch()
    await observed(watch, "market-data", Actor(cause), 3600)
    assert [notice.advice for notice in told(watch)] == ["install the CA certificates"]


async def test_a_wait_that_is_asked_for_again_and_again_is_told_once(autojump_clock: MockClock) -> None:
    watch = new_watch()
    await observed(watch, "exchange", Actor(ExchangeUnavailable("lockout", retry_after=900)), 5 * 3600)
    assert [type(notice) for notice in told(watch)] == [ActorFailed]


def test_a_connection_works_again_only_once_no_part_is_without(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages(Mailbox("metrics"), Mailbox("persistence"), lambda: 0)
    outages.begin("market-data", "market-data", "connection", DOWN, 2)
    outages.begin("order-manager", "order-manager", "connection", DOWN, 2)
    with caplog.at_level(logging.INFO):
        outages.over("market-data")
        assert caplog.messages == []
        outages.over("order-manager")
    assert caplog.messages == ["connection: works again after 0 s"]
