"""Conditions: everything that holds up or hinders trading has a name, a beginning and an end.

There is no blocked or missing order without one. The producer of a condition opens and closes it; `/status`,
`/metrics`, the journal and the log show it.
"""

from typing import Literal

from msgspec import Struct

ConditionCode = Literal[
    "connection",
    "credentials",
    "database",
    "fees",
    "funds",
    "fewer buys",
    "history",
    "lockout",
    "minimum",
    "market closed",
    "not covered",
    "order limit",
    "orders put off",
    "orders refused",
    "pair",
    "price",
    "price jump",
    "second instance",
    "sell waits",
    "stated fee",
    "unknown orders",
]
"""What is wrong, as a short name that stays the same over versions: labels of metrics and rules of alerts use it."""


class Condition(Struct, frozen=True):
    """One thing that holds up or hinders trading."""

    strategy: int
    """userref of the strategy concerned; 0 for the whole program."""
    code: ConditionCode
    detail: str
    """In words: what is wrong, with the venue's own text where there is one, and what is done about it."""
    since: int
    """When it began, in nanoseconds UTC."""
    blocks: bool = False
    """Whether orders that are due cannot be placed because of it; `/readyz` answers 503 meanwhile."""


class Conditions(Struct, frozen=True, tag=True):
    """All open conditions of one producer; a newer message replaces an older one of the same origin."""

    origin: str
    open: tuple[Condition, ...]


class ConditionChanged(Struct, frozen=True, tag=True):
    """A condition was opened or closed; written behind, like a `Record`."""

    condition: Condition
    closed: bool
    time: int
    """Nanoseconds UTC."""
