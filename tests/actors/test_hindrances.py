"""Orders that the venue puts off, and what a core waits for, as conditions and notices."""

from decimal import Decimal

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from actors.condition_book import ConditionBook
from actors.hindrances import CROSSINGS, RESTS_AFTER, TELL_AFTER, Hindrances
from actors.mailbox import Mailbox
from messages.conditions import Condition, ConditionChanged, ConditionCode, Conditions
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.mailboxes import MetricsMail, NotifierMail, PersistenceMail
from messages.notices import OrdersPutOff, OrdersTaken
from messages.orders import Accepted, Canceled, DeferReason, Deferred, Filled, Rejected
from messages.status import Hindrance
from tests.actors.reports import HODL

REASONS: list[tuple[DeferReason, ConditionCode]] = [
    ("locked out", "lockout"),
    ("market mode", "market closed"),
    ("credentials", "credentials"),
    ("user locked", "orders put off"),
    ("rate limit", "orders put off"),
    ("no answer", "orders put off"),
]


def accepted(order_id: str, time: int) -> Accepted:
    return Accepted(order_id=ClientOrderId(order_id), exchange_id=VenueOrderId("O1"), time=Nanos(time))


def crossed(number: int) -> Canceled:
    """A post-only buy that would have been taken."""
    nothing = Decimal(0)
    return Canceled(
        order_id=ClientOrderId(f"o{number}"),
        exchange_id=VenueOrderId("O1"),
        filled=nothing,
        cost=nothing,
        fee=nothing,
        reason="post-only",
        time=Nanos(number),
    )


class Told:
    """Of one strategy."""

    def __init__(self) -> None:
        self.metrics = Mailbox[MetricsMail]("metrics")
        self.persistence = Mailbox[PersistenceMail]("persistence")
        self.notifier = Mailbox[NotifierMail]("notifier")
        self.book = ConditionBook("strategy/grid", self.metrics, self.persistence)
        self.hindrances = self.anew()

    def anew(self) -> Hindrances:
        return Hindrances(self.book, self.notifier, 7, "grid", "BTC/USD")

    def open(self) -> list[Condition]:
        self._last = [r.open for r in self.metrics.receive_nowait() if isinstance(r, Conditions)] or [()]
        return list(self._last[-1])


@pytest.mark.parametrize(("reason", "code"), REASONS)
async def test_orders_that_wait_are_one_condition_until_the_last_is_over(
    autojump_clock: MockClock, reason: DeferReason, code: ConditionCode
) -> None:
    told = Told()
    for number in range(3):
        told.hindrances.put_off(
            Deferred(order_id=ClientOrderId(f"o{number}"), reason=reason, text="words", time=Nanos(100 + number))
        )
    (row,) = told.open()
    assert (row.strategy, row.code, row.since, row.blocks) == (7, code, 100, True)
    assert "3 orders of BTC/USD put off: words" in row.detail
    told.hindrances.answered(accepted("o0", 200))
    told.hindrances.answered(accepted("stranger", 200))
    assert "2 orders" in told.open()[0].detail
    told.hindrances.answered(accepted("o1", 201))
    told.hindrances.answered(accepted("o2", 202))
    assert told.open() == []
    changes = [c for c in told.persistence.receive_nowait() if isinstance(c, ConditionChanged)]
    assert [(c.closed, c.time) for c in changes] == [(False, 100), (True, 202)]


@pytest.mark.parametrize(("reason", "code"), REASONS)
async def test_a_wait_is_told_once_and_so_is_its_end(
    autojump_clock: MockClock, reason: DeferReason, code: ConditionCode
) -> None:
    told = Told()
    for number in range(3):
        told.hindrances.put_off(
            Deferred(order_id=ClientOrderId(f"o{number}"), reason=reason, text="words", time=Nanos(0))
        )
    brief = reason in ("rate limit", "no answer")
    assert len(told.notifier.receive_nowait()) == (not brief)
    if brief:
        assert told.hindrances.tell_at() == trio.current_time() + TELL_AFTER
        await trio.sleep(TELL_AFTER)
        told.hindrances.tell(0)
        assert told.notifier.receive_nowait() == [OrdersPutOff("grid", "BTC/USD", reason, "words", 3)]
    told.hindrances.tell(0)
    await trio.sleep(30)
    for number in range(3):
        told.hindrances.answered(accepted(f"o{number}", 0))
    assert told.notifier.receive_nowait() == [OrdersTaken("grid", "BTC/USD", 90 if brief else 30)]
    assert told.hindrances.tell_at() == float("inf")


async def test_a_brief_wait_for_the_budget_is_no_notice(autojump_clock: MockClock) -> None:
    told = Told()
    told.hindrances.put_off(Deferred(order_id=ClientOrderId("o1"), reason="rate limit", text="words", time=Nanos(0)))
    await trio.sleep(20)
    told.hindrances.answered(accepted("o1", 0))
    assert told.notifier.receive_nowait() == []


