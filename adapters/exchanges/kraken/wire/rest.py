"""Results of the REST API."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Raw, field

from adapters.exchanges.kraken.names import PairTable
from adapters.exchanges.kraken.wire.values import NOTHING, Wire, WireError, check_id, decimal_of, nanoseconds_of_unix
from messages.account import OrderFacts, OrderStatus
from messages.ids import userref_of
from messages.money import ZERO, Side
from messages.orders import CloseReason

Result = TypeVar("Result")


class Envelope(Wire, frozen=True):
    """Every answer: errors and warnings, and the result unless it failed."""

    error: list[str]
    result: Raw = NOTHING


class ServerTime(Wire, frozen=True):
    """Time."""

    unixtime: int


class SystemStatus(Wire, frozen=True):
    """SystemStatus."""

    status: str


class TradeRow(Wire, frozen=True, array_like=True):
    """One row of Trades; further columns may follow."""

    price: Decimal
    volume: Decimal
    time: Decimal
    side: str
    order_type: str
    misc: str
    trade_id: int


Trades = dict[str, list[TradeRow] | str | int]
"""Trades: rows by pair, and where to go on under `last`."""


class Holding(Wire, frozen=True):
    """One row of BalanceEx; held funds included."""

    balance: Decimal


class Token(Wire, frozen=True):
    """GetWebSocketsToken."""

    token: str


class KeyInfo(Wire, frozen=True):
    """GetApiKeyInfo."""

    permissions: list[str]
    query_from: str | int | None = None
    query_to: str | int | None = None
    camel_from: str | int | None = field(default=None, name="queryFrom")
    camel_to: str | int | None = field(default=None, name="queryTo")

    @property
    def query_limited(self) -> bool:
        """Whether the key sees only a part of history, which silently empties queries."""
        dates = (self.query_from, self.query_to, self.camel_from, self.camel_to)
        return any(date not in (None, 0, "0", "") for date in dates)


class OrderDescription(Wire, frozen=True):
    """What an order is, inside `Order`."""

    pair: str
    type: Side
    price: str = "0"


class Order(Wire, frozen=True):
    """An order of OpenOrders, ClosedOrders and QueryOrders."""

    status: str
    descr: OrderDescription
    vol: Decimal
    vol_exec: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    cl_ord_id: str | None = None
    opentm: Decimal = ZERO
    closetm: Decimal = ZERO
    reason: str | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError` for an order with our mark that is not what we ask for: a limit and a quantity."""
        super().__post_init__()
        if userref_of(self.cl_ord_id or "") is None:
            return
        if self.status not in _STATUS:
            raise ValueError(f"order {self.cl_ord_id} has the unknown status {self.status!r}")
        if _limit(self.descr.price) <= 0 or self.vol <= 0:
            raise ValueError(f"order {self.cl_ord_id} has no usable price and volume")


class OpenOrders(Wire, frozen=True):
    """OpenOrders."""

    open: dict[str, Order]

    def __post_init__(self) -> None:
        """Raises `ValueError` for a name that is no id."""
        _check_ids(self.open)


class ClosedOrders(Wire, frozen=True):
    """ClosedOrders."""

    closed: dict[str, Order]
    count: int | None = None
    """Of all that fit, on however many pages."""

    def __post_init__(self) -> None:
        """Raises `ValueError` for a name that is no id."""
        _check_ids(self.closed)


class AddedOrder(Wire, frozen=True):
    """AddOrder, and one element of AddOrderBatch."""

    txid: list[str] | str | None = None
    error: str | None = None

    @property
    def order_id(self) -> str:
        """Kraken's id; empty when the element failed."""
        return (self.txid[0] if self.txid else "") if isinstance(self.txid, list) else self.txid or ""


class AddedBatch(Wire, frozen=True):
    """AddOrderBatch."""

    orders: list[AddedOrder]


class Canceled(Wire, frozen=True):
    """CancelOrder and CancelOrderBatch."""

    count: int = 0


_REASONS: Mapping[str, CloseReason] = {
    "post only order": "post-only",
    "cannot trade with self": "self-trade",
    "user requested": "by hand",
}
_STATUS: Mapping[str, OrderStatus] = {
    "pending": "open",
    "open": "open",
    "closed": "filled",
    "canceled": "canceled",
    "expired": "canceled",
}


def _check_ids(orders: Mapping[str, Order]) -> None:
    for exchange_id in orders:
        check_id("order", exchange_id)


def decode(content: bytes | Raw, kind: type[Result], what: str) -> Result:
    """Read JSON as `kind`. Raises `WireError`, naming `what`."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise WireError(f"{what}: {error}") from None


def close_reason(reason: str | None, *, asked_for: bool = False) -> CloseReason:
    """Why an order ended; `asked_for` when this program had sent a cancel.

    Only Kraken's own word for the owner means the owner. Another program's timer, the venue itself and words that are
    not known yet are `venue`; `OrderFacts.text` keeps them.
    """
    words = (reason or "").strip().lower()
    found = _REASONS.get(words, "venue")
    return "requested" if asked_for and (found == "by hand" or not words) else found


def last_trade(trades: Trades) -> tuple[int, int] | None:
    """Id and time of the newest trade in an answer about one pair; None without any. Raises `WireError`."""
    rows = [row for name, rows in trades.items() if name != "last" and isinstance(rows, list) for row in rows]
    newest = max(rows, key=lambda row: row.trade_id, default=None)
    return (newest.trade_id, nanoseconds_of_unix(newest.time)) if newest else None


def order_facts(exchange_id: str, order: Order, names: PairTable, asked_for: frozenset[str]) -> OrderFacts:
    """An order as the rest of the program sees it; `asked_for` are client ids that were asked to be canceled."""
    status = _STATUS.get(order.status)
    if status is None:
        raise WireError(f"order {exchange_id} has the unknown status {order.status!r}")
    order_id = order.cl_ord_id or ""
    reason = "expired" if order.status == "expired" else close_reason(order.reason, asked_for=order_id in asked_for)
    return OrderFacts(
        order_id=order_id,
        exchange_id=exchange_id,
        symbol=names.symbol(order.descr.pair),
        side=order.descr.type,
        price=_limit(order.descr.price),
        volume=order.vol,
        status=status,
        filled=order.vol_exec,
        cost=order.cost,
        fee=order.fee,
        reason=reason,
        time=nanoseconds_of_unix(order.closetm or order.opentm),
        text=order.reason or "",
    )


def _limit(text: str) -> Decimal:
    """A limit price; relative and missing ones, which only foreign orders have, count as 0."""
    try:
        return decimal_of(text, "price")
    except WireError:
        return ZERO
