"""The private side against a scripted peer: what is sent, what follows from what is heard, and how it ends."""

from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.session import Line, open_session
from adapters.interfaces import BotStateError, ExchangeUnavailable
from messages.account import AccountBalances, AccountSnapshot, ForeignOrder
from messages.orders import Accepted, Amended, Canceled, Filled, PartiallyFilled, Rejected
from tests.adapters.exchanges.kraken.support import (
    START,
    Far,
    Message,
    Peer,
    RestTable,
    make_account,
    opened,
    opening,
    order_id,
    place,
    report,
    trade,
)

SOON = "2026-09-21T14:13:50.000000Z"
"""Half a minute after the start."""


async def acknowledged(far: Far, request: Message, *numbers: int) -> None:
    """Kraken takes the orders of a request."""
    results = [{"order_id": f"O{number}", "cl_ord_id": order_id(number)} for number in numbers]
    await far.answer(request, results if request["method"] == "batch_add" else results[0])


async def test_the_snapshot_has_balances_and_all_open_orders(autojump_clock: MockClock) -> None:
    foreign = {**opening(9), "order_id": "OHAND", "cl_ord_id": "", "side": "sell"}
    async with opened(orders=[opening(1), foreign]) as rig:
        snapshot = await rig.session.snapshot()
    assert isinstance(snapshot, AccountSnapshot)
    assert snapshot.balances == {"USD": Decimal("1000.0000"), "BTC": Decimal("0.0500000000")}
    ours, theirs = snapshot.open_orders
    assert (ours.order_id, ours.exchange_id, ours.price) == (order_id(1), "O1", Decimal("60000.0"))
    assert (theirs.order_id, theirs.exchange_id, theirs.side) == ("", "OHAND", "sell")


async def test_locked_parts_of_a_balance_are_left_out(autojump_clock: MockClock) -> None:
    wallets = [{"id": "main", "balance": "100"}, {"id": "bonded", "balance": "50"}]
    async with opened(holdings=[{"asset": "USD", "balance": "150", "wallets": wallets}]) as rig:
        assert (await rig.session.snapshot()).balances == {"USD": Decimal(100)}


async def test_one_order_is_one_request_with_exact_digits_and_a_deadline(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1, volume="0.00000001"))
        assert request["method"] == "add_order"
        assert request["params"] == {
            "order_type": "limit",
            "side": "buy",
            "order_qty": 1e-08,
            "limit_price": 60000.0,
            "time_in_force": "gtc",
            "cl_ord_id": order_id(1),
            "post_only": True,
            "symbol": "BTC/USD",
            "deadline": "2026-09-21T14:13:23.000Z",
            "token": "T",
        }


async def test_a_decision_with_several_orders_is_one_batch_per_pair(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1), place(2, "59000.0"), place(3, "2000.00", symbol="ETH/USD"))
        assert request["method"] == "batch_add"
        assert [order["cl_ord_id"] for order in request["params"]["orders"]] == [order_id(1), order_id(2)]
        assert "symbol" not in request["params"]["orders"][0]
        other = await rig.far.heard()
        assert (other["method"], other["params"]["symbol"]) == ("add_order", "ETH/USD")
        await acknowledged(rig.far, request, 1, 2)
        events = await rig.events(2)
    assert [type(event) for event in events] == [Accepted, Accepted]


@pytest.mark.parametrize("answer_first", [True, False])
async def test_answer_and_reports_come_in_any_order(autojump_clock: MockClock, answer_first: bool) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1))
        if answer_first:
            await acknowledged(rig.far, request, 1)
        await rig.far.channel("executions", opening(1))
        await rig.far.channel("executions", report(1, "new"))
        if not answer_first:
            await acknowledged(rig.far, request, 1)
        assert await rig.events(1) == [Accepted(order_id(1), "O1", START)]
        assert await rig.quiet()


