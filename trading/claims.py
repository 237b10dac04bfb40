"""What a decision core says of its orders at a start, held against the books of its strategy.

Pure. The order-manager relies on it: a sell that is not named, or executed less than it was, would sell its base
twice.
"""

from collections.abc import Iterable
from decimal import Decimal, localcontext

from msgspec.structs import replace

from messages.account import LiveOrder, OrdersFound
from messages.money import EXACT
from messages.orders import Place
from trading.books import Books, Entry, plain
from trading.demand import Bounds, CoreFailed, shown


def check_live(orders: tuple[LiveOrder, ...], books: Books, bounds: Bounds, claim: Decimal) -> tuple[LiveOrder, ...]:
    """The orders as the order-manager may have them. `claim`: what the core says that it owns, in base.

    Raises `CoreFailed`.
    """
    named = set()
    counted = books.owned
    checked = []
    with localcontext(EXACT):
        for live in orders:
            entry = _known(live, books, bounds)
            named.add(live.place.order_id)
            if not entry.is_owners:
                counted += (entry.filled - live.filled) * (-1 if entry.side == "buy" else 1)
            place = live.place
            if entry.placed is not None:  # amended by hand, which a core may leave unheard
                place = replace(place, price=entry.price, volume=entry.volume)
            checked.append(replace(live, place=place, accepted=live.accepted or entry.accepted))
    for order_id, entry in books.orders.items():
        if order_id not in named and not entry.over:
            raise CoreFailed(
                f"it does not name its open {entry.side} of {plain(entry.volume)} at {plain(entry.price)} ({order_id})"
            )
    if claim > counted:
        raise CoreFailed(
            f"it says that it owns {plain(claim)} {bounds.pair.base}, "
            f"while the fills that it counts have brought {plain(counted)}"
        )
    return tuple(checked)


def _known(live: LiveOrder, books: Books, bounds: Bounds) -> Entry:
    place = live.place
    entry, named = books.orders.get(place.order_id), f"it names {shown(place)} ({place.order_id}) as its own"
    if entry is None:
        raise CoreFailed(f"{named}, which it never asked for")
    if (place.strategy, place.symbol) != (bounds.userref, bounds.pair.symbol):
        raise CoreFailed(f"{named}, of userref {place.strategy!r} and {place.symbol!r}")
    before = f"a {entry.side} of {plain(entry.volume)} at {plain(entry.price)}"
    is_as_asked = place.side == entry.side and (place.price, place.volume) == (entry.price, entry.volume)
    if not is_as_asked and (entry.placed is None or place.side != entry.side):
        raise CoreFailed(f"{named}, which is {before}")
    if live.filled > entry.filled:
        raise CoreFailed(f"{named} with {plain(live.filled)} executed: its fills are {plain(entry.filled)}")
    part = live.placed
    if place.side == "sell" and part is not None and (entry.placed is None or part < entry.placed):
        raise CoreFailed(f"{named}, {plain(part)} of it, and the rest as its owner's: it was not amended")
    return entry


def check_recovery(adopted: Iterable[Place], found: OrdersFound, bounds: Bounds) -> None:
    """Only what the exchange has shown is taken over. Raises `CoreFailed`."""
    shown_orders = {facts.order_id: facts for facts in found.orders}
    for place in adopted:
        facts = shown_orders.get(place.order_id)
        if facts is None or place.strategy != bounds.userref:
            raise CoreFailed(f"it takes over {shown(place)} ({place.order_id}), which the exchange does not show")
        if (place.symbol, place.side, place.price, place.volume) != (
            facts.symbol,
            facts.side,
            facts.price,
            facts.volume,
        ):
            was = f"a {facts.side} of {plain(facts.volume)} at {plain(facts.price)} of {facts.symbol}"
            raise CoreFailed(f"it takes over {shown(place)} of {place.symbol}, which is {was}")
