"""Looking back: closed orders, trades and ledger entries in pages of 50, newest first."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from simulators.kraken.model.orders import Order, Trade
from simulators.kraken.model.venue import Venue

PAGE = 50
CloseTime = Literal["open", "close", "both"]
T = TypeVar("T")


class Span(Struct, frozen=True):
    """A stretch of time in nanoseconds UTC: after `start`, up to and including `end`."""

    start: int | None = None
    end: int | None = None

    def has(self, time: int) -> bool:
        return (self.start is None or time > self.start) and (self.end is None or time <= self.end)


class Page(Struct, frozen=True):
    """Which 50 rows."""

    span: Span = Span()
    offset: int = 0


def page_of(rows: Sequence[T], time_of: Callable[[T], int], page: Page) -> tuple[list[T], int]:
    """The rows of one page, newest first, and how many there are in all. `rows` are in order of time."""
    matching = [row for row in reversed(rows) if page.span.has(time_of(row))]
    return matching[page.offset : page.offset + PAGE], len(matching)


def closed_orders(orders: list[Order], page: Page, closetime: CloseTime) -> tuple[list[Order], int]:
    """`closetime` says which time must lie in the span; `both` is content with either."""

    def fits(order: Order) -> bool:
        opened, closed = page.span.has(order.opened), page.span.has(order.closed)
        return {"open": opened, "close": closed, "both": opened or closed}[closetime]

    newest_first = sorted(filter(fits, orders), key=lambda order: (order.closed, order.number), reverse=True)
    return newest_first[page.offset : page.offset + PAGE], len(newest_first)


def consolidated(trades: Sequence[Trade]) -> list[Trade]:
    """Several fills of one taker order as one row, which keeps the first one's id."""
    rows: list[Trade] = []
    takers: dict[str, int] = {}
    for trade in trades:
        if trade.maker or trade.order not in takers:
            if not trade.maker:
                takers[trade.order] = len(rows)
            rows.append(trade)
            continue
        row = rows[takers[trade.order]]
        volume, cost = row.volume + trade.volume, row.cost + trade.cost
        rows[takers[trade.order]] = replace(
            row,
            volume=volume,
            cost=cost,
            fee=row.fee + trade.fee,
            price=cost / volume,
            ledgers=row.ledgers + trade.ledgers,
        )
    return rows


def lagging(venue: Venue) -> int:
    """The time that the lagging REST views show."""
    return venue.clock.now() - int(venue.behaviour.rest_lag * Decimal(1_000_000_000))


def time_of_id(venue: Venue, identifier: str) -> int | None:
    """The opening time that an order id stands for."""
    order = venue.orders.get(identifier)
    return order.opened if order else None
