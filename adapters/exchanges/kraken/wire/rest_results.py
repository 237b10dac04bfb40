"""Results of the REST API."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Raw, field

from adapters.exchanges.kraken.wire.names import PairTable
from adapters.exchanges.kraken.wire.our_orders import EVERY_MARK, UNREADABLE, Ownership
from adapters.exchanges.kraken.wire.rows import RowReader, Unread, texts_of
from adapters.exchanges.kraken.wire.values import (
    NOTHING,
    Wire,
    WireError,
    check_id,
    decimal_of,
    is_other_kind,
    nanoseconds_of_unix,
)
from messages.account import OrderFacts, OrderStatus
from messages.ids import NO_CLIENT_ID, ClientOrderId, Nanos, VenueOrderId, userref_of
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


Trades = dict[str, Raw]
"""Trades: rows by pair, and where to go on under `last`; nothing of it decoded yet."""


class RestHolding(Wire, frozen=True):
    """One row of BalanceEx; held funds included, and credit left out, which is none of the account's own."""

    balance: Decimal


class LedgerRow(Wire, frozen=True):
    """One row of Ledgers."""

    asset: str
    amount: Decimal
    time: Decimal
    fee: Decimal = ZERO
    type: str | None = None
    subtype: str | None = None
    refid: str | None = None


class Ledgers(Wire, frozen=True):
    """Ledgers: the newest entries."""

    ledger: dict[str, Raw]

    def readable(self) -> dict[str, LedgerRow]:
        """Rows by the entry's id, without those that cannot be read."""
        read = {entry_id: _LEDGER.read(row) for entry_id, row in self.ledger.items()}
        return {entry_id: row for entry_id, row in read.items() if isinstance(row, LedgerRow)}

    def unread(self) -> dict[str, Unread]:
        """Those that cannot be read."""
        read = {entry_id: _LEDGER.read(row) for entry_id, row in self.ledger.items()}
        return {entry_id: row for entry_id, row in read.items() if isinstance(row, Unread)}


class Token(Wire, frozen=True):
    """GetWebSocketsToken."""

    token: str


class KeyInfo(Wire, frozen=True):
    """GetApiKeyInfo."""

    permissions: list[str]
    iban: str | None = None
    """Kraken's name of the account."""
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
    price: str | None = "0"
    ordertype: str | None = None
    leverage: str | None = None

    @property
    def is_others(self) -> bool:
        """Whether it is of a kind that only others place."""
        return is_other_kind(self.ordertype, borrowed=(self.leverage or "none") not in _SPOT)


class Order(Wire, frozen=True):
    """An order of OpenOrders, ClosedOrders and QueryOrders."""

    status: str
    descr: OrderDescription
    vol: Decimal
    vol_exec: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    client_id: ClientOrderId | None = field(default=None, name="cl_ord_id")
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

    @property
    def cl_ord_id(self) -> ClientOrderId | None:
        """Client id; None without one, and for kinds of orders that only others place: there it says nothing."""
        return None if self.descr.is_others else self.client_id


class OrderRows(Wire, frozen=True):
    """Orders by Kraken's id, each read by itself: other people's may look like anything."""

    @property
    def rows(self) -> Mapping[VenueOrderId, Raw]:
        """All rows, readable or not, by exchange id."""
        raise NotImplementedError

    def readable(self) -> dict[VenueOrderId, Order]:
        """Orders whose rows can be read, by exchange id."""
        return orders_of(self.rows)

    def unread(self) -> dict[VenueOrderId, Unread]:
        """Rows that cannot be read, by exchange id."""
        read = {exchange_id: _order(exchange_id, row) for exchange_id, row in self.rows.items()}
        return {exchange_id: row for exchange_id, row in read.items() if isinstance(row, Unread)}

    @property
    def hides_some(self) -> bool:
        """Whether a row says nothing at all: it may be any order, and nothing is proven to be absent."""
        return any(row.is_nothing for row in self.unread().values())

    def check(self, own: Ownership) -> None:
        """Raises `WireError` for a row that cannot be read and says something that may be about an order of ours."""
        for exchange_id, unread in self.unread().items():
            if not unread.is_nothing:
                described = texts_of(self.rows[exchange_id], ("pair", "ordertype"), "descr") or {}
                if own.may_claim(unread.text("cl_ord_id"), described.get("pair"), described.get("ordertype")):
                    raise WireError(f"order {exchange_id} cannot be read: {unread.error}; {UNREADABLE}")


class OpenOrders(OrderRows, frozen=True):
    """OpenOrders."""

    all: dict[VenueOrderId, Raw] = field(name="open")

    @property
    def rows(self) -> Mapping[VenueOrderId, Raw]:
        """All there are."""
        return self.all

    @property
    def open(self) -> dict[VenueOrderId, Order]:
        """Rows that can be read; decoded again at each access."""
        return self.readable()