async def test_a_fill_changes_the_totals_before_it_is_told(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("executions", trade(1, "0.00100000", "0.00100000", "T1"))
        balances, part = await rig.events(2)
        assert balances == AccountBalances({"BTC": Decimal("0.0510000000"), "USD": Decimal("939.7600")})
        assert part == PartiallyFilled(order_id(1), "O1", "T1", Decimal("0.001"), Decimal(60), Decimal("0.24"), START)
        await rig.far.channel("executions", trade(1, "0.00150000", "0.00250000", "T2"))
        _, whole = await rig.events(2)
        assert isinstance(whole, Filled)
        assert (whole.filled, whole.cost, whole.fee) == (Decimal("0.0025"), Decimal(150), Decimal("0.60"))
        await rig.far.channel("executions", report(1, "filled"))
        assert await rig.quiet()


async def test_a_ledger_entry_replaces_what_was_reckoned_whenever_it_comes(autojump_clock: MockClock) -> None:
    usd = {"asset": "USD", "balance": "939.7600", "ref_id": "T1", "amount": "-60.0000", "fee": "0.2400"}
    btc = {"asset": "BTC", "balance": "0.0510000000", "ref_id": "T1", "amount": "0.0010000000"}
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("balances", usd)
        assert await rig.events(1) == [AccountBalances({"USD": Decimal("939.7600")})]
        await rig.far.channel("executions", trade(1, "0.00100000", "0.00100000", "T1"))
        balances, _ = await rig.events(2)
        assert balances == AccountBalances({"BTC": Decimal("0.0510000000")})
        await rig.far.channel("balances", btc)
        assert await rig.quiet()


async def test_a_fill_that_is_told_twice_counts_once(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        for _ in range(2):
            await rig.far.channel("executions", trade(1, "0.00100000", "0.00100000", "T1"))
        await rig.events(2)
        assert await rig.quiet()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("EOrder:Insufficient funds", "funds"),
        ("EGeneral:Invalid arguments:volume minimum not met", "minimum"),
        ("EOrder:Order minimum not met", "minimum"),
        ("EOrder:Cost minimum not met", "minimum"),
        ("EOrder:Post only order", "post-only"),
        ("EOrder:Orders limit exceeded", "order limit"),
        ("EOrder:Tick size check failed", "refused"),
        ("EAccount:Invalid permissions:BTC trading restricted for XX.", "refused"),
    ],
)
async def test_a_definite_refusal_is_told_with_its_reason(error: str, reason: str) -> None:
    async with opened() as rig:
        await rig.far.answer(await rig.placed(place(1)), error=error)
        (event,) = await rig.events(1)
    assert isinstance(event, Rejected)
    assert (event.order_id, event.reason, event.text) == (order_id(1), reason, error)


async def test_a_post_only_order_may_be_taken_and_canceled_at_once(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await acknowledged(rig.far, await rig.placed(place(1)), 1)
        await rig.far.channel("executions", report(1, "canceled", reason="Post only order"))
        accepted, canceled = await rig.events(2)
    assert isinstance(accepted, Accepted)
    assert isinstance(canceled, Canceled)
    assert canceled.reason == "post-only"


async def test_a_batch_that_is_refused_as_a_whole_is_sent_order_by_order(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1), place(2))
        await rig.far.answer(request, error="EGeneral:Invalid arguments:volume minimum not met")
        first, second = await rig.far.heard(), await rig.far.heard()
        assert [request["params"]["cl_ord_id"] for request in (first, second)] == [order_id(1), order_id(2)]
        await acknowledged(rig.far, first, 1)
        await rig.far.answer(second, error="EGeneral:Invalid arguments:volume minimum not met")
        accepted, rejected = await rig.events(2)
    assert isinstance(accepted, Accepted)
    assert isinstance(rejected, Rejected)


async def test_one_failed_order_of_a_batch_is_told_alone(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1), place(2))
        await rig.far.answer(request, [{"order_id": "O1"}, {"error": "EOrder:Insufficient funds"}])
        accepted, rejected = await rig.events(2)
    assert isinstance(accepted, Accepted)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "funds"


