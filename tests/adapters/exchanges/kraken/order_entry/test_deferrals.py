"""Orders that Kraken puts off: told at once, asked for again with growing pauses, one request for all."""

import logging
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from adapters.exchanges.kraken.order_entry.answers import KEY_SECONDS
from adapters.exchanges.kraken.transport.server_clock import SECOND
from adapters.exchanges.kraken.wire.rest_results import Token
from messages.orders import Accepted, Canceled, DeferReason, Place, Rejected
from tests.adapters.exchanges.kraken.support import (
    Message,
    RestTable,
    Rig,
    acknowledged,
    opened,
    opening,
    order_id,
    place,
    report,
)
from trading.ports import BotStateError, ExchangeUnavailable

TRANSIENT: list[tuple[str, DeferReason]] = [
    ("ETrade:User Locked", "user locked"),
    ("EService:Market in cancel_only mode", "market mode"),
    ("EService:Market in post_only mode", "market mode"),
    ("EService:Market in limit_only mode", "market mode"),
    ("EService:Market in maintenance mode", "market mode"),
    ("EGeneral:Temporary lockout", "locked out"),
    ("EOrder:Rate limit exceeded", "rate limit"),
    ("EGeneral:Too many requests", "rate limit"),
    ("EAPI:Invalid key", "credentials"),
    ("EAPI:Invalid signature", "credentials"),
    ("EGeneral:Permission denied", "credentials"),
    ("EAuth:Account temporary disabled", "credentials"),
]


async def system(rig: Rig, state: str) -> None:
    """The exchange as a whole changes its mode."""
    await rig.far.say({"channel": "status", "type": "update", "data": [{"system": state}]})


async def refuse_all(rig: Rig, error: str, seconds: float) -> list[float]:
    """Refuse each request; returns when they came."""
    times = []
    with trio.move_on_after(seconds):
        while True:
            request = await rig.far.heard()
            times.append(trio.current_time())
            await rig.far.answer(request, error=error)
    return times


@pytest.mark.parametrize(("error", "reason"), TRANSIENT)
async def test_an_order_that_is_put_off_says_so_at_once_and_once(
    autojump_clock: MockClock, error: str, reason: DeferReason, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened() as rig:
        await rig.far.answer(await rig.placed(place(1)), error=error)
        assert await rig.quiet(0.5)
        (wait,) = rig.waits
        text, _, moment = wait.text.partition("; asked again at ")
        assert (wait.order_id, wait.reason, text) == (order_id(1), reason, error)
        assert bool(moment) == (reason == "locked out")
        times = await refuse_all(rig, error, 1000)
        assert await rig.quiet(0.5)
        # Where the moment of the next question is told, a later one is told as well.
        assert len(rig.waits) == 1 + len(times) * bool(moment)
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING and error in record.message]
    assert len(lines) == len(rig.waits)


