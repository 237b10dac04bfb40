"""What a backtest writes down: every order and what became of it, every fill, the account after each."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from messages.account import AccountBalances
from messages.ids import ClientOrderId, VenueOrderId, answered_by
from messages.mailboxes import ExchangeEvent
from messages.money import ZERO, Side
from messages.notices import FundsMissing, Notice, OrderReleased
from messages.orders import Accepted, Canceled, Filled, OrderKind, PartiallyFilled, Place


class OrderRecord(Struct, gc=False):
    """One order that the exchange accepted. Prices and sums in quote currency, volume in base."""

    strategy: int
    exchange_id: VenueOrderId
    side: Side
    price: Decimal
    volume: Decimal
    kind: OrderKind
    parent: str
    """Exchange id of the order that a counter-order answers; empty for other orders."""
    opened: int
    """Time of the row, in nanoseconds UTC."""
    closed: int = 0
    """0 while it is open."""
    status: Literal["open", "filled", "canceled"] = "open"
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    row: int = -1
    """Number of the row that filled it, counted from 0."""


class Holdings(Struct, frozen=True, gc=False):
    """The account from one fill on: totals, held funds included."""

    row: int
    base: Decimal
    quote: Decimal


class RunRecord(Struct):
    """One run. Grows with orders and fills, never with rows."""

    base: str
    quote: str
    row: int = 0
    """The row that is being worked on."""
    orders: list[OrderRecord] = field(default_factory=list)
    fills: list[OrderRecord] = field(default_factory=list)
    """The filled ones among the orders, in the order of their fills."""
    holdings: list[Holdings] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    """By reason: number of notices about missing funds, or of orders given up."""
    pauses: list[tuple[int, int]] = field(default_factory=list)
    """Gaps in the data: times of the last row before and the first one after each, in nanoseconds UTC."""
    _open: dict[ClientOrderId, OrderRecord] = field(default_factory=dict)
    _totals: AccountBalances | None = None

    def placed(self, place: Place, events: Sequence[ExchangeEvent]) -> None:
        """An order left; `events` is what the exchange answered at once."""
        answer = events[0]
        if not isinstance(answer, Accepted):
            return
        order = OrderRecord(
            strategy=place.strategy,
            exchange_id=answer.exchange_id,
            side=place.side,
            price=place.price,
            volume=place.volume,
            kind=place.kind,
            parent=answered_by(place.cause) if place.kind == "counter" else "",
            opened=answer.time,
        )
        self.orders.append(order)
        self._open[place.order_id] = order

    def event(self, event: ExchangeEvent) -> None:
        """The exchange said something."""
        match event:
            case AccountBalances():
                self._totals = event
            case Filled():
                self._close(event, "filled")
            case Canceled():
                self._close(event, "canceled")
            case PartiallyFilled():
                raise NotImplementedError("prices fill orders completely")
            case _:
                pass

    def notice(self, notice: Notice) -> None:
        """Count a strategy's notice."""
        match notice:
            case FundsMissing():
                self.refused[f"{notice.strategy}: not enough {notice.asset} for a {notice.side}"] += 1
            case OrderReleased():
                self.refused[f"{notice.strategy}: {notice.side} given up: {notice.reason}"] += 1
            case _:
                pass

    def _close(self, event: Filled | Canceled, status: Literal["filled", "canceled"]) -> None:
        order = self._open.pop(event.order_id)
        order.status, order.closed, order.cost, order.fee = status, event.time, event.cost, event.fee
        if status == "filled":
            order.row = self.row
            self.fills.append(order)
            if self._totals is not None:
                totals = self._totals.totals
                self.holdings.append(Holdings(self.row, totals[self.base], totals[self.quote]))