@pytest.mark.parametrize("error", ["EOrder:Rate limit exceeded", "EService:Market in cancel_only mode"])
async def test_what_did_not_happen_for_now_is_sent_again_under_the_same_id(
    autojump_clock: MockClock, error: str
) -> None:
    async with opened() as rig:
        await rig.far.answer(await rig.placed(place(1)), error=error)
        again = await rig.far.heard()
        assert again["params"]["cl_ord_id"] == order_id(1)
        assert again["params"]["deadline"] > "2026-09-21T14:13:23.000Z"
        await acknowledged(rig.far, again, 1)
        (event,) = await rig.events(1)
    assert isinstance(event, Accepted)


async def test_maintenance_holds_orders_back_until_it_is_over(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.far.say({"channel": "status", "type": "update", "data": [{"system": "maintenance"}]})
        await rig.quiet(1)
        await rig.session.place([place(1)])
        assert await rig.quiet(30)
        await rig.far.say({"channel": "status", "type": "update", "data": [{"system": "online"}]})
        request = await rig.far.heard()
    assert request["params"]["cl_ord_id"] == order_id(1)


async def test_a_silent_order_that_the_stream_shows_has_arrived(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.placed(place(1))
        await rig.far.channel("executions", opening(1))
        (event,) = await rig.events(1)
        assert isinstance(event, Accepted)
        assert await rig.quiet(20)


@pytest.mark.parametrize("error", ["", "EService:Busy", "EService:Unavailable", "EService:Deadline elapsed"])
async def test_an_order_of_unknown_fate_is_sent_again_only_once_the_engine_does_not_know_it(
    autojump_clock: MockClock, error: str
) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1))
        if error:
            await rig.far.answer(request, error=error)
        question = await rig.far.heard()
        assert question["method"] == "cancel_order"
        assert question["params"]["cl_ord_id"] == [order_id(1)]
        assert rig.account.clock.now() >= START + 5 * 10**9
        await rig.far.answer(question, error="EOrder:Unknown order")
        again = await rig.far.heard()
        assert (again["method"], again["params"]["cl_ord_id"]) == ("add_order", order_id(1))
        await acknowledged(rig.far, again, 1)
        (event,) = await rig.events(1)
    assert isinstance(event, Accepted)


@pytest.mark.parametrize("late", ["before", "after"])
async def test_an_answer_that_comes_after_its_fate_was_found_out_changes_nothing(
    autojump_clock: MockClock, late: str
) -> None:
    """Slow requests: the refusal of the first try comes while the engine is asked, or while the second try is open."""
    async with opened() as rig:
        request = await rig.placed(place(1))
        question = await rig.far.heard()
        if late == "before":
            await rig.far.answer(request, error="EGeneral:Invalid arguments")
        await rig.far.answer(question, error="EOrder:Unknown order")
        again = await rig.far.heard()
        assert again["params"]["cl_ord_id"] == order_id(1)
        if late == "after":
            await rig.far.answer(request, error="EGeneral:Invalid arguments")
        await acknowledged(rig.far, again, 1)
        (event,) = await rig.events(1)
        assert isinstance(event, Accepted)
        assert await rig.quiet(20)


async def test_an_order_that_never_arrives_is_given_up_after_three_tries(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.session.place([place(1)])
        for _ in range(3):
            assert (await rig.far.heard())["method"] == "add_order"
            await rig.far.answer(await rig.far.heard(), error="EOrder:Unknown order")
        (event,) = await rig.events(1)
    assert isinstance(event, Rejected)
    assert event.reason == "refused"


async def test_an_order_that_only_its_cancel_found_is_closed_and_due_again(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.placed(place(1, side="sell", kind="counter"))
        await rig.far.answer(await rig.far.heard(), {"cl_ord_id": order_id(1)})
        await rig.far.channel("executions", opening(1, side="sell"))
        await rig.far.channel("executions", report(1, "canceled", reason="User requested", timestamp=SOON))
        accepted, canceled = await rig.events(2)
    assert isinstance(accepted, Accepted)
    assert isinstance(canceled, Canceled)
    assert canceled.reason == "post-only"


async def test_a_question_that_comes_late_and_cancels_the_next_try_was_not_asked_by_hand(
    autojump_clock: MockClock,
) -> None:
    """The first session's cancel by client id was on its way for so long that the second session had sent anew."""
    rest = RestTable(ClosedOrders={"closed": {}})
    account = make_account(rest)
    async with opened(rest, account=account) as rig:
        await rig.placed(place(1))
        assert (await rig.far.heard())["method"] == "cancel_order"
        await rig.failure()
    async with opened(rest, account=account) as rig:

        async def answer() -> None:
            await rig.far.answer(await rig.far.heard(), error="EOrder:Unknown order")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            assert await rig.session.lookup([order_id(1)]) == {}
        again = await rig.placed(place(1))
        await acknowledged(rig.far, again, 1)
        await rig.far.channel("executions", report(1, "canceled", reason="User requested", timestamp=SOON))
        _, gone = await rig.events(2)
    assert isinstance(gone, Canceled)
    assert gone.reason == "post-only"


@pytest.mark.parametrize("answer_first", [True, False])
async def test_one_order_with_two_of_krakens_ids_ends_the_session(
    autojump_clock: MockClock, answer_first: bool
) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1))
        if answer_first:
            await acknowledged(rig.far, request, 1)
            await rig.far.channel("executions", opening(1, order_id="x"))
        else:
            await rig.far.channel("executions", opening(1, order_id="x"))
            await acknowledged(rig.far, request, 1)
        error = await rig.failure()
    assert isinstance(error, ExchangeUnavailable)


