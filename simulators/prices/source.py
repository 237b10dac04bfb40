"""What a source of prices is to the paper exchange; a further one needs only to fit this."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from messages.market import Tick
from messages.money import Pair
from simulators.paper.saved_account import LastPrice

PRICES_KEY = "exchange.paper.prices"


class Position(Struct, frozen=True):
    """How far a source has been read: enough for it to go on without a replay."""

    row: int
    """How many rows were read."""
    epoch: int
    """Time of the first row of a source without times of its own, in nanoseconds UTC."""
    prices: Mapping[str, LastPrice]
    """The newest row of each symbol that this source has given."""


class PriceSource(Protocol):
    """Trades of one or more pairs, in the order in which they happened."""

    @property
    def name(self) -> str:
        """Saved with the account; a source of another name begins at its first row."""

    @property
    def live(self) -> bool:
        """Whether the rows come when they happen. Then they are neither paced nor held back."""

    async def check(self) -> None:
        """Find out what can be known before the start. Raises `ConfigError`."""

    def first_price(self, pair: Pair) -> Decimal | None:
        """Price before any row of the run is read, quote per base; None where only rows show it. Call after `check`."""

    def market_open(self, symbol: str) -> bool:
        """Whether silence of this pair would be strange."""

    def clock_offset(self) -> int | None:
        """This machine's clock minus the venue's, in nanoseconds; None for a source without a clock."""

    def rows(self, pairs: Sequence[Pair], position: Position) -> AbstractAsyncContextManager[AsyncIterator[Tick]]:
        """The rows from `position` on. Entering returns once they are at hand; the end of the iterator is the
        end of the prices. Raises `ConfigError` for prices that make no sense."""
