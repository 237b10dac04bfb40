"""What the oracle may know of the venue, how late a decision may be, and what it says of a wrong one."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from msgspec import Struct

from simulators.kraken.model.orders import Order
from tests.oracle import terms as rules
from tests.oracle.terms import Terms

SECOND = 10**9
CLEAR = 20 * SECOND
STORM = 4 * 3600 * SECOND
"""How old a decision may be, in nanoseconds: in clear weather, and where a connection may be lost that long."""


class Wrong(AssertionError):
    """Something happened that no rule asks for, or did not happen that one does."""


class Surroundings(Struct):
    """What an explanation may use: closures over the venue."""

    terms: Callable[[int], Sequence[Terms]]
    """Those that may have been in force since a time, newest first."""
    opened_under: Callable[[int], Terms]
    """Those in force at a time."""
    prices: Callable[[int], Sequence[Fraction]]
    """Trades since a time, and the last one before it; one that may be doubted is preceded by the last that is not."""
    traded: Callable[[int], Sequence[Fraction]]
    """Trades since a time, and no older one."""
    knows_no_price: Callable[[int], bool]
    """Whether a life that has just begun may have heard nothing since a time but a trade that it doubts."""
    quote: Callable[[], Fraction]
    """Free quote of the account."""
    offer: Callable[[], Fraction]
    """The lowest at which anybody sells at this moment, the account itself included: a buy at or above it never rests.
    """
    decided: Callable[[Order], int]
    """When the program wrote down that it wants an order; no earlier than it may rightly have been kept back until now.
    """
    unheard_since: Callable[[int], int]
    """Whatever happened since then the program may not have heard of at the given time."""
    life: Callable[[], int]
    """Number of the life that trades; 0 when none does."""
    clear: bool


def named(order: Order) -> str:
    """As a complaint names it."""
    return f"{order.side} {order.txid} of {order.volume} at {order.price}"


def shown(values: Iterable[Fraction]) -> str:
    """The first few of them, or "nothing"."""
    return " or ".join(f"{rules.shown(value):f}" for value in sorted(set(values))[:6]) or "nothing"


def one_of(possible: Iterable[Terms], check: Callable[[Terms], None]) -> None:
    """Return once `check` is content with some of them. Raises `Wrong`."""
    found: dict[str, None] = {}
    for one in possible:
        try:
            return check(one)
        except Wrong as wrong:
            found[str(wrong)] = None
    raise Wrong("; or ".join(list(found)[:3]) or "nothing is configured")
