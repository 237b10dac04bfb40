"""The guard's own account of a strategy: what its orders are and what their fills brought, whatever its core says.

Pure. It is committed together with the core's state, so that the two never differ by an event. Amounts are in base.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext

import msgspec
from msgspec import Struct, field

from messages.account import LiveOrder
from messages.money import EXACT, ZERO, Side, own_part, owned_after
from messages.orders import Accepted, Amended, Canceled, Filled, OrderEvent, PartiallyFilled, Place, Rejected


class Entry(Struct, array_like=True):
    """One order from the decision on until its closure is known."""

    side: Side
    price: Decimal
    volume: Decimal
    filled: Decimal = ZERO
    own: Decimal = ZERO
    """How much of a sell's volume was to come from the strategy's own base; 0 for a buy."""
    placed: Decimal | None = None
    """Part of the volume that is the strategy's, in base: what an order amended by hand was placed with, 0 for an order
    of the account owner. None: all of it."""
    accepted: bool = False
    leaving: bool = False
    """A cancel was asked for."""
    over: bool = False
    """It was reported as filled although its volume is larger."""
    extra: bool = False
    """It offers what is left, first of all its owner's base: nothing of what buys brought is kept for it."""

    @property
    def rest(self) -> Decimal:
        """What is not executed of the strategy's own volume."""
        return max((self.volume if self.placed is None else min(self.volume, self.placed)) - self.filled, ZERO)

    @property
    def own_rest(self) -> Decimal:
        """How much of the strategy's own base it still offers; what its owner added by hand is executed last."""
        return min(self.own, self.rest)

    @property
    def is_owners(self) -> bool:
        """A sell that was taken over and offers nothing of the strategy's."""
        return self.side == "sell" and self.placed is not None and not self.placed

    @property
    def rests(self) -> bool:
        """Whether it keeps funds that nothing has freed yet."""
        return not self.leaving and not self.over


class Books(Struct):
    """Independent books of one strategy, against which its core's answers are checked."""

    owned: Decimal = ZERO
    """Base that its fills brought, less what they took away; never below zero."""
    said: Decimal | None = None
    """What the core said last that it owns."""
    may_rise: Decimal = ZERO
    """By how much that may rise: what buys brought since, and those that are not complete before."""
    newest: int = 0
    """Newest time that the strategy received, in nanoseconds UTC; 0 when none is known."""
    orders: dict[str, Entry] = field(default_factory=dict)

    def place(self, place: Place, own: Decimal = ZERO) -> None:
        """It was asked for; `own`: how much of a sell is offered from the strategy's own base."""
        self.orders[place.order_id] = Entry(place.side, place.price, place.volume, own=own, extra=place.kind == "extra")

    def take_over(self, orders: Iterable[LiveOrder]) -> None:
        """As the core has them: of an older journal, or just found at the exchange."""
        with localcontext(EXACT):
            left = self.free()
            for live in orders:
                place = live.place
                entry = Entry(place.side, place.price, place.volume, live.filled, ZERO, live.placed)
                entry.accepted, entry.leaving, entry.extra = live.accepted, live.canceling, place.kind == "extra"
                if place.side == "sell":
                    entry.own = min(entry.rest, max(left, ZERO))
                    left -= entry.own
                self.orders[place.order_id] = entry

    def free(self) -> Decimal:
        """Own base that no sell offers."""
        return self.owned - sum((o.own_rest for o in self.orders.values() if o.side == "sell" and o.rests), ZERO)

    def promised_besides(self, order: Entry) -> Decimal:
        """What others offer of what buys brought, those that are being cancelled included."""
        others = (o for o in self.orders.values() if o.side == "sell" and o is not order)
        return sum((o.rest for o in others if not o.extra), ZERO)

    def follow(self, event: OrderEvent, *, sells_unowned: bool = False) -> None:
        """What became of one order. Quantities are cumulative: doubled and late events change nothing.

        `sells_unowned`: whether the strategy may sell base that no strategy bought.
        """
        self.newest = max(self.newest, event.time)
        order = self.orders.get(event.order_id)
        if order is None:
            return
        match event:
            case Accepted():
                order.accepted = True
            case Amended():
                order.accepted = True
                if (order.price, order.volume) != (event.price, event.volume):
                    order.placed = order.volume if order.placed is None else order.placed
                    order.price, order.volume = event.price, event.volume
            case Rejected():
                if not order.accepted:
                    del self.orders[event.order_id]
            case PartiallyFilled() | Filled() | Canceled():
                order.accepted = order.accepted or bool(event.exchange_id)
                self._executed(order, event.filled, sells_unowned)
                if isinstance(event, Canceled) or order.filled >= order.volume:
                    del self.orders[event.order_id]
                elif isinstance(event, Filled):
                    order.over = True

    def _executed(self, order: Entry, filled: Decimal, sells_unowned: bool) -> None:
        if filled <= order.filled:
            return
        with localcontext(EXACT):
            volume = filled - order.filled
            own = ZERO if sells_unowned else own_part(volume, order.filled, order.placed)
            order.filled = filled
            if order.is_owners:
                return
            self.owned = owned_after(order.side, volume, self.owned, self.promised_besides(order), own)
            if order.side == "buy":
                self.may_rise += volume

    def say(self, claim: Decimal, heard: Mapping[str, Decimal] | None = None) -> str:
        """Hold against it what the core says that it owns: what is wrong with that, else nothing.

        `heard`: how much of each order the core has counted, where that is known. One that counts an order only
        once it is complete is no liar.
        """
        with localcontext(EXACT):
            brought = self.owned
            for order_id, filled in (heard or {}).items():
                if (order := self.orders.get(order_id)) and not order.is_owners:
                    brought += (order.filled - filled) * (-1 if order.side == "buy" else 1)
            if claim > brought:
                return f"it says that it owns {plain(claim)}, while its fills have brought {plain(brought)}"
            rise = claim - self.said if self.said is not None else ZERO
            if rise > self.may_rise:
                more = f"its fills have brought {plain(self.may_rise)} since"
                return f"it says that it owns {plain(claim)} after {plain(self.said or ZERO)}, while {more}"
            if rise > 0:
                self.may_rise -= rise
            if not any(order.side == "buy" and order.filled for order in self.orders.values()):
                self.may_rise = ZERO
            self.said = claim
        return ""

    def recovered(self, claim: Decimal, most: Decimal) -> None:
        """Orders without a past were taken over: their sells may offer up to `most` that was bought before."""
        with localcontext(EXACT):
            self.owned += max(min(claim - self.owned, most), ZERO)
            self.said = None


def load(text: str) -> Books | None:
    """What `save` wrote; None for an older journal, or a text that is none of ours."""
    try:
        return msgspec.json.decode(text, type=Books) if text else None
    except msgspec.DecodeError:
        return None


def save(books: Books) -> str:
    """The account as JSON text."""
    return msgspec.json.encode(books).decode()


def plain(amount: Decimal) -> str:
    """For a sentence."""
    return f"{amount.normalize():f}" if amount else "0"