async def test_the_moment_at_which_a_lockout_ends_is_told(autojump_clock: MockClock) -> None:
    error = "EGeneral:Temporary lockout"
    async with opened() as rig:
        await rig.far.answer(await rig.placed(place(1)), error=error)
        assert await rig.quiet(0.5)
        now = datetime.fromtimestamp(rig.account.clock.now() // SECOND, UTC)
        told = datetime.strptime(rig.waits[0].text, f"{error}; asked again at %H:%M:%S %Z")  # noqa: DTZ007 - the time only
        passed = (told.hour * 3600 + told.minute * 60 + told.second) - (now.hour * 3600 + now.minute * 60 + now.second)
        assert passed % 86_400 == pytest.approx(900, abs=2)


async def test_only_one_of_several_questions_is_asked_at_the_end_of_a_lockout(autojump_clock: MockClock) -> None:
    async with opened() as rig, trio.open_nursery() as nursery:
        await rig.far.answer(await rig.placed(place(1)), error="EGeneral:Temporary lockout")
        assert await rig.quiet(0.1)
        for number in (5, 6, 7):
            nursery.start_soon(rig.session._requests.cancel_by_id, order_id(number))
        assert await rig.silent(890)
        first = await rig.far.heard()
        assert await rig.silent(2)
        if first["method"] == "add_order":
            await acknowledged(rig.far, first, 1)
        else:
            await rig.far.answer(first, error="EOrder:Unknown order")
        others = [await rig.far.heard() for _ in range(3)]
        assert [request["method"] for request in (first, *others)].count("cancel_order") == 3
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(("error", "reason"), TRANSIENT)
async def test_pauses_grow_and_the_order_is_placed_once_it_is_taken(
    autojump_clock: MockClock, error: str, reason: DeferReason
) -> None:
    async with opened() as rig:
        await rig.far.answer(await rig.placed(place(1)), error=error)
        times = await refuse_all(rig, error, 950)
        pauses = [round(later - earlier, 3) for earlier, later in pairwise(times)]
        assert pauses == sorted(pauses)
        assert len(times) < 80
        again = await rig.far.heard()
        await acknowledged(rig.far, again, 1)
        (event,) = await rig.events(1)
    assert isinstance(event, Accepted)


@pytest.mark.parametrize("error", ["EGeneral:Temporary lockout", "EService:Throttled:1790000900"])
async def test_in_a_lockout_nothing_is_sent_over_either_line(autojump_clock: MockClock, error: str) -> None:
    rest = RestTable()
    async with opened(rest, orders=[opening(1)]) as rig:
        await rig.far.answer(await rig.placed(place(2)), error=error)
        assert await rig.quiet(0.1)
        await rig.session.place([place(3, symbol="ETH/USD"), place(4, kind="counter", side="sell")])
        await rig.session.cancel([order_id(1)])
        asked = len(rest.calls)
        assert await rig.silent(880)
        with pytest.raises(ExchangeUnavailable) as caught:
            await rig.account.rest.read("GetWebSocketsToken", Token)
        assert caught.value.retry_after > 0
        assert len(rest.calls) == asked
        assert {wait.order_id for wait in rig.waits} == {order_id(2)}
        assert await rig.quiet(0.1)
        assert {wait.order_id for wait in rig.waits} == {order_id(number) for number in (1, 2, 3, 4)}
        first = await rig.far.heard()
        assert await rig.silent(2)
        await acknowledged(rig.far, first, 4)
        others = [await rig.far.heard() for _ in range(3)]
    assert first["params"]["cl_ord_id"] == order_id(4)
    assert {request["method"] for request in others} == {"add_order", "cancel_order"}


async def test_a_lockout_of_rest_holds_up_the_orders_too(autojump_clock: MockClock) -> None:
    rest = RestTable()
    async with opened(rest) as rig:
        rest.answers["OpenOrders"] = "EGeneral:Temporary lockout"
        with pytest.raises(ExchangeUnavailable):
            await rig.account.rest.read("OpenOrders", Token)
        await rig.session.place([place(1)])
        assert await rig.silent(890)
        assert await rig.quiet(0.1)
        assert [wait.reason for wait in rig.waits] == ["locked out"]


async def test_a_question_about_an_order_waits_until_the_lockout_is_over(autojump_clock: MockClock) -> None:
    async with opened() as rig, trio.open_nursery() as nursery:
        holds = rig.account.rest.holds
        holds.refused("all", "EGeneral:Temporary lockout", trio.current_time(), 0)
        nursery.start_soon(rig.session._requests.cancel_by_id, order_id(1))
        await trio.sleep(899)
        holds.asks(["all"], trio.current_time())
        await trio.sleep(3)
        holds.refused("all", "EGeneral:Temporary lockout", trio.current_time(), 0)
        assert await rig.silent(800)
        assert (await rig.far.heard())["method"] == "cancel_order"
        nursery.cancel_scope.cancel()


async def test_of_many_orders_one_asks_and_the_others_follow(autojump_clock: MockClock) -> None:
    """A closed pair is asked by one request a pause, whatever waits; other pairs are not concerned."""
    async with opened() as rig:
        for number in range(1, 41):
            await rig.session.place([place(number, kind="ladder")])
        requests = [await rig.far.heard() for _ in range(40)]
        for request in requests:
            await rig.far.answer(request, error="EService:Market in cancel_only mode")
        times = await refuse_all(rig, "EService:Market in cancel_only mode", 300)
        assert len(times) <= 9
        assert await rig.quiet(0.1)
        assert len(rig.waits) == 40
        await rig.session.place([place(50, "2000.00", symbol="ETH/USD")])
        other = await rig.far.heard()
        assert other["params"]["symbol"] == "ETH/USD"


async def test_a_market_that_takes_maker_orders_only_gets_those(autojump_clock: MockClock) -> None:
    sell = _taker(2)
    async with opened() as rig:
        request = await rig.placed(place(1), sell)
        await rig.far.answer(request, error="EService:Market in post_only mode")
        again = await rig.far.heard()
        assert again["params"]["cl_ord_id"] == order_id(1)
        await acknowledged(rig.far, again, 1)
        (event,) = await rig.events(1)
        assert isinstance(event, Accepted)
        assert {wait.order_id for wait in rig.waits} == {order_id(2)}


@pytest.mark.parametrize("heard", ["pair", "system"])
async def test_what_waited_for_a_closed_market_leaves_once_that_is_heard_to_trade(
    heard: str, autojump_clock: MockClock
) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1))
        for _ in range(4):  # the pause is 40 s then
            await rig.far.answer(request, error="EService:Market in cancel_only mode")
            request = await rig.far.heard()
        await rig.far.answer(request, error="EService:Market in cancel_only mode")
        if heard == "system":
            await system(rig, "cancel_only")
        assert await rig.silent(10)
        since = trio.current_time()
        if heard == "pair":
            rig.account.opened("SOL/USD")
            assert await rig.silent(1)
            since = trio.current_time()
            rig.account.opened("BTC/USD")
        else:
            await system(rig, "online")
        assert _numbers(await rig.far.heard()) == [1]
        assert trio.current_time() - since < 1


