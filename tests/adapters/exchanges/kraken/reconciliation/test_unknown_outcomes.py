"""Orders of unknown fate against a scripted peer: the answer is lost, late, or contradicts what was heard."""

import pytest
import trio
from trio.testing import MockClock

from messages.account import ForeignOrder, OrderOfAnother
from messages.orders import Accepted, Canceled, Rejected
from tests.adapters.exchanges.kraken.support import (
    SOON,
    START,
    Message,
    RestTable,
    Rig,
    acknowledged,
    closed,
    make_account,
    opened,
    opening,
    order_id,
    place,
    report,
    trade,
)
from trading.ports import ExchangeUnavailable


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


async def in_question(rig: Rig) -> Message:
    """An order shows itself after its question has left, and before the answer; then a foreign order is opened."""
    await rig.placed(place(1))
    question = await rig.far.heard()
    assert question["method"] == "cancel_order"
    foreign = {**opening(9), "order_id": "OHAND", "cl_ord_id": ""}
    await rig.far.channel("executions", opening(1), foreign)
    (event,) = await rig.events(1)
    assert isinstance(event, ForeignOrder)
    return question


async def test_an_order_in_question_is_told_to_rest_once_the_answer_is_there(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.far.answer(await in_question(rig), error="EOrder:Unknown order")
        (event,) = await rig.events(1)
    assert isinstance(event, Accepted)
    assert event.exchange_id == "O1"


async def test_an_order_that_its_question_cancels_is_told_to_rest_with_its_end_only(autojump_clock: MockClock) -> None:
    """A crash in between would leave a strategy that has seen it open, and a cancel that looks as if by hand."""
    async with opened() as rig:
        await rig.far.answer(await in_question(rig), {"order_id": "O1"})
        await rig.far.channel("executions", report(1, "canceled", reason="User requested", timestamp=SOON))
        accepted, gone = await rig.events(2)
    assert isinstance(accepted, Accepted)
    assert isinstance(gone, Canceled)
    assert gone.reason == "post-only"


async def test_a_question_about_a_resting_order_that_nobody_answers_ends_the_session(
    autojump_clock: MockClock,
) -> None:
    async with opened() as rig:
        await in_question(rig)
        error = await rig.failure()
    assert isinstance(error, ExchangeUnavailable)
    assert "no answer to its cancel" in str(error)


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


@pytest.mark.parametrize(
    ("asset", "strange"), [("NaN", True), ("", True), ("ETH", True), ("USD", False), ("BTC", False), ("FEE", False)]
)
async def test_a_fee_in_what_the_account_does_not_hold_ends_the_session(
    autojump_clock: MockClock, asset: str, *, strange: bool
) -> None:
    async with opened(orders=[opening(1)]) as rig:
        fill = trade(1, "0.00100000", "0.00100000", "T1", fees=[{"asset": asset, "qty": 0.24}])
        await rig.far.channel("executions", fill)
        if strange:
            assert "which is not held" in str(await rig.failure())
        else:
            assert len(await rig.events(2)) == 2


async def test_a_fate_that_nobody_tells_ends_the_session(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.placed(place(1))
        failure = await rig.failure()
    assert isinstance(failure, ExchangeUnavailable)
    assert "is unknown" in str(failure)


@pytest.mark.parametrize("sent_before", [False, True])
async def test_an_order_that_somebody_placed_under_our_id_is_told(
    autojump_clock: MockClock, *, sent_before: bool
) -> None:
    """Another process answers the same fill. A second try proves nothing: the first one may have arrived."""
    async with opened() as rig:
        if sent_before:
            rig.account.sending(order_id(1))
        request = await rig.placed(place(1))
        await rig.far.channel("executions", opening(1))
        await rig.far.answer(request, error="EGeneral:Invalid arguments:cl_ord_id not unique")
        assert isinstance((await rig.events(1))[0], Accepted)
        if sent_before:
            assert await rig.quiet(20)
        else:
            (told,) = await rig.events(1)
            assert isinstance(told, OrderOfAnother)
            assert told.order_id == order_id(1)
