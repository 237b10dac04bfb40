"""One order as a mini exchange has it: what can happen to it, and the event that says so.

The accounts of the kernel's tests (`strategies.harness.Play`, `strategies.model.Account`, `desk_model.World`) are made
of these; each keeps its own totals, since what it checks about money differs.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from messages.account import OrderFacts
from messages.ids import Nanos, VenueOrderId
from messages.money import ZERO
from messages.orders import (
    Accepted,
    Canceled,
    CloseReason,
    Filled,
    OrderEvent,
    PartiallyFilled,
    Place,
    Rejected,
    RejectReason,
)

NOW = Nanos(0)


class AtExchange(Struct):
    """`sent` is on its way and may still be lost."""

    place: Place
    exchange_id: VenueOrderId
    status: Literal["sent", "open", "refused", "filled", "canceled"] = "sent"
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    cancel_asked: bool = False
    reason: CloseReason = "requested"
    time: Nanos = NOW

    @property
    def live(self) -> bool:
        return self.status in ("sent", "open")

    def accept(self, now: Nanos) -> Accepted:
        self.status, self.time = "open", now
        return Accepted(order_id=self.place.order_id, exchange_id=self.exchange_id, time=now)

    def refuse(self, now: Nanos, reason: RejectReason) -> Rejected:
        self.status, self.time = "refused", now
        return Rejected(order_id=self.place.order_id, reason=reason, text=f"the exchange says {reason}", time=now)

    def close(self, now: Nanos, reason: CloseReason) -> Canceled:
        """A cancel is confirmed, or the order is closed by another."""
        self.status, self.reason, self.time = "canceled", reason, now
        return self.closure()

    def execute(self, now: Nanos, volume: Decimal, fee: Decimal) -> tuple[Decimal, Decimal]:
        """At its limit; returns how base and quote of the account change."""
        cost = volume * self.place.price
        self.filled, self.cost, self.fee, self.time = self.filled + volume, self.cost + cost, self.fee + fee, now
        self.status = "filled" if self.filled == self.place.volume else "open"
        sign = 1 if self.place.side == "buy" else -1
        return sign * volume, -(sign * cost + fee)

    def closure(self) -> Canceled:
        return Canceled(
            order_id=self.place.order_id,
            exchange_id=self.exchange_id,
            filled=self.filled,
            cost=self.cost,
            fee=self.fee,
            reason=self.reason,
            time=self.time,
        )

    def fill(self) -> Filled | PartiallyFilled:
        kind = Filled if self.status == "filled" else PartiallyFilled
        return kind(
            order_id=self.place.order_id,
            exchange_id=self.exchange_id,
            fill_id=f"{self.exchange_id}@{self.filled}",
            filled=self.filled,
            cost=self.cost,
            fee=self.fee,
            time=self.time,
        )

    def event(self) -> OrderEvent:
        """What would have told of the state that it is in."""
        if self.status == "canceled":
            return self.closure()
        if self.filled:
            return self.fill()
        return Accepted(order_id=self.place.order_id, exchange_id=self.exchange_id, time=self.time)

    def facts(self) -> OrderFacts:
        """As a snapshot or a look-up shows it."""
        place, status = self.place, self.status
        assert status != "sent"
        assert status != "refused"
        return OrderFacts(
            order_id=place.order_id,
            exchange_id=self.exchange_id,
            symbol=place.symbol,
            side=place.side,
            price=place.price,
            volume=place.volume,
            status=status,
            filled=self.filled,
            cost=self.cost,
            fee=self.fee,
            reason=self.reason,
            time=self.time,
        )
