"""Before anything trades: may a strategy without a past take over the open orders that carry its userref?"""

from collections.abc import Callable, Mapping

from messages.ids import userref_of
from supervision.state_keeper import StateKeeper
from trading.ports import FeelsCompany, UnknownOrderError


async def prove_alone(
    exchange: FeelsCompany, newcomers: Mapping[int, str], states: StateKeeper, now: Callable[[], int], *, adopt: bool
) -> None:
    """Strategies without a past take over open orders only if these may be their own and no other process shows.

    Others rest. `newcomers` are symbols by userref, `now` is nanoseconds UTC. Raises `UnknownOrderError` where no
    strategy is left that could trade.
    """
    with states.strangers.proving(now) as waits:
        found = await exchange.orders_in_doubt(newcomers, waits, adopt=adopt)
    for userref, order in {userref_of(order.facts.order_id) or 0: order for order in reversed(found)}.items():
        error = UnknownOrderError.of(order.facts, userref, order.why)
        if states.nobody_else_trades(userref):
            raise error
        states.barred(userref, str(error))
