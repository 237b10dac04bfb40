"""Whether the stream's open orders are still those of REST.

A frame that is lost shows as a gap only when the next one of its channel comes, and the last one before a quiet hour
has none. So what the stream says is held against what else is known: the ledger, and now and then the open orders.
"""

import logging

import trio

from adapters.exchanges.kraken.account.stream import AccountStream
from adapters.exchanges.kraken.limits.turns import Urgency
from adapters.exchanges.kraken.transport.rest_client import PrivateRest
from adapters.exchanges.kraken.wire.rest_results import OpenOrders
from messages.ids import NO_CLIENT_ID, VenueOrderId
from trading.ports import ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

LEDGER_SECONDS = 5
"""Between two looks at what the stream itself has said."""
ORDERS_SECONDS = 600
"""Between two questions for the open orders."""
LAG_SECONDS = 90
"""Seconds for which REST may show the past: a difference that is still there afterwards is real."""


async def watch_ledger(stream: AccountStream) -> None:
    """For ever. Raises `ExchangeUnavailable` for a fill that moved money and was never told."""
    while True:
        await trio.sleep(LEDGER_SECONDS)
        stream.check_movements()


async def watch_orders(rest: PrivateRest, stream: AccountStream, odd: set[str]) -> None:
    """For ever. Raises `ExchangeUnavailable` when the stream shows other open orders than REST, twice.

    `odd` outlives the session: orders of others about which a resync changed nothing. They end no further session.
    """
    while True:
        await trio.sleep(ORDERS_SECONDS)
        suspects = await _differences(rest, stream)
        if suspects.keys() - odd:
            await trio.sleep(LAG_SECONDS)
            again = await _differences(rest, stream)
            suspects = {exchange_id: ours for exchange_id, ours in suspects.items() if exchange_id in again}
        news = suspects.keys() - odd
        odd |= {exchange_id for exchange_id in news if not suspects[exchange_id]}
        if news:
            raise ExchangeUnavailable(f"the stream and REST differ about order {min(news)}: something is lost")


async def _differences(rest: PrivateRest, stream: AccountStream) -> dict[VenueOrderId, bool]:
    """Exchange ids of orders that are open on one side only, and whether they are ours; none without an answer."""
    try:
        answer = await rest.read("OpenOrders", OpenOrders, urgency=Urgency.BACKGROUND)
    except ExchangeUnavailable as error:
        logger.info("the open orders cannot be compared: %s", error)
        return {}
    shown = {order.exchange_id: order for order in stream.orders.open_orders()}
    own = stream.orders.own
    ours = {key for key, order in answer.open.items() if own.claims(order.cl_ord_id or NO_CLIENT_ID, order.descr.pair)}
    ours |= {key for key, order in shown.items() if own.claims(order.order_id, order.symbol)}
    return {key: key in ours for key in shown.keys() ^ answer.rows.keys()}
