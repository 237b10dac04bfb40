"""The venue: one account and its orders, as a value. It takes whatever comes, even one id twice; invariants judge."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from messages.account import OrderFacts, facts_of_accepted
from messages.ids import Nanos, VenueOrderId, answered_by, userref_of
from messages.money import ZERO, fee_of, hold_of
from messages.orders import Place
from tests.trading.strategies.harness import BTC_USD, SETTINGS

TIME = Nanos(1_700_000_000 * 10**9)
"""All events happen at one time: what is early and late is a matter of steps, not of clocks."""


class Venue(Struct, frozen=True):
    """Every order that ever came into being, and what the account holds."""

    quote: Decimal
    base: Decimal = ZERO
    orders: tuple[OrderFacts, ...] = ()

    def of_id(self, order_id: str) -> OrderFacts | None:
        """The newest order with this client id."""
        return next((facts for facts in reversed(self.orders) if facts.order_id == order_id), None)

    def open(self) -> Iterator[OrderFacts]:
        """All open orders."""
        return (facts for facts in self.orders if facts.status == "open")

    @property
    def totals(self) -> dict[str, Decimal]:
        """As the account's balances show them."""
        return {BTC_USD.quote: self.quote, BTC_USD.base: self.base}


def hold(facts: OrderFacts) -> Decimal:
    """What the rest of an open order keeps from other orders."""
    return hold_of(BTC_USD, facts.side, facts.price, facts.volume - facts.filled, SETTINGS.fee)


def affords(venue: Venue, place: Place) -> bool:
    """Whether the account can pay for one more order."""
    total = venue.quote if place.side == "buy" else venue.base
    held = sum((hold(facts) for facts in venue.open() if facts.side == place.side), ZERO)
    return hold(facts_of_accepted(place, VenueOrderId(""), TIME)) <= total - held


def accept(venue: Venue, place: Place) -> tuple[Venue, OrderFacts]:
    """A request arrives; its order rests. The exchange id says which order of its client id it is."""
    number = sum(facts.order_id == place.order_id for facts in venue.orders)
    facts = facts_of_accepted(place, VenueOrderId(f"O-{place.order_id}-{number}"), TIME)
    return replace(venue, orders=(*venue.orders, facts)), facts


def cancel(venue: Venue, facts: OrderFacts) -> tuple[Venue, OrderFacts]:
    """Somebody cancels an open order; the venue says the same of the owner, of the program and of its questions."""
    return _changed(venue, replace(facts, status="canceled", reason="by hand"))


def execute(venue: Venue, facts: OrderFacts, volume: Decimal) -> tuple[Venue, OrderFacts]:
    """So much of an open order is executed at its limit."""
    cost = volume * facts.price
    fee = fee_of(BTC_USD, cost, SETTINGS.fee)
    sign = 1 if facts.side == "buy" else -1
    filled = facts.filled + volume
    after = replace(
        facts,
        filled=filled,
        cost=facts.cost + cost,
        fee=facts.fee + fee,
        status="filled" if filled == facts.volume else "open",
    )
    venue = replace(venue, quote=venue.quote - sign * cost - fee, base=venue.base + sign * volume)
    return _changed(venue, after)


def _changed(venue: Venue, after: OrderFacts) -> tuple[Venue, OrderFacts]:
    orders = tuple(after if facts.exchange_id == after.exchange_id else facts for facts in venue.orders)
    return replace(venue, orders=orders), after


def wrongs(venue: Venue, places: Mapping[str, Place]) -> str:
    """What must never be at the venue; empty when all is well. `places`: what was asked for, by client id."""
    if min(venue.quote, venue.base) < 0:
        return "a balance below nothing: something was spent twice"
    for side, total in (("buy", venue.quote), ("sell", venue.base)):
        if sum((hold(facts) for facts in venue.open() if facts.side == side), ZERO) > total:
            return f"open {side}s hold more than the account has"
    return _doubled(venue, places)


def _doubled(venue: Venue, places: Mapping[str, Place]) -> str:
    by_cause: dict[tuple[int | None, str], list[OrderFacts]] = {}
    for facts in venue.orders:
        if facts.status == "open" or facts.filled:
            by_cause.setdefault((userref_of(facts.order_id), answered_by(places[facts.order_id].cause)), []).append(
                facts
            )
    for orders in by_cause.values():
        if sum(facts.status == "open" for facts in orders) > 1:
            return f"two live orders for one cause, both {orders[0].side}s"
        traded = sum((facts.volume if facts.status == "open" else facts.filled for facts in orders), ZERO)
        if len(orders) > 1 and traded > orders[0].volume:
            return f"one cause, and {orders[0].side}s of more than it asked for"
    return ""