async def test_a_new_start_begins_with_none(autojump_clock: MockClock) -> None:
    told = Told()
    told.hindrances.put_off(Deferred(order_id=ClientOrderId("o1"), reason="user locked", text="words", time=Nanos(0)))
    again = told.anew()
    again.begin(5)
    assert told.open() == []
    assert again.count() == 0


async def test_what_the_core_waits_for_is_opened_and_closed_as_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    sells = tuple(Hindrance("sell waits", f"sell {n} waits: funds") for n in range(5))
    report = replace(HODL, held_up=(*sells, Hindrance("funds", "1 of 5 buys: funds")))
    told.hindrances.report(report, 10)
    rows = told.open()
    assert [(row.code, row.since) for row in rows] == [("funds", 10), ("sell waits", 10)]
    assert "sell 2 waits: funds; and 2 more" in rows[1].detail
    assert not [record for record in caplog.records if record.message.startswith("funds: ")]  # a notice says it
    told.hindrances.report(replace(report, held_up=sells[:1]), 20)
    assert [(row.code, row.since) for row in told.open()] == [("sell waits", 10)]
    told.hindrances.report(replace(report, held_up=()), 30)
    assert told.open() == []


async def test_buys_that_cannot_rest_say_so_until_they_do(autojump_clock: MockClock) -> None:
    """The last trade is old and far above the ask."""
    told = Told()
    for number in range(CROSSINGS):
        told.hindrances.report(HODL, number)
        assert told.open() == []
        told.hindrances.answered(accepted(f"o{number}", number))
        told.hindrances.answered(crossed(number))
    told.hindrances.report(HODL, 10)
    (row,) = told.open()
    assert row.code == "fewer buys"
    assert "post-only buys would cross the ask: the last trade of 60000.0 is above the market" in row.detail
    told.hindrances.answered(crossed(9))
    told.hindrances.report(HODL, 11)
    await trio.sleep(RESTS_AFTER + 1)
    told.hindrances.report(HODL, 12)
    assert told.open() == []


async def test_crossings_are_over_although_no_report_comes(autojump_clock: MockClock) -> None:
    """In a market without trades nothing is decided, so nothing is reported."""
    told = Told()
    for number in range(CROSSINGS):
        told.hindrances.answered(crossed(number))
    told.hindrances.report(HODL, 10)
    assert len(told.open()) == 1
    await trio.sleep_until(told.hindrances.tell_at())
    told.hindrances.tell(40)
    assert told.open() == []
    assert told.hindrances.tell_at() == float("inf")


async def test_a_single_crossing_is_nothing(autojump_clock: MockClock) -> None:
    told = Told()
    zero = Decimal(0)
    for number in range(10):
        told.hindrances.answered(crossed(number))
        told.hindrances.answered(
            Filled(
                order_id=ClientOrderId(f"f{number}"),
                exchange_id=VenueOrderId("O1"),
                fill_id="T1",
                filled=zero,
                cost=zero,
                fee=zero,
                time=Nanos(number),
            )
        )
        told.hindrances.report(HODL, number)
    assert told.open() == []


async def test_refused_orders_of_a_core_that_says_nothing_have_a_name_until_one_is_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = Told()
    silent = replace(HODL, held_up=(), waiting=())
    for number in range(2):
        told.hindrances.answered(
            Rejected(
                order_id=ClientOrderId(f"o{number}"), reason="funds", text="not enough free USD", time=Nanos(number)
            )
        )
        told.hindrances.report(silent, 5)
    (condition,) = told.open()
    assert condition.code == "orders refused"
    assert condition.detail == "grid: the last 2 orders of BTC/USD refused: not enough free USD"
    assert "orders refused: grid: the last 1 order of BTC/USD refused: not enough free USD" in caplog.text
    told.hindrances.answered(accepted("o3", 6))
    told.hindrances.report(silent, 7)
    assert told.open() == []


async def test_refused_orders_that_the_core_itself_names_are_named_once() -> None:
    told = Told()
    told.hindrances.answered(
        Rejected(order_id=ClientOrderId("o1"), reason="funds", text="not enough free USD", time=Nanos(1))
    )
    told.hindrances.report(replace(HODL, held_up=(Hindrance("funds", "buys wait: funds"),)), 5)
    assert [condition.code for condition in told.open()] == ["funds"]


async def test_a_refusal_that_the_core_named_is_not_told_again_while_the_order_is_tried_anew() -> None:
    told = Told()
    silent = replace(HODL, held_up=(), waiting=())
    told.hindrances.answered(
        Rejected(
            order_id=ClientOrderId("o1"), reason="refused", text="EOrder:Trading agreement required", time=Nanos(1)
        )
    )
    told.hindrances.report(replace(HODL, held_up=(Hindrance("sell waits", "sell waits: words"),)), 2)
    told.hindrances.report(silent, 3)  # the next attempt is on its way
    assert told.open() == []
    told.hindrances.answered(accepted("o1", 4))
    told.hindrances.answered(Rejected(order_id=ClientOrderId("o2"), reason="refused", text="no", time=Nanos(5)))
    told.hindrances.report(silent, 6)
    assert [condition.code for condition in told.open()] == ["orders refused"]
