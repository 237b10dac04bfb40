"""Trading requests of one session: what leaves, and what an answer that fits nothing changes."""

from trio.testing import MockClock

from messages.orders import Accepted, Filled
from tests.adapters.exchanges.kraken.support import acknowledged, opened, opening, order_id, place, report, trade


async def test_an_answer_to_a_request_that_nobody_sent_changes_nothing(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1))
        await rig.far.answer({**request, "req_id": request["req_id"] + 100}, error="EOrder:Insufficient funds")
        assert await rig.quiet(1)
        await acknowledged(rig.far, request, 1)
        (event,) = await rig.events(1)
        assert isinstance(event, Accepted)
        assert await rig.silent(20), "nothing is asked or sent again"


async def test_an_answer_that_comes_twice_counts_once(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1))
        await acknowledged(rig.far, request, 1)
        await rig.far.answer(request, error="EService:Unavailable")
        (event,) = await rig.events(1)
        assert isinstance(event, Accepted)
        assert await rig.silent(20)


async def test_of_orders_to_cancel_those_that_have_ended_are_not_asked_for(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1), opening(2)]) as rig:
        await rig.far.channel("executions", trade(1, "0.00250000", "0.00250000", "T1"), report(1, "filled"))
        while not isinstance(await rig._event(), Filled):
            pass
        await rig.session.cancel([order_id(1), order_id(2)])
        request = await rig.far.heard()
        assert (request["method"], request["params"]["cl_ord_id"]) == ("cancel_order", [order_id(2)])
        await rig.far.answer(request, {"cl_ord_id": order_id(2)})
        await rig.far.channel("executions", report(2, "canceled", reason="User requested"))
        await rig.events(1)
        assert await rig.silent(20)
