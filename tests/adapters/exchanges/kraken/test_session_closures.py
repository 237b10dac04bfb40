"""Cancels and what users do by hand, against a scripted peer."""

from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from messages.account import AccountBalances, ForeignOrder
from messages.orders import Accepted, Amended, Canceled, Filled
from tests.adapters.exchanges.kraken.support import (
    SOON,
    Message,
    RestTable,
    acknowledged,
    closed,
    opened,
    opening,
    order_id,
    place,
    report,
    trade,
)
from trading.ports import ExchangeUnavailable


async def test_a_cancel_is_confirmed_by_its_event(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1), opening(2)]) as rig:
        await rig.session.cancel([order_id(1), order_id(2)])
        request = await rig.far.heard()
        assert request["method"] == "batch_cancel"
        assert request["params"] == {"orders": ["O1", "O2"], "token": "T"}
        await rig.far.answer(request, {"count": 2})
        for number in (1, 2):
            await rig.far.channel("executions", report(number, "canceled", reason="User requested"))
        events = await rig.events(2)
    assert [event.reason for event in events if isinstance(event, Canceled)] == ["requested", "requested"]


async def test_a_cancel_that_is_not_confirmed_is_asked_for_again_and_then_gives_up(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.session.cancel([order_id(1)])
        for _ in range(3):
            assert (await rig.far.heard())["params"]["cl_ord_id"] == [order_id(1)]
        failure = await rig.failure()
    assert isinstance(failure, ExchangeUnavailable)


@pytest.mark.parametrize(("stamp", "reason"), [(SOON, "unclear"), ("2026-09-21T14:15:00.000000Z", "by hand")])
async def test_an_order_closed_by_hand_says_so_once_no_earlier_run_can_be_the_cause(
    autojump_clock: MockClock, stamp: str, reason: str
) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("executions", report(1, "canceled", reason="User requested", timestamp=stamp))
        (event,) = await rig.events(1)
    assert isinstance(event, Canceled)
    assert event.reason == reason


async def test_an_order_amended_by_hand_is_told_and_fills_up_to_its_new_quantity(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("executions", report(1, "amended", order_qty="0.00100000", limit_price="59000.0"))
        await rig.far.channel("executions", report(1, "amended", order_qty="0.00100000", limit_price="59000.0"))
        await rig.far.channel("executions", trade(1, "0.00100000", "0.00100000", "F1"))
        amended, _, filled = await rig.events(3)
    assert isinstance(amended, Amended)
    assert (amended.order_id, amended.price, amended.volume) == (order_id(1), Decimal("59000.0"), Decimal("0.00100000"))
    assert isinstance(filled, Filled)


@pytest.mark.parametrize("strange", [{"limit_price": "0"}, {"order_qty": "0"}, {"order_qty": "-0.001"}])
async def test_an_amendment_to_no_limit_ends_the_session(autojump_clock: MockClock, strange: Message) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("executions", report(1, "amended", **strange))
        with pytest.raises(ExchangeUnavailable, match="usable price"):
            await rig.events(1)


@pytest.mark.parametrize("lacking", ["limit_price", "order_qty", "side", "symbol"])
async def test_an_order_of_ours_without_its_limit_is_no_snapshot(autojump_clock: MockClock, lacking: str) -> None:
    order = {name: value for name, value in opening(1).items() if name != lacking}
    with pytest.RaisesGroup(pytest.RaisesExc(ExchangeUnavailable, match="without"), flatten_subgroups=True):
        async with opened(orders=[order]):
            pass
    async with opened(orders=[{**order, "cl_ord_id": "", "order_qty": "0.1"}]) as rig:
        assert len((await rig.session.snapshot()).open_orders) == 1


async def test_an_order_opened_by_hand_is_told_with_all_that_happens_to_it(autojump_clock: MockClock) -> None:
    hand = {"order_id": "OHAND", "cl_ord_id": ""}
    async with opened() as rig:
        await rig.far.channel("executions", {**opening(9), **hand})
        await rig.far.channel("executions", {**report(9, "amended", order_qty="0.004", limit_price="59000.0"), **hand})
        await rig.far.channel("executions", {**trade(9, "0.00100000", "0.00100000", "F1"), **hand})
        await rig.far.channel("executions", {**report(9, "canceled", cum_qty="0.001"), **hand})
        told = await rig.events(5)
    assert isinstance(told.pop(2), AccountBalances)
    facts = [event.facts for event in told if isinstance(event, ForeignOrder)]
    assert [(f.status, f.price, f.volume, f.filled) for f in facts] == [
        ("open", Decimal("60000.0"), Decimal("0.00250000"), Decimal(0)),
        ("open", Decimal("59000.0"), Decimal("0.004"), Decimal(0)),
        ("open", Decimal("59000.0"), Decimal("0.004"), Decimal("0.001")),
        ("canceled", Decimal("59000.0"), Decimal("0.004"), Decimal("0.001")),
    ]


async def test_a_cancel_waits_until_its_order_is_answered(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1))
        await rig.session.cancel([order_id(1)])
        assert await rig.quiet(1)
        await acknowledged(rig.far, request, 1)
        cancel = await rig.far.heard()
    assert (cancel["method"], cancel["params"]["cl_ord_id"]) == ("cancel_order", [order_id(1)])


async def test_an_order_that_waits_is_withdrawn_without_a_request(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.far.say({"channel": "status", "type": "update", "data": [{"system": "maintenance"}]})
        await rig.quiet(1)
        await rig.session.place([place(1), place(2)])
        await rig.session.cancel([order_id(1)])
        (event,) = await rig.events(1)
        assert isinstance(event, Canceled)
        assert (event.order_id, event.exchange_id, event.reason) == (order_id(1), "", "requested")
        await rig.far.say({"channel": "status", "type": "update", "data": [{"system": "online"}]})
        assert (await rig.far.heard())["params"]["cl_ord_id"] == order_id(2)


OTHERS = ["CancelAllOrdersAfter Timeout", "Market delisted", "Canceled by another program", "words of tomorrow", None]


@pytest.mark.parametrize("words", OTHERS)
@pytest.mark.parametrize("stamp", [SOON, "2026-09-21T14:15:00.000000Z"])
async def test_only_the_venues_word_for_the_owner_means_the_owner(
    autojump_clock: MockClock, words: str | None, stamp: str
) -> None:
    async with opened(orders=[opening(1)]) as rig:
        reason = {} if words is None else {"reason": words}
        await rig.far.channel("executions", report(1, "canceled", timestamp=stamp, **reason))
        (event,) = await rig.events(1)
    assert isinstance(event, Canceled)
    assert (event.reason, event.text) == ("venue", words or "")


@pytest.mark.parametrize("words", OTHERS)
async def test_rest_tells_who_cancelled_like_the_stream(autojump_clock: MockClock, words: str | None) -> None:
    old = {**closed(1, "canceled", "0"), "reason": words}
    rest = RestTable(ClosedOrders={"closed": {"O1": old}, "count": 1})
    async with opened(rest) as rig:
        facts = (await rig.session.lookup([order_id(1)]))[order_id(1)]
        (listed,) = (await rig.session.closed(0)).orders
    assert (facts.reason, facts.text) == (listed.reason, listed.text) == ("venue", words or "")


async def test_another_end_than_the_one_that_was_asked_for_keeps_its_words(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1), opening(2)]) as rig:
        await rig.session.cancel([order_id(1), order_id(2)])
        await rig.far.channel("executions", report(1, "canceled", reason="CancelAllOrdersAfter Timeout"))
        await rig.far.channel("executions", report(2, "canceled"))
        events = await rig.events(2)
    assert [event.reason for event in events if isinstance(event, Canceled)] == ["venue", "requested"]


