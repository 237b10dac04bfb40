"""Closed orders of the time before this program ran."""

from typing import Any

from adapters.exchanges.kraken.clock import SECOND
from adapters.exchanges.kraken.closures import LOOK_BACK
from tests.adapters.exchanges.kraken.support import START, Message, RestTable, opened, order_id

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


async def test_without_a_count_an_empty_page_is_the_end() -> None:
    rest = RestTable(ClosedOrders=Pages({f"O{n}": closed(n) for n in range(50)}, counted=False))
    async with opened(rest) as rig:
        assert len((await rig.session.closed(START)).orders) == 50
    assert len(rest.asked("ClosedOrders")) == 2


async def test_what_is_known_is_not_asked_for_again_but_what_is_older_is() -> None:
    rest = RestTable(ClosedOrders=Pages({"O1": closed(1)}))
    async with opened(rest) as rig:
        first = await rig.session.closed(START)
        assert await rig.session.closed(START + 5 * SECOND) is first
        assert len(rest.asked("ClosedOrders")) == 1
        everything = await rig.session.closed(0)
    assert START - LOOK_BACK <= everything.since < first.since
    assert len(rest.asked("ClosedOrders")) == 2
