"""Prices, and the marks that keep a simulation in lock-step."""

from decimal import Decimal

from msgspec import Struct

from messages.ids import Nanos
from messages.money import Pair


class Tick(Struct, frozen=True, tag=True):
    """The last traded price of a pair. A waiting tick is replaced by a newer one of its symbol."""

    symbol: str
    price: Decimal
    time: Nanos
    """When the exchange says it happened, in nanoseconds UTC."""


class Quote(Struct, frozen=True, tag=True):
    """Where the market is now, without a trade: the best prices that are bid and asked."""

    symbol: str
    bid: Decimal
    ask: Decimal


class RulesChanged(Struct, frozen=True, tag=True):
    """The venue's facts about a strategy's pair are others than before: decide by these from now on."""

    pair: Pair
    fee: Decimal
    """Maker fee rate (0.0026 is 0.26 %)."""


class FactsChanged(Struct, frozen=True, tag=True):
    """To the order-manager: rules and fee for a strategy's new orders from now on."""

    strategy: int
    pair: Pair
    fee: Decimal
    """Maker fee rate (0.0026 is 0.26 %)."""


class RowEnd(Struct, frozen=True, tag=True):
    """A simulated exchange in lock-step (`trading.ports.InRounds`) has nothing more to say about this row of prices.

    The order-manager asks every strategy with it; each answers with `RowDone`. No other exchange says it.
    """

    row: int


class RowDone(Struct, frozen=True, tag=True):
    """The strategy has handled all that came before `RowEnd(row)`, and its commands are out."""

    strategy: int
    row: int
