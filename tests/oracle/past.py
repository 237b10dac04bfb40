"""What the venue has shown of one strategy, in its own terms: what is open, what a fill brought, what is left over."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import combinations

from msgspec import Struct

from simulators.kraken.model.orders import Order
from tests.oracle import terms as rules
from tests.oracle.ids import Cause, Ids
from tests.oracle.surroundings import CLEAR, STORM, Surroundings

ZERO = Fraction(0)


class Leftover(Struct, frozen=True):
    """What a partly filled buy left, or what the sell of a surplus did not bring away."""

    time: int
    volume: Fraction
    price: Fraction


class Past:
    """Of one strategy."""

    def __init__(self, userref: int, lineage: str, around: Surroundings) -> None:
        self.ids = Ids(userref, lineage)
        self.leftovers: list[Leftover] = []
        """Since there was no surplus."""
        self.offered = ZERO
        """Of them."""
        self.highest = ZERO
        """Of all completely filled buys."""
        self.unsure = False
        """Whether its owner amended an order, or cancelled one that the program may not have seen open."""
        self.owned = ZERO
        """Bought minus sold; what was sold beyond that was the owner's."""
        self.opened: dict[str, Order] = {}
        self.lately: list[Order] = []
        """Orders that were closed, newest last."""
        self.ended_by_others: set[str] = set()
        """Exchange ids of orders that somebody else cancelled."""
        self.changes: list[int] = []
        self.closings: list[int] = []
        self.causes: dict[str, Cause] = {}
        self.answers: dict[str, list[str]] = {}
        self.orders: dict[str, Order] = {}
        self._around = around

    @property
    def slack(self) -> int:
        """How old a decision may be, in nanoseconds."""
        return CLEAR if self._around.clear else STORM

    def placed(self, order: Order, cause: Cause) -> None:
        """An order arrived."""
        self.opened[order.txid] = self.orders[order.txid] = order
        self.causes[order.txid] = cause
        self.changes.append(order.opened)

    def book(self, before: Order, after: Order) -> None:
        """What was executed of an order."""
        volume = Fraction(after.filled - before.filled)
        if after.side == "buy":
            self.owned += volume
        elif volume:
            others = [o for o in self.sells() if o.txid != after.txid and self.causes[o.txid].kind != "extra"]
            promised = sum((Fraction(o.remaining) for o in others), ZERO)
            self.owned = rules.left_of(self.owned, volume, promised)

    def own_base(self) -> Fraction:
        """Bought, not sold and not offered."""
        return sum((-Fraction(order.remaining) for order in self.sells()), self.owned)

    @property
    def surplus(self) -> Fraction:
        """Base of partly filled and then cancelled buys that no sell offers."""
        return sum((one.volume for one in self.leftovers), -self.offered)

    @property
    def surplus_price(self) -> Fraction:
        """Highest price among those buys."""
        return max((one.price for one in self.leftovers), default=ZERO)

    def possible_surplus(self, now: int) -> Iterable[tuple[Fraction, Fraction]]:
        """Volume and price, as far as the program may have heard of the closures."""
        since = self._around.unheard_since(now)
        sure = [one for one in self.leftovers if one.time < since]
        late = [one for one in self.leftovers if one.time >= since]
        for count in range(len(late), -1, -1):
            for some in combinations(late, count):
                known = [*sure, *some]
                volume = sum((one.volume for one in known), -self.offered)
                yield volume, max((one.price for one in known), default=ZERO)

    def buys(self) -> list[Order]:
        """Open ones, highest first."""
        return sorted((o for o in self.opened.values() if o.side == "buy"), key=lambda o: -o.price)

    def sells(self) -> list[Order]:
        """Open ones."""
        return [o for o in self.opened.values() if o.side == "sell"]

    def invested(self) -> Fraction:
        """Price times full volume of all that is open."""
        return rules.invested(self.opened.values())

    def since(self, now: int) -> list[Order]:
        """Open now or within the time that a decision may be old."""
        recent = [order for order in self.lately if now - order.closed <= self.slack]
        self.lately = [order for order in self.lately if now - order.closed <= STORM]
        return [*self.opened.values(), *recent]

    def closed_early(self, order: Order, *, for_good: bool) -> None:
        """A buy leaves what it brought; the sell of a surplus gives it back, unless the owner wants it gone."""
        terms = self._around.terms(order.closed)[0]
        cause = self.causes.get(order.txid)
        if order.side == "buy" and order.filled and terms.sells:
            self.leftovers.append(Leftover(order.closed, Fraction(order.filled), Fraction(order.price)))
        elif cause is not None and cause.kind == "surplus" and not for_good:
            bought = rules.down(Fraction(order.price) / terms.step, terms.tick)
            self.leftovers.append(Leftover(order.closed, Fraction(order.volume - order.filled), bought))
