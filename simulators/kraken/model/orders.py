"""Orders, fills and ledger entries as the engine keeps them, and the store that remembers every version."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

Side = Literal["buy", "sell"]
OrderType = Literal["limit", "market"]
TimeInForce = Literal["GTC", "IOC", "FOK", "GTD"]
SelfTrade = Literal["cancel-newest", "cancel-oldest", "cancel-both"]
Status = Literal["pending", "open", "closed", "canceled", "expired"]

OPEN: frozenset[Status] = frozenset({"pending", "open"})


class Oddity(Struct, frozen=True):
    """How a row differs from what the documentation says: fields left out, fields with another value or new ones."""

    without: tuple[str, ...] = ()
    changes: dict[str, Any] = {}

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row as clients see it."""
        return {name: value for name, value in (row | self.changes).items() if name not in self.without}


class OrderRequest(Struct, frozen=True):
    """One order as a client asks for it, the same for REST and WebSocket."""

    side: Side
    ordertype: OrderType
    volume: Decimal
    price: Decimal | None = None
    cl_ord_id: str | None = None
    userref: int | None = None
    post_only: bool = False
    tif: TimeInForce = "GTC"
    expires: int = 0
    """Nanoseconds UTC; 0 unless the time in force is GTD."""
    self_trade: SelfTrade = "cancel-newest"
    leverage: int = 0
    """Leverage of a margin order, which opens a position and neither holds nor moves coin; 0 means spot."""
    odd: Oddity = Oddity()


class Order(Struct, frozen=True):
    """One version of an order."""

    txid: str
    number: int
    """Order of arrival."""
    account: str
    pair: str
    """Pair id."""
    request: OrderRequest
    opened: int
    changed: int
    """Since when this version is true."""
    price: Decimal = Decimal(0)
    """The limit; 0 for a market order."""
    volume: Decimal = Decimal(0)
    """The whole quantity: what was asked for, unless it was amended."""
    status: Status = "pending"
    filled: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    """In quote currency."""
    held: Decimal = Decimal(0)
    """Reserved amount: quote for a buy, base for a sell."""
    trades: tuple[str, ...] = ()
    closed: int = 0
    reason: str = ""
    amended: bool = False

    @property
    def side(self) -> Side:
        return self.request.side

    @property
    def remaining(self) -> Decimal:
        return self.volume - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def average(self) -> Decimal:
        """Average fill price; 0 before the first fill."""
        return self.cost / self.filled if self.filled else Decimal(0)


class Trade(Struct, frozen=True):
    """One fill of one order."""

    txid: str
    number: int
    trade_id: int
    """Id of the trade on the public tape."""
    order: str
    account: str
    pair: str
    side: Side
    ordertype: OrderType
    price: Decimal
    volume: Decimal
    cost: Decimal
    fee: Decimal
    """In quote currency."""
    maker: bool
    time: int
    ledgers: tuple[str, ...] = ()
    leverage: int = 0
    """0: spot."""
    credits: Decimal = Decimal(0)
    """Fee credits paid instead of the fee; a credit is a cent."""


class LedgerEntry(Struct, frozen=True):
    """One change of one balance."""

    id: str
    refid: str
    time: int
    kind: str
    """`trade`, `deposit`, `withdrawal`, `margin`, `staking`, `transfer`, ..."""
    asset: str
    """Asset id."""
    row: str
    """Balance row."""
    amount: Decimal
    fee: Decimal
    balance: Decimal
    """Balance of the row after this entry."""
    total: Decimal
    """Sum of all rows of the asset after this entry."""
    subtype: str = ""
    wallet: tuple[str, str] = ("spot", "main")
    """Type and id, as the WebSocket names them."""


class OrderStore:
    """All orders ever, each with its versions, so that a lagging view can be shown."""

    def __init__(self) -> None:
        self.open: dict[str, Order] = {}
        self._versions: dict[str, list[Order]] = {}
        self._of_account: dict[str, list[str]] = {}
        self._resting: dict[str, dict[str, Order]] = {}

    def put(self, order: Order) -> Decimal:
        """Keep this version; returns by how much the order's hold has grown."""
        versions = self._versions.get(order.txid)
        if versions is None:
            versions = self._versions[order.txid] = []
            self._of_account.setdefault(order.account, []).append(order.txid)
        before = versions[-1].held if versions else Decimal(0)
        versions.append(order)
        resting = self._resting.setdefault(order.pair, {})
        if order.is_open:
            self.open[order.txid] = order
            if order.status == "open":
                resting[order.txid] = order
        else:
            self.open.pop(order.txid, None)
            resting.pop(order.txid, None)
        return order.held - before

    def get(self, txid: str) -> Order | None:
        """The newest version."""
        versions = self._versions.get(txid)
        return versions[-1] if versions else None

    def at(self, txid: str, time: int) -> Order | None:
        """What was known at `time`; None when the order did not exist then."""
        return next((order for order in reversed(self._versions.get(txid, ())) if order.changed <= time), None)

    def of_account(self, account: str, time: int) -> Iterator[Order]:
        """All orders of an account as they were known at `time`, in order of arrival."""
        for txid in self._of_account.get(account, ()):
            order = self.at(txid, time)
            if order is not None:
                yield order

    def open_of(self, account: str, pair: str | None = None) -> list[Order]:
        """Open orders of an account, in order of arrival."""
        orders = (order for order in self.open.values() if order.account == account)
        return sorted((order for order in orders if pair in (None, order.pair)), key=lambda order: order.number)

    def open_by_client_id(self, account: str, cl_ord_id: str) -> Order | None:
        orders = (order for order in self.open.values() if order.account == account)
        return next((order for order in orders if order.request.cl_ord_id == cl_ord_id), None)

    def resting(self, pair: str) -> list[Order]:
        """Live orders of a pair."""
        return list(self._resting.get(pair, {}).values())


def ended(order: Order, status: Status, reason: str, time: int) -> Order:
    """The order as it is once it is over."""
    return replace(order, status=status, reason=reason, closed=time, changed=time, held=Decimal(0))
