"""Events of the venue for its listeners, in the order in which they happen."""

from typing import Literal

from msgspec import Struct

from simulators.kraken.model.market import PublicTrade
from simulators.kraken.model.orders import LedgerEntry, Order, Trade

SystemStatus = Literal["online", "maintenance", "cancel_only", "post_only"]
ExecType = Literal["pending_new", "new", "trade", "filled", "canceled", "expired", "amended"]


class OrderEvent(Struct, frozen=True):
    """An order changed; `order` is how it is now."""

    kind: ExecType
    order: Order
    time: int
    trade: Trade | None = None


class BalanceEvent(Struct, frozen=True):
    """A ledger entry was written."""

    account: str
    entry: LedgerEntry


class SystemEvent(Struct, frozen=True):
    """The system's status changed."""

    status: SystemStatus


class PairEvent(Struct, frozen=True):
    """A pair's status changed."""

    pair: str


class MarketEvent(Struct, frozen=True):
    """Something was traded, or the quotes moved (then without trades)."""

    pair: str
    trades: tuple[PublicTrade, ...] = ()


Event = OrderEvent | BalanceEvent | SystemEvent | PairEvent | MarketEvent