async def test_an_order_that_lost_its_name_on_the_way_is_not_sent_again(autojump_clock: MockClock) -> None:
    """A report without the client id, and no answer: it would be taken for a foreign order."""
    async with opened() as rig:
        await rig.placed(place(1))
        await rig.far.channel("executions", opening(1, cl_ord_id=""))
        error = await rig.failure()
    assert isinstance(error, ExchangeUnavailable)
    assert "in all but its name" in str(error)


async def test_a_late_question_that_nobody_saw_close_the_order_is_no_cancel_by_hand(autojump_clock: MockClock) -> None:
    """As above, but the closure is found in history by the session after."""
    rest = RestTable(ClosedOrders={"closed": {}})
    account = make_account(rest)
    async with opened(rest, account=account) as rig:
        await rig.placed(place(1))
        assert (await rig.far.heard())["method"] == "cancel_order"
        await rig.failure()
    gone = closed(1, "canceled", "0") | {"closetm": 1_790_000_030, "reason": "User requested"}
    rest.answers["ClosedOrders"] = {"closed": {"O1": gone}}
    async with opened(rest, account=account) as rig:
        found = await rig.session.lookup([order_id(1)])
    assert found[order_id(1)].reason == "post-only"


@pytest.mark.parametrize(("total", "lost"), [(0.24, True), (0.0, False)])
async def test_a_fill_that_lost_its_fee_ends_the_session(autojump_clock: MockClock, total: float, lost: bool) -> None:
    async with opened(orders=[opening(1)]) as rig:
        fill = trade(1, "0.00100000", "0.00100000", "T1", fees=[], fee_usd_equiv=total)
        await rig.far.channel("executions", fill)
        if lost:
            assert "without its fee" in str(await rig.failure())
        else:
            assert len(await rig.events(2)) == 2


