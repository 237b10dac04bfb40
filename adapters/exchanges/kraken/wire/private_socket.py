"""Executions, balances and trading requests of the private WebSocket."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, TypeVar

from msgspec import Raw, field

from adapters.exchanges.kraken.wire.names import common_asset, is_spendable
from adapters.exchanges.kraken.wire.rows import RowReader, Unread
from adapters.exchanges.kraken.wire.values import Wire, WireError, check_id, is_other_kind, nanoseconds, plain, stamp_of
from messages.ids import NO_CLIENT_ID, ClientOrderId, Nanos, VenueOrderId
from messages.money import ZERO, Side
from messages.orders import Place

Part = TypeVar("Part")

ReportKind = Literal["accepted", "trade", "filled", "canceled", "expired", "changed", "other"]

ADD = "add_order"
ADD_BATCH = "batch_add"
CANCEL = "cancel_order"
CANCEL_BATCH = "batch_cancel"
LARGEST_ADD = 15
LARGEST_CANCEL = 50


class Fee(Wire, frozen=True):
    """What a fill cost."""

    asset: str
    qty: Decimal


class Report(Wire, frozen=True):
    """One report of the executions channel."""

    order_id: VenueOrderId
    exec_type: str
    timestamp: str
    client_id: ClientOrderId | None = field(default=None, name="cl_ord_id")
    order_userref: int | None = None
    """What another program marked the order with; ours have a client id instead."""
    symbol: str | None = None
    side: Side | None = None
    order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    cum_qty: Decimal | None = None
    cum_cost: Decimal | None = None
    avg_price: Decimal | None = None
    last_qty: Decimal | None = None
    last_price: Decimal | None = None
    cost: Decimal | None = None
    exec_id: str | None = None
    order_type: str | None = None
    limit_price_type: str | None = None
    margin: bool | None = None
    reduce_only: bool | None = None
    paid: tuple[Raw, ...] | None = field(default=(), name="fees")
    fee_usd_equiv: Decimal | None = None
    """All fees of the order so far, in US dollars."""
    reason: str | None = None
    cancel_reason: str | None = None
    rate_count: Decimal | None = None
    """The pair's trading counter; whether the field has this name is not published."""

    def __post_init__(self) -> None:
        """Raises `ValueError`, also for ids with strange letters: a counter-order's name follows from them."""
        super().__post_init__()
        check_id("order_id", self.order_id)
        if self.exec_id is not None:
            check_id("exec_id", self.exec_id)
        nanoseconds(self.timestamp)
        _listed(_FEES, self.paid)

    @property
    def borrowed(self) -> bool:
        """Whether the order opens or closes a position on margin: it moves and holds no coin."""
        return bool(self.margin or self.reduce_only)

    @property
    def cl_ord_id(self) -> ClientOrderId:
        """Client id; empty without one, and for kinds of orders that only others place: there it says nothing."""
        return (
            NO_CLIENT_ID if is_other_kind(self.order_type, borrowed=self.borrowed) else self.client_id or NO_CLIENT_ID
        )

    @property
    def limit(self) -> Decimal | None:
        """The limit price; None where it is relative to the market."""
        return self.limit_price if self.limit_price_type in (None, "static") else None

    @property
    def fees(self) -> tuple[Fee, ...]:
        """Fees of this fill, one per asset."""
        return _listed(_FEES, self.paid)

    @property
    def kind(self) -> ReportKind:
        """What happened."""
        return _KINDS.get(self.exec_type, "other")

    @property
    def time(self) -> Nanos:
        """When, in nanoseconds UTC. Raises `WireError`."""
        return nanoseconds(self.timestamp)

    @property
    def close_reason(self) -> str | None:
        """Kraken's words for why the order ended."""
        return self.reason or self.cancel_reason


_KINDS: Mapping[str, ReportKind] = {
    "pending_new": "accepted",
    "new": "accepted",
    "trade": "trade",
    "filled": "filled",
    "canceled": "canceled",
    "expired": "expired",
    "amended": "changed",
    "restated": "changed",
}


class Wallet(Wire, frozen=True):
    """A part of a balance."""

    id: str | None = None
    type: str | None = None
    balance: Decimal = ZERO


class Holding(Wire, frozen=True):
    """One asset in the snapshot of the balances channel."""

    asset: str
    balance: Decimal
    wallets: tuple[Raw, ...] | None = ()

    def __post_init__(self) -> None:
        """Raises `ValueError`."""
        super().__post_init__()
        _listed(_WALLETS, self.wallets)

    @property
    def locked(self) -> Decimal:
        """What cannot be traded of it."""
        wallets = _listed(_WALLETS, self.wallets)
        kept = (wallet.balance for wallet in wallets if not _spends_from(wallet.id, wallet.type))
        return sum(kept, ZERO)


