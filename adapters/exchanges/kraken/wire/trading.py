"""Executions, balances and trading requests of the private WebSocket."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import Raw

from adapters.exchanges.kraken.names import common_asset
from adapters.exchanges.kraken.wire.values import Wire, WireError, check_id, nanoseconds, plain, stamp_of
from messages.money import ZERO, Side
from messages.orders import Place

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

    order_id: str
    exec_type: str
    timestamp: str
    order_status: str = ""
    cl_ord_id: str = ""
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
    fees: tuple[Fee, ...] = ()
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

    @property
    def kind(self) -> ReportKind:
        """What happened."""
        return _KINDS.get(self.exec_type, "other")

    @property
    def time(self) -> int:
        """When, in nanoseconds UTC. Raises `WireError`."""
        return nanoseconds(self.timestamp)

    @property
    def fee(self) -> Decimal:
        """Of this fill, all assets in one sum: Kraken takes fees in quote currency."""
        return sum((fee.qty for fee in self.fees), ZERO)

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

    id: str = "main"
    balance: Decimal = ZERO


class Holding(Wire, frozen=True):
    """One asset in the snapshot of the balances channel."""

    asset: str
    balance: Decimal
    wallets: tuple[Wallet, ...] = ()

    @property
    def locked(self) -> Decimal:
        """What cannot be traded of it."""
        return sum((wallet.balance for wallet in self.wallets if wallet.id in _LOCKED), ZERO)


class LedgerEntry(Wire, frozen=True):
    """One update of the balances channel."""

    asset: str
    balance: Decimal
    ref_id: str = ""
    type: str = ""
    wallet_id: str = "main"
    amount: Decimal = ZERO
    fee: Decimal = ZERO

    @property
    def locked(self) -> Decimal:
        """By how much the entry changes what cannot be traded."""
        return self.amount - self.fee if self.wallet_id in _LOCKED else ZERO


_LOCKED = frozenset({"bonded", "locked"})
"""Wallets that an order cannot spend from."""


class Placed(Wire, frozen=True):
    """The answer to one order."""

    order_id: str | None = None
    cl_ord_id: str | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError` for a name that is no id."""
        if self.order_id is not None:
            check_id("order_id", self.order_id)


class CountOfCanceled(Wire, frozen=True):
    """The answer to a batch of cancels."""

    count: int = 0


_REPORTS = msgspec.json.Decoder(list[Report])
_HOLDINGS = msgspec.json.Decoder(list[Holding])
_ENTRIES = msgspec.json.Decoder(list[LedgerEntry])
_PLACED = msgspec.json.Decoder(Placed)
_PLACED_BATCH = msgspec.json.Decoder(list[Placed])
_COUNT = msgspec.json.Decoder(CountOfCanceled)


def read_reports(data: Raw) -> list[Report]:
    """Raises `WireError`."""
    reports: list[Report] = _read(_REPORTS, data, "executions")
    for report in reports:
        nanoseconds(report.timestamp)
    return reports


def read_holdings(data: Raw) -> list[Holding]:
    """Raises `WireError`."""
    holdings: list[Holding] = _read(_HOLDINGS, data, "balances snapshot")
    return holdings


def read_entries(data: Raw) -> list[LedgerEntry]:
    """Raises `WireError`."""
    entries: list[LedgerEntry] = _read(_ENTRIES, data, "balances")
    return entries


def read_placed(method: str, result: Raw) -> list[Placed]:
    """The answer to each order of a request, in its order. Raises `WireError`."""
    if method == ADD:
        return [_read(_PLACED, result, method)]
    placed: list[Placed] = _read(_PLACED_BATCH, result, method)
    return placed


def read_canceled(result: Raw) -> int:
    """How many orders a batch of cancels found. Raises `WireError`."""
    count: CountOfCanceled = _read(_COUNT, result, CANCEL_BATCH)
    return count.count


def asset_of(entry: Holding | LedgerEntry | Fee) -> str:
    """Common spelling."""
    return common_asset(entry.asset)


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


def cancel_request(order_ids: Sequence[str], exchange_ids: Sequence[str], token: str) -> tuple[str, dict[str, object]]:
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


def _number(value: Decimal) -> Raw:
    return Raw(plain(value).encode())


def _read(decoder: "msgspec.json.Decoder[Any]", data: Raw, what: str) -> Any:  # noqa: ANN401 - as the decoder says
    if not bytes(data):
        raise WireError(f"{what}: an answer without content")
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise WireError(f"{what}: {error}") from None