async def test_a_fate_that_nobody_tells_ends_the_session(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.placed(place(1))
        failure = await rig.failure()
    assert isinstance(failure, ExchangeUnavailable)
    assert "cannot be told" in str(failure)


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


@pytest.mark.parametrize("sequence", [2, 4, 1])
async def test_a_gap_a_repeat_and_a_step_back_end_the_session(autojump_clock: MockClock, sequence: int) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("executions", report(1, "new"), sequence=2)
        await rig.far.channel("executions", report(1, "new"), sequence=sequence)
        failure = await rig.failure()
        with pytest.raises(ExchangeUnavailable):
            await rig.session.place([place(2)])
    assert isinstance(failure, ExchangeUnavailable)
    assert "lost" in str(failure)


async def test_silence_ends_the_session(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        rig.far.beating = False
        failure = await rig.failure()
    assert isinstance(failure, ExchangeUnavailable)
    assert "silent" in str(failure)


async def test_a_closed_connection_ends_the_session(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.far.cut()
        assert isinstance(await rig.failure(), ExchangeUnavailable)


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"channel":"executions","type":"update","sequence":2,"data":7}'])
async def test_garbage_ends_the_session_with_a_clear_error(autojump_clock: MockClock, garbage: str) -> None:
    async with opened() as rig:
        await rig.far.say(garbage)
        failure = await rig.failure()
    assert isinstance(failure, ExchangeUnavailable)


async def test_unknown_channels_and_complaints_are_passed_over(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.say({"channel": "weather", "data": {"rain": True}})
        await rig.far.say({"Error": "Exceeded msg rate"})
        await rig.far.channel("executions", report(1, "restated", reason="new"), report(1, "never heard of"))
        await rig.far.channel("executions", report(1, "canceled"))
        (event,) = await rig.events(1)
    assert isinstance(event, Canceled)


async def test_fills_that_were_not_told_end_the_session(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("executions", report(1, "filled"))
        assert isinstance(await rig.failure(), ExchangeUnavailable)


async def test_a_token_that_is_refused_moves_the_orders_to_rest(autojump_clock: MockClock) -> None:
    rest = RestTable(AddOrder={"txid": ["O1"], "descr": {}})
    async with opened(rest) as rig:
        await rig.far.answer(await rig.placed(place(1)), error="ESession:Invalid session")
        (event,) = await rig.events(1)
        assert event == Accepted(order_id(1), "O1", event.time if isinstance(event, Accepted) else 0)
        (body,) = rest.asked("AddOrder")
    assert (body["pair"], body["price"], body["volume"], body["oflags"]) == ("XBTUSD", "60000.0", "0.00250000", "post")


async def test_an_order_of_a_tokenized_pair_names_its_class_over_rest(autojump_clock: MockClock) -> None:
    rest = RestTable(AddOrder={"txid": ["O1"], "descr": {}})
    async with opened(rest) as rig:
        await rig.far.answer(await rig.placed(place(1, symbol="AAPLx/USD")), error="ESession:Invalid session")
        await rig.events(1)
        (body,) = rest.asked("AddOrder")
    assert (body["pair"], body["asset_class"]) == ("AAPLxUSD", "tokenized_asset")


async def test_a_key_that_is_refused_is_fatal(autojump_clock: MockClock) -> None:
    with pytest.raises(BotStateError, match="GetWebSocketsToken"):
        async with open_session(make_account(RestTable(GetWebSocketsToken="EAPI:Invalid key")), line(Peer())):
            pass


async def test_a_peer_that_refuses_the_connection_is_unavailable(autojump_clock: MockClock) -> None:
    peer = Peer()
    peer.refuse = ConnectionRefusedError("nobody there")
    with pytest.raises(ExchangeUnavailable, match="nobody there"):
        async with open_session(make_account(RestTable()), line(peer)):
            pass


def line(peer: Peer) -> Line:
    """The way to this peer."""
    return Line(peer.dial, "wss://kraken.test/v2")


def closed(number: int, status: str = "closed", filled: str = "0.00250000") -> Message:
    """An order of ClosedOrders."""
    return {
        "status": status,
        "cl_ord_id": order_id(number),
        "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "60000.0"},
        "vol": "0.00250000",
        "vol_exec": filled,
        "cost": "150.00000",
        "fee": "0.60000",
        "opentm": 1790000001.118233,
        "closetm": 1790000055.402911,
    }


async def test_a_look_up_finds_what_was_filled_while_nobody_listened(autojump_clock: MockClock) -> None:
    async with opened(RestTable(ClosedOrders={"closed": {"O1": closed(1)}})) as rig:
        found = await rig.session.lookup([order_id(1)])
        assert rig.account.clock.now() < START + 10**9
    facts = found[order_id(1)]
    assert (facts.status, facts.filled, facts.symbol, facts.time) == (
        "filled",
        Decimal("0.0025"),
        "BTC/USD",
        1790000055402911000,
    )


async def test_a_look_up_leaves_an_id_out_only_after_deadline_engine_and_two_looks(autojump_clock: MockClock) -> None:
    rest = RestTable(ClosedOrders={"closed": {}})
    async with opened(rest) as rig:
        answers: list[dict[str, object]] = []

        async def ask() -> None:
            answers.append(dict(await rig.session.lookup([order_id(1)])))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            question = await rig.far.heard()
            assert question["method"] == "cancel_order"
            assert rig.account.clock.now() >= START + 5 * 10**9
            await rig.far.answer(question, error="EOrder:Unknown order")
        assert answers == [{}]
        assert len(rest.asked("ClosedOrders")) == 2


@pytest.mark.parametrize(("newest", "questions"), [(3, 2), (50, 12)])
async def test_many_orders_in_flight_cost_two_looks_where_the_newest_closures_reach_back_far_enough(
    newest: int, questions: int, autojump_clock: MockClock
) -> None:
    """A full page whose oldest closure is younger than the orders proves nothing about them."""
    page = {f"O{number}": closed(100 + number) for number in range(newest)}
    rest = RestTable(ClosedOrders=lambda body: {"closed": {} if "cl_ord_id" in body else page})
    wanted = [order_id(number) for number in range(5)]
    async with opened(rest) as rig:
        for name in wanted:
            rig.account.sending(name)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rig.session.lookup, wanted)
            for _ in wanted:
                await rig.far.answer(await rig.far.heard(), error="EOrder:Unknown order")
    assert len(rest.asked("ClosedOrders")) == questions


async def test_a_look_up_believes_no_answer_about_other_orders(autojump_clock: MockClock) -> None:
    async with opened(RestTable(ClosedOrders={"closed": {"O2": closed(2)}})) as rig:
        with pytest.raises(ExchangeUnavailable, match="tells of O2"):
            await rig.session.lookup([order_id(1)])


@pytest.mark.parametrize("behind", ["it is open there", "another is not there yet"])
async def test_a_look_up_believes_no_view_of_the_past(autojump_clock: MockClock, behind: str) -> None:
    """Canceled by hand while nobody listened, and REST does not know that yet: it must not be placed a second time."""
    description = {"pair": "XBTUSD", "type": "buy", "price": "60000.0"}
    past = {"status": "open", "descr": description, "vol": "0.0025", "cl_ord_id": order_id(1)}
    rest = RestTable(
        ClosedOrders={"closed": {}}, OpenOrders={"open": {"O1": past} if behind == "it is open there" else {}}
    )
    orders = [] if behind == "it is open there" else [opening(2)]
    async with opened(rest, orders) as rig:

        async def answer() -> None:
            await rig.far.answer(await rig.far.heard(), error="EOrder:Unknown order")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            with pytest.raises(ExchangeUnavailable, match="REST lags behind"):
                await rig.session.lookup([order_id(1)])


async def test_a_look_up_sees_what_arrives_while_it_waits(autojump_clock: MockClock) -> None:
    async with opened(RestTable(ClosedOrders={"closed": {}})) as rig:
        found: dict[str, object] = {}

        async def ask() -> None:
            found.update(await rig.session.lookup([order_id(1)]))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.sleep(2)
            await rig.far.channel("executions", opening(1))
        assert found.keys() == {order_id(1)}


async def test_the_fee_of_a_partly_filled_order_comes_from_its_fills_or_from_rest(autojump_clock: MockClock) -> None:
    partly = {"cum_qty": "0.00100000", "avg_price": "60000.0"}
    rest = RestTable(QueryOrders={"O2": {**closed(2, "open", "0.00200000"), "fee": "0.48000"}})
    shown = [opening(1, **partly), trade(1, "0.00100000", "0.00100000", "T1"), opening(2, **partly)]
    async with opened(rest, orders=shown) as rig:
        first, second = (await rig.session.snapshot()).open_orders
        await rig.far.channel("executions", trade(1, "0.00100000", "0.00100000", "T1"))
        assert await rig.quiet()
    assert (first.filled, first.cost, first.fee) == (Decimal("0.001"), Decimal(60), Decimal("0.24"))
    assert second.fee == Decimal("0.24")


async def test_our_own_count_follows_the_exchange(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        assert rig.account.budget.tier.threshold == 125
        await rig.far.channel("executions", opening(2, rate_count=100))
        await rig.events(1)
        assert rig.account.budget.levels(0.0)["BTC/USD"] > 90