class LedgerEntry(Wire, frozen=True):
    """One update of the balances channel."""

    asset: str
    balance: Decimal
    ref_id: str | None = None
    type: str | None = None
    category: str | None = None
    wallet_id: str | None = None
    wallet_type: str | None = None
    amount: Decimal = ZERO
    fee: Decimal = ZERO

    def __post_init__(self) -> None:
        """Raises `ValueError` for a trade that names no fill: what the fill moved would count twice."""
        super().__post_init__()
        if self.by_fill and not self.ref_id:
            raise ValueError("a trade without its ref_id")

    @property
    def by_fill(self) -> bool:
        """Whether an execution of an order caused it; purchases and conversions outside of the book have none."""
        return self.type == TRADE and self.category in (None, "", TRADE)

    @property
    def locked(self) -> Decimal:
        """By how much the entry changes what cannot be traded."""
        return ZERO if _spends_from(self.wallet_id, self.wallet_type) else self.amount - self.fee


TRADE = "trade"
"""Type of the ledger entries that a fill causes."""
_SPENT = frozenset({"main", "flex", "flexible"})
"""Wallets that an order spends from: the plain one, and what earns without being bound. No source says so of others."""


def _spends_from(wallet: str | None, kind: str | None) -> bool:
    return wallet in _SPENT or (not wallet and kind in (None, "", "spot"))


class Placed(Wire, frozen=True):
    """The answer to one order."""

    order_id: VenueOrderId | None = None
    cl_ord_id: ClientOrderId | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError` for a name that is no id."""
        if self.order_id is not None:
            check_id("order_id", self.order_id)


_FEES = RowReader(Fee)
_WALLETS = RowReader(Wallet)
_REPORTS = RowReader(Report, "order_id", "cl_ord_id", "symbol", "order_type", "exec_id", "exec_type")
_HOLDINGS = RowReader(Holding, "asset")
_ENTRIES = RowReader(LedgerEntry, "asset")
_PLACED = RowReader(Placed)


def read_reports(data: Raw) -> list[Report | Unread]:
    """Raises `WireError` for what is no list of rows."""
    return _REPORTS.read_list(data, "executions")


def read_holdings(data: Raw) -> list[Holding | Unread]:
    """Raises `WireError` for what is no list of rows."""
    return _HOLDINGS.read_list(data, "balances snapshot")


def read_entries(data: Raw) -> list[LedgerEntry | Unread]:
    """Raises `WireError` for what is no list of rows."""
    return _ENTRIES.read_list(data, "balances")


def read_placed(method: str, result: Raw) -> list[Placed]:
    """The answer to each order of a request, in its order. Raises `WireError`.

    One that cannot be read is an error that leaves its order's fate open.
    """
    if method == ADD:
        placed = _PLACED.read(result)
        if isinstance(placed, Unread):
            raise WireError(f"{method}: {placed.error}")
        return [placed]
    rows = _PLACED.read_list(result, method)
    return [Placed(error=f"no usable answer: {row.error}") if isinstance(row, Unread) else row for row in rows]


def asset_of(entry: Holding | LedgerEntry | Fee) -> str:
    """Common spelling; what cannot be spent keeps its own, since it is none of the plain asset."""
    return common_asset(entry.asset) if is_spendable(entry.asset) else entry.asset


def order_params(order: Place) -> dict[str, object]:
    """One order inside a request, without its symbol. Numbers are the exact digits of the decision."""
    params: dict[str, object] = {
        "order_type": "limit",
        "side": order.side,
        "order_qty": _number(order.volume),
        "limit_price": _number(order.price),
        "time_in_force": "gtc",
        "cl_ord_id": order.order_id,
    }
    if order.post_only:
        params["post_only"] = True
    return params


def add_request(orders: Sequence[Place], deadline: int, token: str) -> tuple[str, dict[str, object]]:
    """Method and parameters that place orders of one symbol; `deadline` is server time in nanoseconds."""
    common: dict[str, object] = {"symbol": orders[0].symbol, "deadline": stamp_of(deadline), "token": token}
    if len(orders) == 1:
        return ADD, {**order_params(orders[0]), **common}
    return ADD_BATCH, {"orders": [order_params(order) for order in orders], **common}


def cancel_request(
    order_ids: Sequence[ClientOrderId], exchange_ids: Sequence[VenueOrderId | None], token: str
) -> tuple[str, dict[str, object]]:
    """Method and parameters that cancel orders by client id, or several by Kraken's ids where all are known.

    Whether a batch may hold client ids only is not published.
    """
    if len(order_ids) > 1 and all(exchange_ids):
        return CANCEL_BATCH, {"orders": list(exchange_ids), "token": token}
    return CANCEL if len(order_ids) == 1 else CANCEL_BATCH, {"cl_ord_id": list(order_ids), "token": token}


def rest_order(order: Place) -> dict[str, object]:
    """One order of AddOrder or AddOrderBatch, without its pair."""
    params: dict[str, object] = {
        "ordertype": "limit",
        "type": order.side,
        "volume": plain(order.volume),
        "price": plain(order.price),
        "timeinforce": "GTC",
        "cl_ord_id": order.order_id,
    }
    if order.post_only:
        params["oflags"] = "post"
    return params


def _listed(reader: RowReader[Part], rows: Sequence[Raw] | None) -> tuple[Part, ...]:
    """The parts of a row, without what is none at all. Raises `ValueError` for an unreadable one."""
    parts: list[Part] = []
    for part in map(reader.read, rows or ()):
        if not isinstance(part, Unread):
            parts.append(part)
        elif not part.is_nothing:
            raise ValueError(part.error)
    return tuple(parts)


def _number(value: Decimal) -> Raw:
    return Raw(plain(value).encode())
