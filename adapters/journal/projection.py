"""What messages do to orders and fills, without a database.

Quantities are cumulative and the larger ones win, statuses only move forward: messages that come twice,
late or for an unknown order do no harm.
"""

import hashlib
from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import assert_never

import msgspec
from msgspec import Struct

from messages.conditions import Condition, ConditionChanged
from messages.ids import NO_CLIENT_ID, NO_VENUE_ID, ClientOrderId, VenueOrderId
from messages.journal import Commit, Owner, Record, SaveAccount
from messages.money import EXACT, ZERO
from messages.order_life import Executed, State, after, further, happening
from messages.orders import Amended, Cancel, Canceled, Filled, OrderEvent, PartiallyFilled, Place, Rejected

Write = Commit | Record | SaveAccount | ConditionChanged | Owner
"""The messages that change the journal."""

CONDITION = "condition"
"""Kind of the events that are about conditions."""

_DECIMALS = 18
_STEP = Decimal(1).scaleb(-_DECIMALS)


class OrderRow(Struct):
    """One row of `orders`; fields in the order of its columns."""

    order_id: ClientOrderId
    userref: int
    symbol: str | None = None
    """None while only events of the order are known, not the decision that asked for it."""
    side: str | None = None
    price: Decimal | None = None
    volume: Decimal | None = None
    post_only: bool | None = None
    kind: str | None = None
    cause: str | None = None
    status: State = "requested"
    exchange_id: VenueOrderId = NO_VENUE_ID
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    reason: str = ""
    created: int = 0
    updated: int = 0


class FillRow(Struct):
    """One row of `fills`: what one execution added to its order. Fields in the order of its columns."""

    order_id: ClientOrderId
    fill_id: str
    userref: int
    time: int
    volume: Decimal
    cost: Decimal
    fee: Decimal


class EventRow(Struct, frozen=True):
    """One row of `events`, but for its sequence; fields in the order of its columns."""

    digest: int
    """Hash of the whole event: the same event is kept once."""
    time: int
    userref: int
    order_id: ClientOrderId
    """Empty where it concerns no single order."""
    kind: str
    payload: str


class _Decision(Struct, frozen=True):
    number: int
    handled: tuple[str, ...]
    placed: tuple[ClientOrderId, ...]
    canceled: tuple[ClientOrderId, ...]


class _Change(Struct, frozen=True):
    condition: Condition
    closed: bool


class RowChanges:
    """The rows that a group of messages changes. `orders` starts with the stored rows it concerns."""

    def __init__(self, orders: dict[ClientOrderId, OrderRow]) -> None:
        self.orders = orders
        self.fills: dict[tuple[ClientOrderId, str], FillRow] = {}
        self.cores: dict[int, Commit] = {}
        self.events: dict[int, EventRow] = {}
        self.account: str | None = None
        self.owner: Owner | None = None
        self.paper_orders: dict[str, str] = {}

    def apply(self, message: Write) -> None:
        """Take in the next message."""
        match message:
            case Commit():
                self._commit(message)
            case Record():
                self._record(message)
            case SaveAccount():
                self.account = message.account
                for exchange_id, text in message.orders.items():
                    # Last in the dictionary = changed last.
                    self.paper_orders.pop(exchange_id, None)
                    self.paper_orders[exchange_id] = text
            case ConditionChanged():
                self._note(condition_event(message))
            case Owner():
                self.owner = message
            case _:
                assert_never(message)

    def _commit(self, commit: Commit) -> None:
        self.cores[commit.strategy] = commit
        for place in commit.adopted:
            self._place(place)
        for command in commit.commands:
            match command:
                case Place():
                    self._place(command)
                case Cancel():
                    self._cancel(command.order_id)
                case _:
                    assert_never(command)
        self._note(decision_event(commit))

    def _place(self, place: Place) -> None:
        row = self.orders.setdefault(place.order_id, OrderRow(place.order_id, place.strategy))
        # A refused id is asked for again, perhaps at another price; any other known order stays as it is.
        if row.symbol is not None and row.status != "rejected":
            return
        row.symbol, row.side, row.kind, row.cause = place.symbol, place.side, place.kind, place.cause
        row.price, row.volume, row.post_only = exact(place.price), exact(place.volume), place.post_only
        row.created = place.time
        row.updated = max(row.updated, place.time)
        if row.status == "rejected":
            row.status, row.reason = after(row.status, "asked for"), ""

    def _cancel(self, order_id: ClientOrderId) -> None:
        row = self.orders.get(order_id)
        if row is not None:
            row.status = after(row.status, "cancel asked for")

    def _record(self, record: Record) -> None:
        event = record.event
        row = self.orders.setdefault(event.order_id, OrderRow(event.order_id, record.strategy))
        row.updated = max(row.updated, event.time)
        if not isinstance(event, Rejected):
            row.exchange_id = event.exchange_id or row.exchange_id
        if isinstance(event, PartiallyFilled | Filled | Canceled):
            self._fill(row, event)
        _advance(row, event)
        self._note(order_event(record))

    def _fill(self, row: OrderRow, event: PartiallyFilled | Filled | Canceled) -> None:
        before = Executed(row.filled, row.cost, row.fee)
        newest = further(before, Executed(exact(event.filled), exact(event.cost), exact(event.fee)))
        if newest == before:
            return
        row.filled, row.cost, row.fee = newest.filled, newest.cost, newest.fee
        fill_id = (not isinstance(event, Canceled) and event.fill_id) or type(event).__name__
        key = (row.order_id, fill_id)
        fill = self.fills.setdefault(key, FillRow(*key, row.userref, event.time, ZERO, ZERO, ZERO))
        fill.time = event.time
        fill.volume += newest.filled - before.filled
        fill.cost += newest.cost - before.cost
        fill.fee += newest.fee - before.fee

    def _note(self, event: EventRow) -> None:
        self.events.setdefault(event.digest, event)


