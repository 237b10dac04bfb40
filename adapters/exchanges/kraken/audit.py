"""Whether the stream still tells the truth.

A frame that is lost shows as a gap only when the next one of its channel comes, and the last one before a quiet hour
has none. So what the stream says is held against what else is known: the ledger, and now and then the open orders.
"""

import logging

import trio

from adapters.exchanges.kraken.rest import PrivateRest
from adapters.exchanges.kraken.stream import AccountStream
from adapters.exchanges.kraken.turns import Urgency
from adapters.exchanges.kraken.wire.rest import OpenOrders
from adapters.interfaces import ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

LEDGER_SECONDS = 5
"""Between two looks at what the stream itself has said."""
ORDERS_SECONDS = 600
"""Between two questions for the open orders."""
LAG_SECONDS = 90
"""REST may show the past for so long: a difference that is still there afterwards is real."""


async def watch_ledger(stream: AccountStream) -> None:
    """For ever. Raises `ExchangeUnavailable` for a fill that moved money and was never told."""
    while True:
        await trio.sleep(LEDGER_SECONDS)
        stream.check_movements()


async def watch_orders(rest: PrivateRest, stream: AccountStream) -> None:
    """For ever. Raises `ExchangeUnavailable` when the stream shows other open orders than REST, twice."""
    while True:
        await trio.sleep(ORDERS_SECONDS)
        suspects = await _differences(rest, stream)
        if suspects:
            await trio.sleep(LAG_SECONDS)
            suspects &= await _differences(rest, stream)
        if suspects:
            raise ExchangeUnavailable(f"the stream and REST differ about order {min(suspects)}: something is lost")


async def _differences(rest: PrivateRest, stream: AccountStream) -> set[str]:
    """Exchange ids of orders that are open on one side only; none when REST does not answer."""
    try:
        answer = await rest.read("OpenOrders", OpenOrders, urgency=Urgency.BACKGROUND)
    except ExchangeUnavailable as error:
        logger.info("the open orders cannot be compared: %s", error)
        return set()
    shown = {order.exchange_id for order in stream.orders.open_orders()}
    return shown ^ answer.open.keys()
