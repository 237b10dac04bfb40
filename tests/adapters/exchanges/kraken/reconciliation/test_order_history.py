"""Closed orders of the time before this program ran."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.reconciliation.order_history import LOOK_BACK
from adapters.exchanges.kraken.transport.server_clock import SECOND
from messages.account import HistoryProgress
from tests.adapters.exchanges.kraken.support import START, Message, RestTable, make_account, opened, order_id
from trading.ports import ExchangeUnavailable

PAGE = 50


def closed(number: int, cl_ord_id: str | None = None) -> Message:
    """An order of ClosedOrders."""
    return {
        "cl_ord_id": cl_ord_id or order_id(number),
        "status": "closed",
        "opentm": 1_789_999_000 + number,
        "closetm": 1_789_999_500 + number,
        "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "60000.0"},
        "vol": "0.00250000",
        "vol_exec": "0.00250000",
        "cost": "150.00000",
        "fee": "0.37500",
        "reason": None,
    }


class Pages:
    """ClosedOrders as Kraken pages it."""

    def __init__(self, orders: dict[str, Message], *, counted: bool = True) -> None:
        self.orders = orders
        self.counted = counted

    def __call__(self, body: Message) -> dict[str, Any]:
        first = int(body.get("ofs", 0))
        names = list(self.orders)[first : first + PAGE]
        page: dict[str, Any] = {"closed": {name: self.orders[name] for name in names}}
        return page | ({"count": len(self.orders)} if self.counted else {})


async def test_all_pages_are_read_and_only_orders_with_our_mark_count() -> None:
    orders = {f"O{n}": closed(n) for n in range(120)} | {"OX": closed(0, "somebody-elses")}
    rest = RestTable(ClosedOrders=Pages(orders))
    async with opened(rest) as rig:
        history = await rig.session.closed(START)
    assert {facts.exchange_id for facts in history.orders} == set(orders) - {"OX"}
    assert history.since == START - 60 * SECOND
    asked = rest.asked("ClosedOrders")
    assert [body.get("ofs", 0) for body in asked] == [0, 50, 100]
    assert {body["start"] for body in asked} == {str(history.since // SECOND)}


async def test_odd_rows_of_others_hide_no_page() -> None:
    odd: Message = {"status": "unheard of", "vol": None, "descr": {"ordertype": "market"}}
    orders = {f"OX{n}": {**odd, "cl_ord_id": None if n % 2 else order_id(n)} for n in range(PAGE)}
    rest = RestTable(ClosedOrders=Pages({**orders, "O1": closed(1)}, counted=False))
    async with opened(rest) as rig:
        history = await rig.session.closed(START)
    assert [facts.exchange_id for facts in history.orders] == ["O1"]


@pytest.mark.parametrize("odd", [{"vol": None}, {"status": "x"}, {"cl_ord_id": 7}, {"descr": None}])
async def test_a_row_that_may_be_ours_and_cannot_be_read_is_no_answer(autojump_clock: MockClock, odd: Message) -> None:
    async with opened(RestTable(ClosedOrders=Pages({"O1": {**closed(1), **odd}}))) as rig:
        with pytest.raises(ExchangeUnavailable):
            await rig.session.closed(START)


async def test_without_a_count_an_empty_page_is_the_end() -> None:
    rest = RestTable(ClosedOrders=Pages({f"O{n}": closed(n) for n in range(50)}, counted=False))
    async with opened(rest) as rig:
        assert len((await rig.session.closed(START)).orders) == 50
    assert len(rest.asked("ClosedOrders")) == 2


async def test_what_is_known_is_not_asked_for_again_but_what_is_older_is() -> None:
    rest = RestTable(ClosedOrders=Pages({"O1": closed(1)}))
    async with opened(rest) as rig:
        first = await rig.session.closed(START)
        assert await rig.session.closed(START + 5 * SECOND) == first
        assert len(rest.asked("ClosedOrders")) == 1
        everything = await rig.session.closed(0)
    assert START - LOOK_BACK <= everything.since < first.since
    assert len(rest.asked("ClosedOrders")) == 2


async def test_a_look_far_back_holds_up_no_other_question_and_says_how_far_it_is(autojump_clock: MockClock) -> None:
    """A strategy joins an account with 2,000 closed orders while another one comes back."""
    far, near = {f"O{n}": closed(n) for n in range(2000)}, {"O1": closed(1)}
    recent = str(START // SECOND - 60)
    rest = RestTable(ClosedOrders=lambda body: Pages(far if body["start"] < recent else near)(body))
    async with opened(rest) as rig, trio.open_nursery() as nursery:
        nursery.start_soon(rig.session.closed, 0)
        await trio.sleep(100)
        pages = len(rest.asked("ClosedOrders"))
        assert 2 < pages < 20
        before = trio.current_time()
        assert [facts.exchange_id for facts in (await rig.session.closed(START)).orders] == ["O1"]
        assert trio.current_time() == before
        assert await rig.events(2) == [HistoryProgress(50, 2000), HistoryProgress(100, 2000)]
        with trio.fail_after(600):
            assert len((await rig.session.closed(0)).orders) == 2000
    assert len(rest.asked("ClosedOrders")) == 41


async def test_a_look_far_back_goes_on_where_a_lost_connection_left_it(autojump_clock: MockClock) -> None:
    rest = RestTable(ClosedOrders=Pages({f"O{n}": closed(n) for n in range(500)}))
    account = make_account(rest)
    async with opened(rest, account=account) as rig:
        with trio.move_on_after(20):
            await rig.session.closed(0)
    asked = len(rest.asked("ClosedOrders"))
    async with opened(rest, account=account) as rig:
        assert len((await rig.session.closed(0)).orders) == 500
    offsets = [body["ofs"] for body in rest.asked("ClosedOrders")]
    assert 2 < asked < 10
    assert offsets[:10] == [50 * page for page in range(10)]
    # The newest ones once more: what was closed between the two sessions was told by neither.
    assert offsets[10:].count(0) == 1


async def test_history_waits_for_the_rate_limit_and_ends_no_session(autojump_clock: MockClock) -> None:
    """An earlier run of the program, or another one, has used it up."""
    rest = RestTable(ClosedOrders=["EAPI:Rate limit exceeded", "EAPI:Rate limit exceeded", {"closed": {}, "count": 0}])
    async with opened(rest) as rig:
        assert (await rig.session.closed(START)).orders == ()
        assert trio.current_time() > 10
        assert await rig.quiet()


async def test_a_server_clock_that_steps_back_causes_no_second_look(autojump_clock: MockClock) -> None:
    rest = RestTable(ClosedOrders=Pages({"O1": closed(1)}))
    async with opened(rest) as rig:
        await rig.session.closed(0)
        rig.account.clock.stated(rig.account.clock.now() - SECOND)
        await rig.session.closed(0)
        await rig.session.lookup([order_id(1)])
    assert len(rest.asked("ClosedOrders")) == 1