@pytest.mark.parametrize("state", ["maintenance", "cancel_only", "never heard of"])
async def test_an_exchange_that_takes_no_orders_is_named(autojump_clock: MockClock, state: str) -> None:
    async with opened() as rig:
        await system(rig, state)
        await rig.quiet(1)
        await rig.session.place([place(1)])
        assert await rig.quiet(30)
        assert [(wait.reason, wait.text) for wait in rig.waits] == [("market mode", f"Kraken is in {state} mode")]


async def test_a_wait_for_our_own_budget_is_told_if_it_is_no_short_one(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        rig.account.budget.counter("BTC/USD").correct(125, trio.current_time())
        await rig.session.place([place(1)])
        assert await rig.quiet(1)
        assert [wait.reason for wait in rig.waits] == ["rate limit"]
        rig.account.budget.counter("ETH/USD").correct(101, trio.current_time())
        await rig.session.place([place(2, "2000.00", symbol="ETH/USD")])
        await rig.far.heard()
        assert await rig.quiet(0.1)
        assert len(rig.waits) == 1


@pytest.mark.parametrize("error", ["", "EService:Busy", "EGeneral:Internal error", "words of tomorrow"])
async def test_an_order_without_a_clear_answer_says_so(autojump_clock: MockClock, error: str) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1))
        if error:
            await rig.far.answer(request, error=error)
        assert await rig.quiet(5.5)
        (wait,) = rig.waits
        assert (wait.order_id, wait.reason) == (order_id(1), "no answer")
        assert wait.text.startswith(error or "no answer")
        question = await rig.far.heard()
        await rig.far.answer(question, error="EOrder:Unknown order")
        await acknowledged(rig.far, await rig.far.heard(), 1)
        (event,) = await rig.events(1)
    assert isinstance(event, Accepted)


async def test_an_order_that_the_stream_shows_is_not_said_to_wait(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.placed(place(1))
        await rig.far.channel("executions", opening(1))
        await rig.far.channel("executions", report(1, "new"))
        await rig.events(1)
        assert await rig.quiet(20)
        assert rig.waits == []


@pytest.mark.parametrize(("error", "reason"), TRANSIENT)
async def test_what_waits_to_be_sent_again_is_withdrawn_by_its_cancel(
    autojump_clock: MockClock, error: str, reason: DeferReason
) -> None:
    async with opened() as rig:
        await rig.far.answer(await rig.placed(place(1), place(2)), error=error)
        assert await rig.quiet(0.5)
        await rig.session.cancel([order_id(1)])
        (event,) = await rig.events(1)
        assert isinstance(event, Canceled)
        assert (event.order_id, event.exchange_id, event.reason) == (order_id(1), "", "requested")
        again = await rig.far.heard()
        assert again["params"]["cl_ord_id"] == order_id(2)
        assert await rig.session.lookup([]) == {}
        with trio.fail_after(1200):
            rig.rest.answers["ClosedOrders"] = {"closed": {}}
            await acknowledged(rig.far, again, 2)


async def test_a_rest_of_a_refused_batch_can_be_withdrawn(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1), place(2), place(3))
        await rig.far.answer(request, error="EOrder:Tick size check failed")
        first = await rig.far.heard()
        await rig.session.cancel([order_id(3)])
        await acknowledged(rig.far, first, 1)
        last = await rig.far.heard()
        assert last["params"]["cl_ord_id"] == order_id(2)
        events = await rig.events(2)
    assert {type(event) for event in events} == {Accepted, Canceled}


