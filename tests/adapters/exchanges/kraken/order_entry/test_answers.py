"""What follows from an answer: each order of a request is placed, refused with its reason, or sent once more."""

import pytest
import trio
from trio.testing import MockClock

from messages.orders import Accepted, Rejected
from tests.adapters.exchanges.kraken.support import acknowledged, opened, order_id, place


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("EOrder:Insufficient funds", "funds"),
        ("EGeneral:Invalid arguments:volume minimum not met", "minimum"),
        ("EOrder:Order minimum not met", "minimum"),
        ("EOrder:Cost minimum not met", "minimum"),
        ("EOrder:Post only order", "post-only"),
        ("EOrder:Orders limit exceeded", "order limit"),
        ("EOrder:Tick size check failed", "rules"),
        ("EOrder:Invalid price:BTC/USD price can only be specified up to 1 decimals.", "rules"),
        ("EQuery:Unknown asset pair", "pair"),
        ("EOrder:Reduce only", "refused"),
        ("EAccount:Invalid permissions:BTC trading restricted for XX.", "pair"),
    ],
)
async def test_a_definite_refusal_is_told_with_its_reason(error: str, reason: str) -> None:
    async with opened() as rig:
        await rig.far.answer(await rig.placed(place(1)), error=error)
        (event,) = await rig.events(1)
    assert isinstance(event, Rejected)
    assert (event.order_id, event.reason, event.text) == (order_id(1), reason, error)


async def test_a_batch_that_is_refused_as_a_whole_is_sent_order_by_order(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        request = await rig.placed(place(1), place(2))
        await rig.far.answer(request, error="EGeneral:Invalid arguments:volume minimum not met")
        first = await rig.far.heard()
        await acknowledged(rig.far, first, 1)
        second = await rig.far.heard()
        assert [request["params"]["cl_ord_id"] for request in (first, second)] == [order_id(1), order_id(2)]
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


@pytest.mark.parametrize("size", [2, 3, 15])
async def test_one_bad_order_of_a_batch_is_found_by_halves(autojump_clock: MockClock, size: int) -> None:
    async with opened() as rig:
        await rig.session.place([place(number) for number in range(1, size + 1)])
        sent = 0
        with trio.move_on_after(30):
            while True:
                request = await rig.far.heard()
                sent += 1
                params = request["params"]
                ids = [order["cl_ord_id"] for order in params.get("orders", [params])]
                numbers = [number for number in range(1, size + 1) if order_id(number) in ids]
                if size in numbers:
                    await rig.far.answer(request, error="EOrder:Tick size check failed")
                else:
                    await acknowledged(rig.far, request, *numbers)
        events = await rig.events(size)
    assert [event.order_id for event in events if isinstance(event, Rejected)] == [order_id(size)]
    assert sent <= 9
