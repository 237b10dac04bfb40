"""A price that is a jump away from the one before, and what can confirm it."""

from decimal import Decimal

from msgspec import Struct

from messages.ids import Nanos
from messages.market import Quote

AHEAD = 60 * 10**9
"""Nanoseconds by which a fill may be ahead of a trade that arrived after it, or behind it."""
QUOTE_LASTS = 5 * 10**9
"""Nanoseconds for which bid and ask speak for or against a price that is traded after them."""
QUOTE_PATIENCE = 20 * 10**9
"""Nanoseconds for which bid and ask are waited for; then a second trade confirms a price without them."""


class Doubt(Struct):
    """A trade far from all before it. Times are in nanoseconds UTC."""

    price: Decimal
    time: Nanos
    """Time of the newest doubted trade."""
    since: Nanos
    """When the doubts began."""
    sure_until: Nanos
    """When the last trade before the doubts was: nothing newer is known of the market."""
    contradicted: bool = False
    """Whether bid and ask have spoken against the price: then a trade near it is the first one again."""

    def add(self, price: Decimal, time: Nanos) -> None:
        """One more trade that has to be confirmed."""
        if self.contradicted and time <= self.time:
            return  # a repeated trade is as wrong as it was
        if self.contradicted:
            self.since = time
        self.price, self.time, self.contradicted = price, time, False

    def is_seconded(self, price: Decimal, time: Nanos, jump: Decimal) -> bool:
        """Whether this trade is a second one. The same one repeated, after a pause for instance, is not."""
        return not self.contradicted and time > self.time and is_near(price, self.price, jump)


def is_near(price: Decimal, other: Decimal, jump: Decimal) -> bool:
    """Whether it is no jump from one to the other; `jump` is a factor."""
    return price <= other * jump and other <= price * jump


def is_at_market(price: Decimal, quote: Quote, step: Decimal) -> bool:
    """Whether it lies between bid and ask, or within an interval of them; `step` is a factor."""
    return quote.bid <= price * step and price <= quote.ask * step