async def test_a_key_that_is_refused_for_orders_for_hours_is_reported(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.far.answer(await rig.placed(place(1)), error="EAPI:Invalid key")
        assert await rig.quiet(0.5)
        hours_ago = trio.current_time() - KEY_SECONDS
        rig.account.rest.holds.taken(["all"])
        rig.account.rest.holds.refused("all", "EAPI:Invalid key", hours_ago, 0)
        await rig.far.answer(await rig.far.heard(), error="EAPI:Invalid key")
        failure = await rig.failure()
    assert isinstance(failure, BotStateError)
    assert failure.has_worked
    assert failure.refused_for > 6 * 3600


@pytest.mark.parametrize("error", ["EGeneral:Permission denied", "EOrder:Cancel refused", "ETrade:User Locked"])
async def test_a_cancel_that_is_refused_waits_and_ends_no_session(autojump_clock: MockClock, error: str) -> None:
    async with opened(orders=[opening(1), opening(2)]) as rig:
        await rig.session.cancel([order_id(1), order_id(2)])
        times = await refuse_all(rig, error, 300)
        assert len(times) < 25
        await rig.session.place([place(3)])
        assert (await _next(rig, "add_order"))["params"]["cl_ord_id"] == order_id(3)
        assert {wait.order_id for wait in rig.waits} <= {order_id(1), order_id(2)}
        rig.session._stream.feed.check()


@pytest.mark.parametrize("batches", [1, 10])
async def test_orders_beyond_the_limit_cost_few_requests_and_no_loop(autojump_clock: MockClock, batches: int) -> None:
    """The pair takes 7 of 15 orders; all others are refused here, without being asked for."""
    async with opened() as rig:
        rig.account.budget.set_threshold(180)
        orders = [place(number) for number in range(1, 15 * batches + 1)]
        await rig.session.place(orders)
        taken, sent = await _with_room(rig, 7, 250)
        assert taken == 7
        assert sent <= 9 + batches
        await rig.session.place([place(1000 + n) for n in range(15)])
        assert await rig.silent(40)
        events = await rig.events(len(orders) + 15)
        refused = [event for event in events if isinstance(event, Rejected)]
        assert {event.reason for event in refused} == {"order limit"}
        assert len(refused) == len(orders) + 15 - 7
        await rig.far.channel("executions", report(1, "canceled", reason="User requested"))
        await rig.events(1)
        await rig.session.place([place(2000)])
        assert (await rig.far.heard())["params"]["cl_ord_id"] == order_id(2000)


async def test_a_token_that_rest_refuses_as_well_is_no_loop(autojump_clock: MockClock) -> None:
    rest = RestTable(AddOrder="EAPI:Invalid token", CancelOrder="EAPI:Invalid token")
    async with opened(rest, orders=[opening(1)]) as rig:
        await rig.far.answer(await rig.placed(place(2)), error="ESession:Invalid session")
        await rig.session.cancel([order_id(1)])
        assert await rig.quiet(600)
        assert len(rest.asked("AddOrder")) + len(rest.asked("CancelOrder")) < 20
        assert {wait.reason for wait in rig.waits} == {"credentials"}


def _taker(number: int) -> Place:
    return replace(place(number, "61000.0", side="sell", kind="counter"), post_only=False)


def _numbers(request: Message) -> list[int]:
    params = request["params"]
    ids = [order["cl_ord_id"] for order in params.get("orders", [params])]
    return [number for number in range(1, 3000) if order_id(number) in ids]


async def _with_room(rig: Rig, room: int, seconds: float) -> tuple[int, int]:
    """A pair that takes so many orders; returns how many it took, and how many requests came."""
    taken = sent = 0
    with trio.move_on_after(seconds):
        while True:
            request = await rig.far.heard()
            sent += 1
            numbers = _numbers(request)
            if taken + len(numbers) > room:
                await rig.far.answer(request, error="EOrder:Orders limit exceeded")
            else:
                taken += len(numbers)
                await acknowledged(rig.far, request, *numbers)
    return taken, sent


async def _next(rig: Rig, method: str) -> Message:
    with trio.fail_after(60):
        while (request := await rig.far.heard())["method"] != method:
            await rig.far.answer(request, error="EGeneral:Permission denied")
    return request