class ClosedOrders(OrderRows, frozen=True):
    """ClosedOrders."""

    all: dict[VenueOrderId, Raw] = field(name="closed")
    count: int | None = None
    """Number of matching orders on all pages; None when Kraken does not say."""

    @property
    def rows(self) -> Mapping[VenueOrderId, Raw]:
        """All of this page."""
        return self.all

    @property
    def closed(self) -> dict[VenueOrderId, Order]:
        """Rows that can be read; decoded again at each access."""
        return self.readable()


class AddedOrder(Wire, frozen=True):
    """AddOrder, and one element of AddOrderBatch."""

    txid: list[VenueOrderId] | VenueOrderId | None = None
    error: str | None = None

    @property
    def order_id(self) -> VenueOrderId | None:
        """Kraken's id; None when the element failed."""
        return (self.txid[0] if self.txid else None) if isinstance(self.txid, list) else self.txid


class AddedBatch(Wire, frozen=True):
    """AddOrderBatch."""

    orders: list[Raw]

    def readable(self) -> list[AddedOrder]:
        """One for each; an answer that cannot be read is an error that leaves its order's fate open."""
        rows = [_ADDED.read(row) for row in self.orders]
        return [AddedOrder(error=f"no usable answer: {row.error}") if isinstance(row, Unread) else row for row in rows]


class CancelResult(Wire, frozen=True):
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


_SPOT = frozenset({"none", "0", "1:1"})
"""Leverage of orders that are paid with what the account has."""
_ORDER = RowReader(Order, "cl_ord_id")
_LEDGER = RowReader(LedgerRow)
_HOLDING = RowReader(RestHolding)
_ADDED = RowReader(AddedOrder)
_TRADE = RowReader(TradeRow)


def _order(exchange_id: VenueOrderId, row: Raw) -> Order | Unread:
    try:
        check_id("order", exchange_id)
    except ValueError as error:
        return Unread(str(error), texts_of(row, ("cl_ord_id",)))
    return _ORDER.read(row)


def decode(content: bytes | Raw, kind: type[Result], what: str, own: Ownership = EVERY_MARK) -> Result:
    """Read JSON as `kind`. Raises `WireError`, naming `what`, also for an unreadable row that `own` may claim."""
    try:
        result = msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise WireError(f"{what}: {error}") from None
    if isinstance(result, OrderRows):
        result.check(own)
    return result


def holdings(rows: Mapping[str, Raw]) -> dict[str, Decimal | None]:
    """Balances of BalanceEx by row; None for one that cannot be read."""
    read = {name: _HOLDING.read(row) for name, row in rows.items()}
    return {name: row.balance if isinstance(row, RestHolding) else None for name, row in read.items()}


def close_reason(reason: str | None, *, asked_for: bool = False) -> CloseReason:
    """Why an order ended; `asked_for` when this program had sent a cancel.

    Only Kraken's own word for the owner means the owner. Another program's timer, the venue itself and words that are
    not known yet are `venue`; `OrderFacts.text` keeps them.
    """
    words = (reason or "").strip().lower()
    found = _REASONS.get(words, "venue")
    return "requested" if asked_for and (found == "by hand" or not words) else found


def orders_of(rows: Mapping[VenueOrderId, Raw]) -> dict[VenueOrderId, Order]:
    """Those of QueryOrders that can be read."""
    read = {exchange_id: _order(exchange_id, row) for exchange_id, row in rows.items()}
    return {exchange_id: order for exchange_id, order in read.items() if isinstance(order, Order)}


def trade_rows(trades: Trades) -> list[TradeRow | Unread]:
    """The rows of all pairs of an answer. Raises `WireError` for what is no list."""
    return [row for name, rows in trades.items() if name != "last" for row in _TRADE.read_list(rows, f"Trades {name}")]


def trades_cursor(trades: Trades) -> str:
    """Where to go on, as a text; empty where the answer does not say."""
    return bytes(trades.get("last", b"")).decode("ascii", "replace").strip('"')


def last_trade(trades: Trades) -> tuple[int, Nanos] | None:
    """Id and time of the newest trade in an answer about one pair; None without any. Raises `WireError`."""
    rows = [row for row in trade_rows(trades) if isinstance(row, TradeRow)]
    newest = max(rows, key=lambda row: row.trade_id, default=None)
    return (newest.trade_id, nanoseconds_of_unix(newest.time)) if newest else None


def order_facts(
    exchange_id: VenueOrderId, order: Order, names: PairTable, asked_for: frozenset[ClientOrderId]
) -> OrderFacts:
    """An order as the rest of the program sees it; `asked_for` are client ids that were asked to be canceled."""
    status = _STATUS.get(order.status)
    if status is None:
        raise WireError(f"order {exchange_id} has the unknown status {order.status!r}")
    order_id = order.cl_ord_id or NO_CLIENT_ID
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


def _limit(text: str | None) -> Decimal:
    """A limit price; relative and missing ones, which only foreign orders have, count as 0."""
    try:
        return decimal_of(text or "0", "price")
    except WireError:
        return ZERO
