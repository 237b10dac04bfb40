"""What a session finds out about orders of an earlier one."""

from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from messages.account import OrderFacts
from messages.ids import ClientOrderId
from tests.adapters.exchanges.kraken.support import (
    START,
    RestTable,
    closed,
    opened,
    opening,
    order_id,
    trade,
)
from trading.ports import ExchangeUnavailable


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
        answers: list[dict[ClientOrderId, OrderFacts]] = []

        async def ask() -> None:
            answers.append(await rig.session.lookup([order_id(1)]))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            question = await rig.far.heard()
            assert question["method"] == "cancel_order"
            assert rig.account.clock.now() >= START + 5 * 10**9
            await rig.far.answer(question, error="EOrder:Unknown order")
        assert answers == [{}]
        assert len(rest.asked("ClosedOrders")) == 2


async def test_a_full_page_is_full_also_with_odd_rows_of_others(autojump_clock: MockClock) -> None:
    """Taken for the last page it would prove that older orders never arrived."""
    page = {f"O{number}": closed(100 + number) for number in range(49)} | {"OX": {"vol": None}}
    rest = RestTable(ClosedOrders=lambda body: {"closed": {"O1": closed(1)} if "cl_ord_id" in body else page})
    wanted = [order_id(1) for _ in range(5)]
    async with opened(rest) as rig:
        found = await rig.session.lookup(wanted)
    assert found[order_id(1)].exchange_id == "O1"


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
        with pytest.raises(ExchangeUnavailable, match="returned O2"):
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


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_closure_is_believed_once_no_later_try_of_an_earlier_run_can_arrive(
    autojump_clock: MockClock, *, arrives: bool
) -> None:
    """A view of the past had hidden the closure, so the order was sent again; then the program was killed."""
    gone = closed(1, "canceled", "0") | {"reason": "User requested"}
    async with opened(RestTable(ClosedOrders={"closed": {"O1": gone}})) as rig:
        found: dict[ClientOrderId, OrderFacts] = {}

        async def ask() -> None:
            found.update(await rig.session.lookup([order_id(1)]))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.sleep(2)
            assert found == {}
            if arrives:
                await rig.far.channel("executions", opening(1, order_id="O9"))
        assert rig.account.clock.now() >= START + 5 * 10**9
    facts = found[order_id(1)]
    assert (facts.exchange_id, facts.status) == (("O9", "open") if arrives else ("O1", "canceled"))


async def test_a_look_up_sees_what_arrives_while_it_waits(autojump_clock: MockClock) -> None:
    async with opened(RestTable(ClosedOrders={"closed": {}})) as rig:
        found: dict[ClientOrderId, OrderFacts] = {}

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
