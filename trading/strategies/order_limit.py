"""The exchange's limit of open orders per pair: the farthest sells wait, what is near the market goes first.

The exchange does not publish the limit. The first refusal shows it: as many orders as are open then. One more is tried
from time to time, because orders of others count too and may be gone.
"""

from decimal import Decimal

from trading.strategies.ladder import Ladder
from trading.strategies.state import OwnOrder

REASON = "order limit"
TRY_MORE_AFTER = 600 * 10**9
"""Nanoseconds of data time after a refusal until one order more is tried."""
ASK_FOR_ROOM_AFTER = 60 * 10**9
"""Nanoseconds until another try of a buy where strategies share the limit: the adapter knows whether there is room."""


def refused(ladder: Ladder, time: int) -> None:
    """The exchange takes no more orders: what is open now is what fits, and the farthest sells make room."""
    until = max(time, ladder.now) + TRY_MORE_AFTER
    ladder.limit.shown(_accepted(ladder), until)
    ladder.buy_retry.asks_for_place_at(until)
    withdraw_far_sells(ladder)


def without_room(ladder: Ladder, time: int) -> None:
    """The strategies of the pair fill it together: sells come first, so none is withdrawn for a buy."""
    until = max(time, ladder.now) + ASK_FOR_ROOM_AFTER
    ladder.limit.shared(until)
    ladder.buy_retry.asks_for_place_at(until)


def make_room(ladder: Ladder) -> None:
    """A counter-sell found no room: the lowest buy leaves its place to it."""
    if any(order.phase == "canceling" for order in ladder.state.orders.values()):
        return  # a place comes free
    for order in reversed(ladder.buys()):
        if order.phase == "open" and not order.filled:
            ladder.cancel(order)
            return


def accepted(ladder: Ladder) -> None:
    """An order was accepted: at least as many as are open now fit."""
    if ladder.limit.known is not None:
        ladder.limit.holds(_accepted(ladder))


def has_room(ladder: Ladder) -> bool:
    """Whether one more order may be asked for."""
    limit = _limit(ladder)
    return limit is None or len(ladder.state.orders) < limit


def has_room_for_buy(ladder: Ladder) -> bool:
    """Whether one more buy may be asked for: not in the place of a near sell that waits for one."""
    limit, capacity = _limit(ladder), _capacity_for_sells(ladder)
    if limit is None or capacity is None:
        return True
    waiting = sum(sell.reason == REASON for sell in ladder.state.remembered.values())
    owed = min(waiting, max(capacity - len(_counter_sells(ladder)), 0))
    return len(ladder.state.orders) + owed < limit


def admits_sell(ladder: Ladder, price: Decimal) -> bool:
    """Whether a remembered sell at `price` belongs to the nearest ones that fit beside the buys, and there is room."""
    capacity = _capacity_for_sells(ladder)
    if capacity is None:
        return True
    ahead = sum(order.price <= price or not _may_come_back(order) for order in _counter_sells(ladder))
    return ahead < capacity and has_room(ladder)


def withdraw_far_sells(ladder: Ladder) -> None:
    """Cancel the sells that leave no room for buys or for nearer sells; their fills stay answered: they are remembered.

    One that is partly filled stays, since its rest could be too small to come back.
    """
    capacity = _capacity_for_sells(ladder)
    if capacity is None:
        return
    sells = _counter_sells(ladder)
    capacity -= sum(not _may_come_back(order) for order in sells)
    movable = [order for order in sells if _may_come_back(order)]
    waiting = [sell.price for sell in ladder.state.remembered.values()]
    for place, order in enumerate(movable):
        if place + sum(price < order.price for price in waiting) >= capacity:
            ladder.cancel(order)


def _counter_sells(ladder: Ladder) -> list[OwnOrder]:
    return [order for order in ladder.sells() if order.kind == "counter"]


def _may_come_back(order: OwnOrder) -> bool:
    return order.phase == "open" and not order.filled and not order.is_owners


def _capacity_for_sells(ladder: Ladder) -> int | None:
    """How many counter-sells fit beside the buys that the ladder wants; None while no limit is known."""
    limit = _limit(ladder)
    if limit is None:
        return None
    may_grow = ladder.buy_retry.reason in ("", REASON)
    wanted_buys = ladder.settings.max_open_buys if may_grow else len(ladder.buys())
    others = sum(order.side == "sell" and order.kind != "counter" for order in ladder.state.orders.values())
    # More buys than the venue takes would leave no place for what they bring: half of all is the sells'.
    return max(limit - wanted_buys - others, (limit - others) // 2, 1)


def _limit(ladder: Ladder) -> int | None:
    return ladder.limit.at(ladder.now)


def _accepted(ladder: Ladder) -> int:
    return sum(bool(order.exchange_id) for order in ladder.state.orders.values())
