"""What the stream swallowed is noticed, although no gap shows it."""

import pytest
from trio.testing import MockClock

from adapters.exchanges.kraken.reconciliation.order_check import LAG_SECONDS, ORDERS_SECONDS
from messages.orders import Accepted
from tests.adapters.exchanges.kraken.support import (
    STAMP,
    Message,
    RestTable,
    Rig,
    make_account,
    opened,
    opening,
    order_id,
    place,
    trade,
)
from trading.ports import ExchangeUnavailable

FILL = "TD4NV7-KQ2RC-L8XWPA"


def moved(asset: str, amount: str, balance: str, kind: str) -> Message:
    """A ledger entry."""
    return {"asset": asset, "amount": amount, "balance": balance, "ref_id": FILL, "type": kind, "timestamp": STAMP}


def described(number: int) -> Message:
    """An open order as REST shows it."""
    return {
        "status": "open",
        "descr": {"pair": "XBTUSD", "type": "buy", "price": "60000.0"},
        "vol": "0.0025",
        "cl_ord_id": order_id(number),
    }


async def lasts(rig: Rig, seconds: float) -> bool:
    """Whether the session says nothing and is not at its end after so long."""
    return await rig.quiet(seconds)


async def test_money_that_moved_by_a_fill_that_was_not_told_ends_the_session(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.far.channel("balances", moved("BTC", "0.0010000000", "0.0510000000", "trade"))
        error = await rig.failure()
    assert isinstance(error, ExchangeUnavailable)
    assert FILL in str(error)


async def test_a_fill_that_comes_after_its_movement_is_no_loss(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.placed(place(1))
        await rig.far.channel("executions", opening(1))
        await rig.far.channel("balances", moved("BTC", "0.0010000000", "0.0510000000", "trade"))
        await rig.far.channel("executions", trade(1, "0.00100000", "0.00100000", FILL))
        await rig.events(3)
        assert await lasts(rig, 60)


async def test_a_deposit_has_no_fill(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.far.channel("balances", moved("USD", "100.0000", "1100.0000", "deposit"))
        await rig.events(1)
        assert await lasts(rig, 60)


@pytest.mark.parametrize("shown", [{"O1": described(1), "O2": described(2)}, {}])
async def test_open_orders_that_differ_twice_end_the_session(
    autojump_clock: MockClock, shown: dict[str, Message]
) -> None:
    async with opened(RestTable(OpenOrders={"open": shown}), [opening(1)]) as rig:
        assert await lasts(rig, ORDERS_SECONDS + LAG_SECONDS - 1)
        error = await rig.failure()
    assert isinstance(error, ExchangeUnavailable)
    assert ("O2" if shown else "O1") in str(error)


@pytest.mark.parametrize("row", [{}, {"vol": None, "descr": None}])
async def test_orders_of_others_that_differ_for_good_end_one_session_only(
    autojump_clock: MockClock, row: Message
) -> None:
    theirs = {**described(2), "cl_ord_id": "theirs", **row}
    rest = RestTable(OpenOrders={"open": {"O1": described(1), "OX": theirs}})
    account = make_account(rest)
    async with opened(rest, [opening(1)], account=account) as rig:
        await lasts(rig, ORDERS_SECONDS + LAG_SECONDS - 1)
        assert "OX" in str(await rig.failure())
    async with opened(rest, [opening(1)], account=account) as rig:
        assert await lasts(rig, 3 * ORDERS_SECONDS)
    rest.answers["OpenOrders"] = {"open": {"OX": theirs}}
    for _ in range(2):
        async with opened(rest, [opening(1)], account=account) as rig:
            await lasts(rig, ORDERS_SECONDS + LAG_SECONDS - 1)
            assert "O1" in str(await rig.failure()), "ours ends each"


async def test_a_row_that_neither_side_can_read_is_no_difference(autojump_clock: MockClock) -> None:
    odd = {**opening(2), "cl_ord_id": None, "order_qty": None, "side": None}
    rest = RestTable(OpenOrders={"open": {"O1": described(1), "O2": {"vol": None}}})
    async with opened(rest, [opening(1), odd]) as rig:
        assert await lasts(rig, 2 * ORDERS_SECONDS)


async def test_a_view_that_lags_behind_is_no_loss(autojump_clock: MockClock) -> None:
    views = [{"open": {}}, {"open": {"O1": described(1)}}]
    rest = RestTable(OpenOrders=lambda _: views.pop(0) if len(views) > 1 else views[0])
    async with opened(rest, [opening(1)]) as rig:
        assert await lasts(rig, 4 * ORDERS_SECONDS)
        assert len(rest.asked("OpenOrders")) > 2


async def test_rest_that_does_not_answer_is_no_loss(autojump_clock: MockClock) -> None:
    async with opened(RestTable(OpenOrders="EService:Unavailable")) as rig:
        assert await lasts(rig, 2 * ORDERS_SECONDS)
        await rig.placed(place(1))
        await rig.far.channel("executions", opening(1))
        (event,) = await rig.events(1)
    assert isinstance(event, Accepted)
