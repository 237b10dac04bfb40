"""Client order ids that are derived from their cause, never random (docs/design.md, "Exactly once").

18 characters of `[a-z0-9]`: the mark of this program (1), the strategy's userref in base 36 (6), a
hash of the cause (11). The same cause gives the same id after any crash, so that an order can be
recognised and is never sent twice. Kraken takes a client order id or a userref, not both; therefore
the id carries the userref.
"""

import hashlib
from functools import lru_cache
from typing import NewType

ClientOrderId = NewType("ClientOrderId", str)
"""An order's id that this program derives from its cause; 18 characters, or whatever a foreign order was given."""
VenueOrderId = NewType("VenueOrderId", str)
"""An order's id that the exchange gives it."""
Nanos = NewType("Nanos", int)
"""Nanoseconds since 1970-01-01 UTC."""

NO_CLIENT_ID = ClientOrderId("")
"""What external orders have that were given none, and what concerns no single order."""
NO_VENUE_ID = VenueOrderId("")
"""What an order has that no exchange has shown."""

MARK = "g"
LENGTH = 18
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_ALPHABET = frozenset(_DIGITS)
MAX_USERREF = 2**31 - 1
"""Kraken's userref is a signed 32-bit integer; six digits of base 36 hold all of it."""


def client_order_id(userref: int, cause: str) -> ClientOrderId:
    """The id of the order that `cause` asks for on behalf of the strategy `userref`."""
    digest = int.from_bytes(hashlib.sha256(cause.encode()).digest(), "big")
    return ClientOrderId(MARK + _userref_digits(userref) + _base36(digest % 36**11, 11))


@lru_cache(maxsize=4096)
def userref_of(order_id: ClientOrderId) -> int | None:
    """The userref inside one of our ids; None for an id that this program did not make."""
    if len(order_id) != LENGTH or order_id[0] != MARK or not _ALPHABET.issuperset(order_id):
        return None
    userref = int(order_id[1:7], 36)
    return userref if userref <= MAX_USERREF else None


def counter_cause(exchange_id: VenueOrderId, attempt: int) -> str:
    """The cause of a counter-order: the filled order's exchange id, and which attempt this is.

    A further attempt exists only after a journalled closure of the one before.
    """
    return exchange_id if attempt == 0 else f"{exchange_id}#{attempt}"


def answered_by(cause: str) -> VenueOrderId:
    """The exchange id of the filled order that a counter-order with this cause answers."""
    return VenueOrderId(cause.partition("#")[0])


def ladder_cause(lineage: str, kind: str, counter: int) -> str:
    """The cause of an order that no fill asked for; `lineage` is born with the database."""
    return f"{lineage}/{kind}/{counter}"


@lru_cache(maxsize=256)
def _userref_digits(userref: int) -> str:
    return _base36(userref, 6)


def _base36(number: int, width: int) -> str:
    pairs = []
    for _ in range((width + 1) // 2):
        number, pair = divmod(number, 36 * 36)
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))[-width:]