def concerned(messages: Iterable[Write]) -> list[ClientOrderId]:
    """Ids of the orders whose stored rows `RowChanges` needs."""
    ids: dict[ClientOrderId, None] = {}
    for message in messages:
        match message:
            case Commit():
                ids.update(dict.fromkeys(command.order_id for command in (*message.commands, *message.adopted)))
            case Record():
                ids[message.event.order_id] = None
            case SaveAccount() | ConditionChanged() | Owner():
                pass
            case _:
                assert_never(message)
    return list(ids)


def exact(value: Decimal) -> Decimal:
    """`value` as a DECIMAL(38,18) column keeps it; no exchange states more decimals."""
    exponent = value.as_tuple().exponent
    fits = not isinstance(exponent, int) or exponent >= -_DECIMALS
    return value if fits else value.quantize(_STEP, ROUND_FLOOR, EXACT)


def decision_event(commit: Commit) -> EventRow:
    """The event row of a decision."""
    placed = tuple(command.order_id for command in commit.commands if isinstance(command, Place))
    canceled = tuple(command.order_id for command in commit.commands if isinstance(command, Cancel))
    return _event(
        commit.time,
        commit.strategy,
        NO_CLIENT_ID,
        "decision",
        _Decision(commit.number, commit.handled, placed, canceled),
    )


def order_event(record: Record) -> EventRow:
    """The event row of what happened to an order."""
    event = record.event
    return _event(event.time, record.strategy, event.order_id, type(event).__name__, event)


def condition_event(change: ConditionChanged) -> EventRow:
    """The event row of a condition, which concerns no order."""
    content = _Change(change.condition, change.closed)
    return _event(change.time, change.condition.strategy, NO_CLIENT_ID, CONDITION, content)


def _event(time: int, userref: int, order_id: ClientOrderId, kind: str, content: Struct) -> EventRow:
    payload = msgspec.json.encode(content).decode()
    text = f"{userref} {time} {kind} {payload}"
    digest = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
    return EventRow(digest, time, userref, order_id, kind, payload)


def _advance(row: OrderRow, event: OrderEvent) -> None:
    if isinstance(event, Amended):
        row.price, row.volume = exact(event.price), exact(event.volume)
        return
    before = row.status
    row.status = after(before, happening(event, row.volume, shown=bool(row.exchange_id)))
    if isinstance(event, Canceled) and row.status == "canceled":
        row.reason = event.reason
    elif row.status != before:
        row.reason = f"{event.reason}: {event.text}" if isinstance(event, Rejected) else ""
