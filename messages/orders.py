"""What strategies ask the order-manager for, and what became of it.

Quantities in order events are cumulative, so that a doubled or late event changes nothing: an order is
complete when its cumulative quantity reaches its volume.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from messages.event_base import Event
from messages.ids import NO_CLIENT_ID, ClientOrderId, Nanos, VenueOrderId
from messages.money import ZERO, Side

OrderKind = Literal["ladder", "counter", "surplus", "extra"]

CloseReason = Literal[
    "requested",
    "by hand",
    "unclear",
    "post-only",
    "self-trade",
    "expired",
    "unknown to the exchange",
    "venue",
]
"""
- `by hand`  by the account owner, in the venue's own words
- `venue`    by another program, an account-wide timer or the venue itself; its words are in `text`
- `unclear`  by the account owner or by a probe cancel of an earlier run; resolved before a strategy sees it
"""

RejectReason = Literal["funds", "post-only", "minimum", "order limit", "no room", "refused", "pair", "rules"]
"""
- `order limit`  the pair takes no more open orders, and all of ours are this strategy's
- `no room`  the same where strategies share the pair: it says nothing of how many orders of this one fit
- `pair`   the venue takes no orders of this pair from this account (delisted, restricted, unknown)
- `rules`  the pair's tick size or decimals are others than those that the order was made by
"""

DeferReason = Literal["rate limit", "market mode", "locked out", "user locked", "credentials", "no answer", "no room"]
"""Why the venue does not take an order at this moment; `no room`: the pair's last places are kept for counter-sells."""


class Place(Struct, frozen=True, tag=True):
    """Place this limit order. It is durable in the journal before the message leaves the strategy."""

    strategy: int
    """userref of the strategy."""
    order_id: ClientOrderId
    symbol: str
    side: Side
    price: Decimal
    volume: Decimal
    post_only: bool
    kind: OrderKind
    cause: str
    """What the id was derived from."""
    time: Nanos
    """Time of the tick or fill that led to it."""


class Cancel(Struct, frozen=True, tag=True):
    """Cancel this order. It stays open, and its funds held, until an event says otherwise."""

    strategy: int
    order_id: ClientOrderId


class Submit(Struct, frozen=True, tag=True):
    """All that one decision asks for, in its order; it leaves as one batch."""

    strategy: int
    commands: tuple[Place | Cancel, ...]


class Accepted(Event, frozen=True, kw_only=True, tag=True):
    """The order is open at the exchange."""

    order_id: ClientOrderId
    exchange_id: VenueOrderId
    time: Nanos


class PartiallyFilled(Event, frozen=True, kw_only=True, tag=True):
    """Part of the order is executed."""

    order_id: ClientOrderId
    exchange_id: VenueOrderId
    fill_id: str
    filled: Decimal
    """Base, cumulative."""
    cost: Decimal
    """Quote without fees, cumulative."""
    fee: Decimal
    """Quote, cumulative."""
    time: Nanos


class Filled(Event, frozen=True, kw_only=True, tag=True):
    """The order is executed completely. Same fields as `PartiallyFilled`."""

    order_id: ClientOrderId
    exchange_id: VenueOrderId
    fill_id: str
    filled: Decimal
    cost: Decimal
    fee: Decimal
    time: Nanos


class Canceled(Event, frozen=True, kw_only=True, tag=True):
    """The order is closed without being complete; what was filled until then stays filled."""

    order_id: ClientOrderId
    exchange_id: VenueOrderId
    filled: Decimal
    cost: Decimal
    fee: Decimal
    reason: CloseReason
    time: Nanos
    text: str = ""
    """The venue's own words for why, where it has any."""


class Amended(Event, frozen=True, kw_only=True, tag=True):
    """The account owner amended the open order by hand: from now on this is its limit and quantity."""

    order_id: ClientOrderId
    exchange_id: VenueOrderId
    price: Decimal
    volume: Decimal
    """The whole quantity, what is filled included."""
    time: Nanos


class Rejected(Event, frozen=True, kw_only=True, tag=True):
    """No order came into being: refused by the exchange, or by our own ledger before it was sent."""

    order_id: ClientOrderId
    reason: RejectReason
    text: str
    time: Nanos


class Deferred(Event, frozen=True, kw_only=True, tag=True):
    """The venue does not take a requested order (or its cancel) now. The adapter asks again by itself.

    No state of the order changes; any later event of the order ends it.
    """

    order_id: ClientOrderId
    reason: DeferReason
    text: str
    """The venue's own words, or what is waited for."""
    time: Nanos


class Balances(Struct, frozen=True, tag=True):
    """What one strategy could spend if it had no order of its own open.

    Funds held by other strategies' orders and by foreign orders are already taken off; the strategy
    takes off its own, which only it knows without delay.
    """

    strategy: int
    quote: Decimal
    base: Decimal
    """Base that this strategy bought and did not sell, as far as the account still holds it."""
    base_unowned: Decimal
    """Base in the account that no strategy bought and no foreign order holds."""


class Resyncing(Struct, frozen=True, tag=True):
    """From here to `Resynced` the strategy receives all that is known of its orders.

    Earlier events were meant for an earlier start: a refusal of that time may be of an order that has been sent
    again since.
    """

    strategy: int
    number: int
    """Number of the `Attach` that this answers."""


class Resynced(Struct, frozen=True, tag=True):
    """The strategy has received all that happened to its orders; from now on it may decide."""

    strategy: int
    number: int
    """Number of the `Attach` that this answers."""


class Reckoned(Struct, frozen=True, tag=True):
    """What the strategy owns by all events up to `Resynced`, or up to an execution of an enlarged sell.

    Such a sell takes nothing of what other sells offer, those included that earlier events have asked for: its books
    alone know what it decided before it was told.
    """

    strategy: int
    number: int
    """Number of the `Attach` that the last `Resynced` answered."""
    owned: Decimal
    """In base currency."""
    order_id: ClientOrderId = NO_CLIENT_ID
    """The enlarged sell; empty: until `Resynced`."""
    filled: Decimal = ZERO
    """How much of it was executed, cumulative, in base currency."""


Command = Place | Cancel
OrderEvent = Accepted | PartiallyFilled | Filled | Canceled | Amended | Rejected
