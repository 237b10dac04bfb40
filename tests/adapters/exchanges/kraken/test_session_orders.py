"""Orders of a session against a scripted peer: what is sent, and what follows from each answer."""

from decimal import Decimal

import pytest
from trio.testing import MockClock

from messages.account import AccountBalances, AccountSnapshot
from messages.ids import VenueOrderId
from messages.orders import Accepted, Canceled, Filled, PartiallyFilled
from tests.adapters.exchanges.kraken.support import (
    START,
    acknowledged,
    opened,
    opening,
    order_id,
    place,
    report,
    trade,
)


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
        assert await rig.events(1) == [Accepted(order_id=order_id(1), exchange_id=VenueOrderId("O1"), time=START)]
        assert await rig.quiet()


async def test_a_fill_changes_the_totals_before_it_is_told(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("executions", trade(1, "0.00100000", "0.00100000", "T1"))
        balances, part = await rig.events(2)
        assert balances == AccountBalances({"BTC": Decimal("0.0510000000"), "USD": Decimal("939.7600")}, with_next=True)
        assert part == PartiallyFilled(
            order_id=order_id(1),
            exchange_id=VenueOrderId("O1"),
            fill_id="T1",
            filled=Decimal("0.001"),
            cost=Decimal(60),
            fee=Decimal("0.24"),
            time=START,
        )
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
        assert balances == AccountBalances({"BTC": Decimal("0.0510000000")}, with_next=True)
        await rig.far.channel("balances", btc)
        assert await rig.quiet()


async def test_a_fill_that_is_told_twice_counts_once(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        for _ in range(2):
            await rig.far.channel("executions", trade(1, "0.00100000", "0.00100000", "T1"))
        await rig.events(2)
        assert await rig.quiet()


async def test_a_post_only_order_may_be_taken_and_canceled_at_once(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await acknowledged(rig.far, await rig.placed(place(1)), 1)
        await rig.far.channel("executions", report(1, "canceled", reason="Post only order"))
        accepted, canceled = await rig.events(2)
    assert isinstance(accepted, Accepted)
    assert isinstance(canceled, Canceled)
    assert canceled.reason == "post-only"


async def test_maintenance_holds_orders_back_until_it_is_over(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.far.say({"channel": "status", "type": "update", "data": [{"system": "maintenance"}]})
        await rig.quiet(1)
        await rig.session.place([place(1)])
        assert await rig.quiet(30)
        await rig.far.say({"channel": "status", "type": "update", "data": [{"system": "online"}]})
        request = await rig.far.heard()
    assert request["params"]["cl_ord_id"] == order_id(1)