@pytest.mark.parametrize(
    "refusal",
    [
        "EGeneral:Permission denied",
        "EAccount:Invalid permissions",
        "EGeneral:Unknown method",
    ],
)
async def test_cancels_that_the_venue_refuses_hold_up_no_counter_order(autojump_clock: MockClock, refusal: str) -> None:
    """The key has lost the right to cancel: that is no reason for a new session, and no order waits for it."""
    asked: list[tuple[float, Message]] = []
    async with opened(orders=[opening(1), opening(2)]) as rig, trio.open_nursery() as nursery:

        async def refuse() -> None:
            while True:
                request = await rig.far.heard()
                asked.append((trio.current_time(), request))
                if "cancel" in request["method"]:
                    await rig.far.answer(request, error=refusal)
                else:
                    await acknowledged(rig.far, request, 3)

        nursery.start_soon(refuse)
        await rig.session.cancel([order_id(1), order_id(2)])
        await trio.sleep(1)
        before = trio.current_time()
        await rig.session.place([place(3, "61000.0", side="sell", kind="counter")])
        await trio.sleep(0.1)
        assert [at for at, request in asked if "add" in request["method"]] == [before]
        await trio.sleep(300)
        while not isinstance((await rig.events(1))[0], Accepted):
            pass  # the cancels that are put off are told too
        assert await rig.session.snapshot(), "the session lives"
        cancels = [at for at, request in asked if "cancel" in request["method"]]
        assert len(cancels) < 40
        nursery.cancel_scope.cancel()
