"""Frames of WebSocket v2, and its public channels."""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw, field

from adapters.exchanges.kraken.wire.rows import RowReader, Unread
from adapters.exchanges.kraken.wire.values import NOTHING, Wire, WireError, nanoseconds
from messages.market import Tick

TRADE = "trade"
STATUS = "status"
INSTRUMENT = "instrument"
EXECUTIONS = "executions"
BALANCES = "balances"
SNAPSHOT = "snapshot"
SUBSCRIBE = "subscribe"

ONLINE = "online"
TAKES_CANCELS = frozenset({"online", "post_only", "limit_only", "cancel_only"})
TAKES_ORDERS = frozenset({"online", "post_only", "limit_only"})


class Frame(Wire, frozen=True):
    """Any frame: with a `method` it answers a request, with a `channel` it carries data."""

    method: str | None = None
    req_id: int | None = None
    success: bool | None = None
    result: Raw = NOTHING
    error: str | None = None
    complaint: str | None = field(default=None, name="Error")
    symbol: str | None = None
    time_out: str | None = None
    channel: str | None = None
    type: str | None = None
    sequence: int | None = None
    data: Raw = NOTHING

    @property
    def failure(self) -> str:
        """The error text of a refused request or of a complaint."""
        return self.error or self.complaint or "no reason given"


class Trade(Wire, frozen=True):
    """One element of the trade channel."""

    symbol: str
    price: Decimal
    timestamp: str
    trade_id: int | None = None


class SystemState(Wire, frozen=True):
    """One element of the status channel."""

    system: str = "online"


class Subscribed(Wire, frozen=True):
    """What a subscription's answer says."""

    channel: str | None = None
    symbol: str | None = None
    maxratecount: int | None = None


_FRAME = msgspec.json.Decoder(Frame)
_TRADES = RowReader(Trade)
_STATES = RowReader(SystemState)
_SUBSCRIBED = msgspec.json.Decoder(Subscribed)


def read_frame(content: str | bytes) -> Frame:
    """Raises `WireError` for what is no frame."""
    try:
        return _FRAME.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise WireError(f"a frame that cannot be read: {error}") from None


def read_trades(data: Raw) -> tuple[list[tuple[int | None, Tick]], list[str]]:
    """Trades with their ids, in their order, and what is wrong with rows that are none. Raises `WireError`.

    A trade without an id is one all the same: it has a price and a time.
    """
    trades: list[tuple[int | None, Tick]] = []
    odd: list[str] = []
    for row in _TRADES.read_list(data, TRADE):
        if isinstance(row, Unread):
            odd.append(row.error)
            continue
        try:
            trades.append((row.trade_id, _tick(row)))
        except WireError as error:
            odd.append(str(error))
    return trades, odd


def read_system(data: Raw) -> str | None:
    """The newest state of the exchange as a whole; None where no row states one. Raises `WireError`."""
    states = [row for row in _STATES.read_list(data, STATUS) if isinstance(row, SystemState)]
    return states[-1].system if states else None


def read_subscribed(result: Raw) -> Subscribed:
    """Raises `WireError`."""
    if not bytes(result):
        return Subscribed()
    subscribed: Subscribed = _decoded(_SUBSCRIBED, result, SUBSCRIBE)
    return subscribed


def _tick(trade: Trade) -> Tick:
    if trade.price <= 0:
        raise WireError(f"a trade of {trade.symbol[:40]!r} without a price")
    return Tick(trade.symbol, trade.price, nanoseconds(trade.timestamp))


def _decoded(decoder: "msgspec.json.Decoder[Any]", raw: Raw, what: str) -> Any:  # noqa: ANN401 - as the decoder says
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise WireError(f"{what}: {error}") from None


def request(method: str, params: dict[str, object], number: int) -> str:
    """The text of a request."""
    return msgspec.json.encode({"method": method, "params": params, "req_id": number}).decode()
