"""A grid's durable state: one versioned struct that can be saved, loaded and compared."""

from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct, field

from messages.ids import NO_VENUE_ID, ClientOrderId, Nanos, VenueOrderId
from messages.money import ZERO, Side
from messages.orders import OrderKind

VERSION = 2
"""Up to version 1 `OwnOrder.placed` was 0 of an order that was not amended."""


class OwnOrder(Struct):
    """An order from the decision on until its closure is known."""

    order_id: ClientOrderId
    side: Side
    price: Decimal
    volume: Decimal
    kind: OrderKind
    cause: str
    parent: VenueOrderId
    """Exchange id of the filled order that asked for it; empty for ladder, surplus and extra orders."""
    attempt: int
    time: Nanos
    phase: Literal["requested", "open", "canceling"] = "requested"
    exchange_id: VenueOrderId = NO_VENUE_ID
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    bought_at: Decimal = ZERO
    """Limit of the buy that a sell answers, its lowest price; 0 when unknown."""
    placed: Decimal | None = None
    """Part of the volume that is the strategy's, in base: what an order amended by hand was placed with, 0 for an order
    of the account owner. None: all of it."""

    @property
    def rest(self) -> Decimal:
        """What is not executed of the volume that we wanted: what its owner added by hand is none of that."""
        return max(self.wanted - self.filled, ZERO)

    @property
    def wanted(self) -> Decimal:
        """The volume without what the account's owner added by hand."""
        return self.volume if self.placed is None else min(self.volume, self.placed)

    @property
    def is_owners(self) -> bool:
        """A sell that was taken over and offers nothing of ours: the base is the account owner's."""
        return self.side == "sell" and self.placed is not None and not self.placed


class RememberedSell(Struct):
    """A sell that is due but could not be placed; tried again until it can."""

    parent: VenueOrderId
    attempt: int
    price: Decimal
    volume: Decimal
    reason: str
    bought_at: Decimal = ZERO
    """As of the order."""
    retry_at: int = 0
    """Nanoseconds UTC before which it is not tried again unless the pair's rules change."""


class Released(Struct, frozen=True):
    """An order that is gone for a named reason and is not placed again."""

    side: Side
    price: Decimal
    volume: Decimal
    reason: str
    parent: VenueOrderId = NO_VENUE_ID
    """Exchange id of the filled buy that the sell answers; with the next two fields, all needed to take it back."""
    attempt: int = 0
    """The first one that is free."""
    bought_at: Decimal = ZERO


class GridState(Struct):
    """Everything that a restarted grid must know. Volumes in base, prices and sums in quote."""

    amount: Decimal
    """`a` and `i` of the last run; a change rebuilds the ladder."""
    interval: Decimal
    version: int = VERSION
    counter: int = 0
    """Counts ladder, surplus and extra orders; part of their ids."""
    orders: dict[ClientOrderId, OwnOrder] = field(default_factory=dict)
    remembered: dict[VenueOrderId, RememberedSell] = field(default_factory=dict)
    """By the exchange id of the filled buy."""
    released: list[Released] = field(default_factory=list)
    """The newest ones only; see `remember_release`."""
    surplus: Decimal = ZERO
    """Base of partly filled and then cancelled buys."""
    surplus_price: Decimal = ZERO
    """Highest price among those buys."""
    highest_buy: Decimal = ZERO
    """Highest price of any filled buy, ever."""
    owned: Decimal = ZERO
    """Base bought minus base sold."""
    cash_flow: Decimal = ZERO
    """Quote received minus quote spent minus fees."""
    fees: Decimal = ZERO
    buys_filled: int = 0
    sells_filled: int = 0
    fill_time: Nanos = Nanos(0)
    """Time of the newest fill, in nanoseconds UTC."""
    told: list[str] = field(default_factory=list)
    """Causes that the user was notified of and that still last, so that none is reported twice."""


MAX_RELEASED = 20


class UnreadableStateError(Exception):
    """A saved state that this version cannot read; the message says why."""


def remember_release(state: GridState, released: Released) -> None:
    """Keep the newest releases for whoever asks why an order is missing."""
    state.released.append(released)
    del state.released[:-MAX_RELEASED]


def save(state: GridState) -> str:
    """The state as JSON text."""
    return msgspec.json.encode(state).decode()


def load(text: str) -> GridState:
    """The state that `save` wrote. Raises `UnreadableStateError` for a newer version or garbage."""
    try:
        version = msgspec.json.decode(text, type=_Versioned).version
        if version > VERSION:
            raise UnreadableStateError(f"saved state has version {version}, this program knows up to {VERSION}")
        return _renewed(msgspec.json.decode(text, type=GridState))
    except msgspec.DecodeError as error:
        raise UnreadableStateError(f"saved state cannot be read: {error}") from None


def _renewed(state: GridState) -> GridState:
    """As this version writes it."""
    if state.version < 2:  # noqa: PLR2004
        for order in state.orders.values():
            order.placed = order.placed or None
    state.version = VERSION
    return state


class _Versioned(Struct):
    version: int
