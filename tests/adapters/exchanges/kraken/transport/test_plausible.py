from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from adapters.exchanges.kraken.transport.plausible import AHEAD, Plausible
from messages.account import AccountSnapshot, History, OrderFacts
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.mailboxes import ExchangeEvent
from messages.market import Tick
from messages.orders import Filled, Rejected

NOW = 1_700_000_000 * 10**9
HOUR = 3600 * 10**9
ONE = Decimal(1)


def filled(time: int) -> Filled:
    return Filled(
        order_id=ClientOrderId("order"),
        exchange_id=VenueOrderId("EX"),
        fill_id="fill",
        filled=ONE,
        cost=ONE,
        fee=ONE,
        time=Nanos(time),
    )


def facts(time: int) -> OrderFacts:
    return OrderFacts(
        order_id=ClientOrderId("order"),
        exchange_id=VenueOrderId("EX"),
        symbol="BTC/USD",
        side="buy",
        price=ONE,
        volume=ONE,
        status="filled",
        filled=ONE,
        cost=ONE,
        fee=ONE,
        reason="unclear",
        time=Nanos(time),
    )


@pytest.mark.parametrize(
    ("time", "told"), [(NOW + HOUR, NOW), (NOW + AHEAD + 1, NOW), (NOW + AHEAD, NOW + AHEAD), (NOW - HOUR, NOW - HOUR)]
)
async def test_nothing_has_happened_in_the_future(time: int, told: int) -> None:
    plausible = Plausible(lambda: NOW)
    assert plausible.of(filled(time)).time == told
    assert plausible.of(Tick("BTC/USD", ONE, Nanos(time))).time == told
    assert plausible.snapshot(AccountSnapshot({}, (facts(time),))).open_orders[0].time == told
    assert plausible.history(History(0, (facts(time),))).orders[0].time == told

    async def said() -> AsyncIterator[ExchangeEvent]:
        yield filled(time)
        yield Rejected(order_id=ClientOrderId("order"), reason="funds", text="too little", time=Nanos(time))

    events = plausible.events(said())
    first = await anext(events)
    assert isinstance(first, Filled)
    assert first.time == told
    assert isinstance(await anext(events), Rejected)
    with pytest.raises(StopAsyncIteration):
        await anext(events)
