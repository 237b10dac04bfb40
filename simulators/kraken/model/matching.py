"""Price-time matching: of incoming orders against other traders, and of market prices against resting orders."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from simulators.kraken.model.events import MarketEvent
from simulators.kraken.model.market import NOMINAL_QUANTITY, Market, PublicTrade
from simulators.kraken.model.orders import Order, Side
from simulators.kraken.model.venue import Venue

SELF_TRADE = "Cannot trade with self"
POST_ONLY = "Post only order"
NO_LIQUIDITY = "Insufficient liquidity"
"""Reason of what an IOC, FOK or market order could not fill; the venue's own words are not known."""


def is_matching(venue: Venue, market: Market) -> bool:
    """Whether anything can fill on this pair now."""
    return venue.system == "online" and market.status in ("online", "limit_only")


def crosses(venue: Venue, order: Order) -> bool:
    """Whether the order would take liquidity."""
    market = venue.markets[order.pair]
    price, quantity = market.offer(order.side)
    if price is not None and quantity != 0 and _accepts(order, price):
        return True
    return next(_counterparts(venue, order), None) is not None


def take(venue: Venue, order: Order) -> Order:
    """Match an order that has just arrived; what is left of a limit order rests."""
    market = venue.markets[order.pair]
    if not is_matching(venue, market) or (order.request.tif == "FOK" and _takable(venue, order) < order.volume):
        return _rest(venue, order)
    trades: list[PublicTrade] = []
    while order.is_open and order.remaining:
        counterpart = next(_counterparts(venue, order), None)
        price, quantity = market.offer(order.side)
        quoted = price is not None and quantity != 0 and _accepts(order, price)
        if counterpart is not None and (not quoted or price is None or not _worse(order, counterpart.price, price)):
            order = _against_client(venue, order, counterpart, trades)
        elif quoted and price is not None:
            volume = order.remaining if quantity is None else min(quantity, order.remaining)
            trades.append(venue.tape(market, price, volume, order.side, order))
            market.consume(order.side, volume)
            order = venue.fill(order, volume, price, trades[-1].trade_id, maker=False)
        else:
            break
    if trades:
        market.last = trades[-1].price
        venue.emit(MarketEvent(order.pair, tuple(trades)))
    return _rest(venue, order)


def trade_at(venue: Venue, market: Market, price: Decimal, volume: Decimal | None, side: Side | None) -> None:
    """The market trades at `price`: resting orders that it reaches fill at their own limits, best price first.

    `volume` limits what they get in all; None reaches everything. `side` is the taker's: a sell meets
    buys only; None meets both.
    """
    trades: list[PublicTrade] = []
    rest = volume
    if is_matching(venue, market):
        for order in _reached(venue, market, price, side):
            if rest is not None and rest <= 0:
                break
            filled = order.remaining if rest is None else min(rest, order.remaining)
            rest = None if rest is None else rest - filled
            trades.append(_fill_resting(venue, market, order, filled))
    market.last = price
    if rest is None or rest > 0:
        quantity = NOMINAL_QUANTITY if rest is None else rest
        trades.append(venue.tape(market, price, quantity, side or "sell", None))
    venue.emit(MarketEvent(market.pair.id, tuple(trades)))


def fill_by_hand(venue: Venue, order: Order, volume: Decimal) -> None:
    """A taker takes this volume of a resting order at its limit. Raises `ValueError` for more than is left."""
    if not order.is_open or not 0 < volume <= order.remaining:
        raise ValueError(f"order {order.txid} has no {volume} left")
    market = venue.markets[order.pair]
    trade = _fill_resting(venue, market, order, volume)
    venue.emit(MarketEvent(order.pair, (trade,)))


def rematch(venue: Venue, market: Market) -> None:
    """Matching begins again: what the price passed meanwhile fills now."""
    if market.last is not None and is_matching(venue, market) and _reached(venue, market, market.last, None):
        trade_at(venue, market, market.last, None, None)


def _fill_resting(venue: Venue, market: Market, order: Order, volume: Decimal) -> PublicTrade:
    taker: Side = "sell" if order.side == "buy" else "buy"
    trade = venue.tape(market, order.price, volume, taker, None)
    venue.fill(order, volume, order.price, trade.trade_id, maker=True)
    return trade


def _against_client(venue: Venue, order: Order, counterpart: Order, trades: list[PublicTrade]) -> Order:
    if counterpart.account == order.account:
        return _prevent_self_trade(venue, order, counterpart)
    volume = min(order.remaining, counterpart.remaining)
    market = venue.markets[order.pair]
    trades.append(venue.tape(market, counterpart.price, volume, order.side, order))
    venue.fill(counterpart, volume, counterpart.price, trades[-1].trade_id, maker=True)
    return venue.fill(order, volume, counterpart.price, trades[-1].trade_id, maker=False)


def _prevent_self_trade(venue: Venue, order: Order, counterpart: Order) -> Order:
    mode = order.request.self_trade
    if mode in ("cancel-oldest", "cancel-both"):
        venue.end(counterpart, "canceled", SELF_TRADE)
    return order if mode == "cancel-oldest" else venue.end(order, "canceled", SELF_TRADE)


def _rest(venue: Venue, order: Order) -> Order:
    if not order.is_open:
        return order
    if order.request.ordertype == "market" or order.request.tif in ("IOC", "FOK"):
        return venue.end(order, "canceled", NO_LIQUIDITY)
    return order


def _takable(venue: Venue, order: Order) -> Decimal:
    """How much could be had at once."""
    price, quantity = venue.markets[order.pair].offer(order.side)
    if price is not None and _accepts(order, price):
        if quantity is None:
            return order.volume
        return quantity + sum(other.remaining for other in _counterparts(venue, order))
    return sum((other.remaining for other in _counterparts(venue, order)), Decimal(0))


def _accepts(order: Order, price: Decimal) -> bool:
    if order.request.ordertype == "market":
        return True
    return price <= order.price if order.side == "buy" else price >= order.price


def _worse(order: Order, price: Decimal, than: Decimal) -> bool:
    return price > than if order.side == "buy" else price < than


def _counterparts(venue: Venue, order: Order) -> Iterator[Order]:
    """Resting orders of clients that the order could trade with, best price first, then the oldest."""
    others = (other for other in venue.orders.resting(order.pair) if other.side != order.side)
    return iter(sorted((other for other in others if _accepts(order, other.price)), key=_priority))


def _reached(venue: Venue, market: Market, price: Decimal, side: Side | None) -> list[Order]:
    """Resting orders that a trade at `price` fills."""
    at = venue.behaviour.fill_rule == "at"

    def meets(order: Order) -> bool:
        if side == order.side:
            return False
        beyond = price < order.price if order.side == "buy" else price > order.price
        return beyond or (at and price == order.price)

    return sorted((order for order in venue.orders.resting(market.pair.id) if meets(order)), key=_priority)


def _priority(order: Order) -> tuple[Decimal, int]:
    return (-order.price if order.side == "buy" else order.price, order.number)


def live(venue: Venue, order: Order) -> Order:
    """The order enters the engine: `new`."""
    return venue.keep(replace(order, status="open"), "new")
