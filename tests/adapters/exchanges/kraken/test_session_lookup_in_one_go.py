"""Many strategies come back at once: what their look-ups cost together."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.transport.server_clock import SECOND
from messages.account import OrderFacts
from messages.ids import ClientOrderId
from tests.adapters.exchanges.kraken.support import (
    START,
    Message,
    RestTable,
    Rig,
    closed,
    make_account,
    opened,
    opening,
    order_id,
)


def page(count: int) -> RestTable:
    """Orders 0 to `count` were filled; each page holds 50."""
    orders = {f"O{number}": closed(number) for number in range(count)}

    def answer(body: Message) -> dict[str, Any]:
        if "cl_ord_id" in body:
            return {"closed": {}}
        names = list(orders)[int(body.get("ofs", 0)) :][:50]
        return {"closed": {name: orders[name] for name in names}, "count": count}

    return RestTable(ClosedOrders=answer)


async def look_up_all(rig: Rig, questions: list[list[int]]) -> dict[ClientOrderId, OrderFacts]:
    """As many strategies ask at once."""
    found: dict[ClientOrderId, OrderFacts] = {}

    async def ask(numbers: list[int]) -> None:
        await rig.session.closed(START)
        found.update(await rig.session.lookup([order_id(number) for number in numbers]))

    async with trio.open_nursery() as nursery:
        for numbers in questions:
            nursery.start_soon(ask, numbers)
    return found


@pytest.mark.parametrize("strategies", [1, 10, 30, 100])
async def test_fills_of_many_strategies_cost_what_their_pages_cost(strategies: int, autojump_clock: MockClock) -> None:
    rest = page(strategies)
    async with opened(rest) as rig:
        found = await look_up_all(rig, [[number] for number in range(strategies)])
        assert trio.current_time() < 2
    assert {facts.status for facts in found.values()} == {"filled"}
    assert len(found) == strategies
    assert len(rest.asked("ClosedOrders")) == -(-strategies // 50)


async def test_what_never_arrived_is_found_out_for_all_in_one_go(autojump_clock: MockClock) -> None:
    """The engine is asked for each, REST once; fills of others do not wait for it."""
    rest = page(5)
    async with opened(rest) as rig:
        for number in range(100, 110):
            rig.account.sending(order_id(number))
        answered: list[str] = []

        async def engine() -> None:
            for _ in range(10):
                question = await rig.far.heard()
                answered.extend(question["params"]["cl_ord_id"])
                await rig.far.answer(question, error="EOrder:Unknown order")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine)
            found = await look_up_all(rig, [[number % 5, number] for number in range(100, 110)])
    assert found.keys() == {order_id(number) for number in range(5)}
    assert sorted(answered) == sorted(order_id(number) for number in range(100, 110))
    assert len(rest.asked("ClosedOrders")) == 2
    assert len(rest.asked("OpenOrders")) == 1


async def test_after_a_lost_connection_history_is_read_anew_once(autojump_clock: MockClock) -> None:
    """What was filled while nobody listened is not in what an earlier session had read."""
    rest = page(0)
    account = make_account(rest)
    async with opened(rest, account=account, orders=[opening(number) for number in range(3)]) as rig:
        await rig.session.closed(START)
        await trio.sleep(3600)
    rest.answers["ClosedOrders"] = {"closed": {f"O{number}": closed(number) for number in range(3)}, "count": 3}
    async with opened(rest, account=account) as rig:
        found = await look_up_all(rig, [[0], [1], [2]])
        assert trio.current_time() < 3605
    assert {facts.status for facts in found.values()} == {"filled"}
    before, after = rest.asked("ClosedOrders")
    assert int(after["start"]) > int(before["start"]) + 3000
    assert int(after["start"]) <= START // SECOND + 3600 - 100


async def test_a_namesake_of_an_earlier_time_answers_nothing(autojump_clock: MockClock) -> None:
    """An order that was canceled at once may be sent anew under its id: that one's end is another."""
    rest = page(1)
    async with opened(rest) as rig:
        await trio.sleep(300)
        rig.account.sending(order_id(0))

        async def engine() -> None:
            await rig.far.answer(await rig.far.heard(), error="EOrder:Unknown order")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine)
            await look_up_all(rig, [[0]])
    assert len(rest.asked("ClosedOrders")) == 2
