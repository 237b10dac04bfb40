"""Orders over REST, for the time in which the WebSocket shows the account but takes no requests."""

from collections.abc import Sequence

from adapters.exchanges.kraken.limits.turns import Urgency
from adapters.exchanges.kraken.transport.rest_client import PrivateRest
from adapters.exchanges.kraken.wire.error_texts import KrakenError
from adapters.exchanges.kraken.wire.names import PairTable
from adapters.exchanges.kraken.wire.private_socket import Placed, rest_order
from adapters.exchanges.kraken.wire.rest_results import AddedBatch, AddedOrder, CancelResult
from adapters.exchanges.kraken.wire.values import stamp_of
from messages.ids import ClientOrderId
from messages.orders import Place

_ORDER_CALL = 0.0
"""Order calls do not count against the REST budget; the pair's own counter has them already."""


class RestOrders:
    """Order requests over REST, with the answers that they have over the socket."""

    def __init__(self, rest: PrivateRest, names: PairTable) -> None:
        self._rest = rest
        self._names = names

    async def place(self, orders: Sequence[Place], deadline: int) -> list[Placed] | str:
        """An answer to each order, or the error that all of them met."""
        common: dict[str, object] = {**self._pair(orders[0].symbol), "deadline": stamp_of(deadline)}
        try:
            if len(orders) == 1:
                added = [
                    await self._rest.call(
                        "AddOrder", AddedOrder, _ORDER_CALL, urgency=Urgency.ORDER, **rest_order(orders[0]), **common
                    )
                ]
            else:
                listed = [rest_order(order) for order in orders]
                batch = await self._rest.call(
                    "AddOrderBatch", AddedBatch, _ORDER_CALL, urgency=Urgency.ORDER, orders=listed, **common
                )
                added = batch.readable()
        except KrakenError as error:
            return error.text
        return [Placed(order_id=one.order_id or None, error=one.error) for one in added]

    async def cancel(self, order_ids: Sequence[ClientOrderId]) -> str | None:
        """The error, if there is one."""
        try:
            if len(order_ids) == 1:
                await self._rest.call(
                    "CancelOrder", CancelResult, _ORDER_CALL, urgency=Urgency.ORDER, cl_ord_id=order_ids[0]
                )
            else:
                await self._rest.call(
                    "CancelOrderBatch", CancelResult, _ORDER_CALL, urgency=Urgency.ORDER, cl_ord_ids=list(order_ids)
                )
        except KrakenError as error:
            return error.text
        return None

    def _pair(self, symbol: str) -> dict[str, str]:
        pair = self._names.find(symbol)
        return {"pair": pair.altname, **pair.of_class()} if pair else {"pair": symbol}
