"""The account's own maker fees: one question for all configured pairs, and its answer kept for a minute."""

import logging
import math
from collections.abc import Callable, Sequence
from decimal import Decimal

import trio
from msgspec import Raw

from adapters.exchanges.kraken.market_data.listing import KEPT_SECONDS
from adapters.exchanges.kraken.transport.rest_client import PrivateRest
from adapters.exchanges.kraken.wire import listed as wire
from adapters.exchanges.kraken.wire.error_texts import KrakenError
from adapters.exchanges.kraken.wire.names import PairName, PairTable
from adapters.exchanges.kraken.wire.values import WireError
from messages.about import about
from trading.ports import ExchangeUnavailable, PairUnavailable

logger = logging.getLogger("infinity_grid.kraken")

FALLBACK_MAKER_FEE = Decimal("0.0040")
"""The highest published maker rate: assumed when the account's own is unknown."""
_PAIR_ERRORS = ("EAccount:Invalid permissions", "EQuery:")


class Fees:
    """Maker rates as TradeVolume states them."""

    def __init__(
        self,
        rest: PrivateRest,
        names: PairTable,
        configured: Callable[[], Sequence[PairName]],
        stated: Callable[[str], Decimal | None] = lambda _: None,
    ) -> None:
        """`configured`: the pairs to ask for together. `stated`: what the owner says of a pair's fee."""
        self._stated = stated
        self._rest = rest
        self._names = names
        self._configured = configured
        self._rates: dict[str, Decimal] = {}
        """The rates as last stated; one that is no longer stated stays."""
        self._refused: dict[str, str] = {}
        self._until = -math.inf

    def forget(self) -> None:
        """Drop cached rates: the next call asks Kraken again."""
        self._until = -math.inf

    async def rate(self, symbol: str) -> Decimal:
        """As a fraction; the owner's, or else the highest published one, where Kraken does not say.

        Raises `PairUnavailable` for a pair that this account must not trade, `ExchangeUnavailable`, `BotStateError`.
        """
        if trio.current_time() >= self._until:
            await self._read()
        if symbol in self._refused:
            raise PairUnavailable(symbol, self._refused[symbol])
        if symbol in self._rates:
            return self._rates[symbol]
        stated = self._stated(symbol)
        assumed = FALLBACK_MAKER_FEE if stated is None else stated
        logger.warning("Kraken does not state the fee of %s; assuming %s", symbol, assumed, extra=about(pair=symbol))
        return assumed

    async def _read(self) -> None:
        self._refused = {}
        pairs = list(self._configured())
        told: set[str] = set()
        if len(pairs) > 1:
            try:
                told = await self._ask(pairs)
            except KrakenError as error:
                logger.info("Kraken TradeVolume: %s; asking for each pair by itself", error.text)
        for pair in pairs:
            if pair.symbol not in told:
                await self._ask_singly(pair)
        self._until = trio.current_time() + KEPT_SECONDS

    async def _ask_singly(self, pair: PairName) -> None:
        try:
            await self._ask([pair])
        except KrakenError as error:
            if error.text.startswith("EAccount:"):
                self._refused[pair.symbol] = error.text
            else:
                fields = about(pair=pair.symbol)
                logger.warning("Kraken TradeVolume of %s: %s", pair.symbol, error.text, extra=fields)

    async def _ask(self, pairs: list[PairName]) -> set[str]:
        """Take the rates of these pairs; returns the pairs with one. Raises `KrakenError` for what one pair causes."""
        answer = await self._answer(pairs)
        told: set[str] = set()
        try:
            row = wire.ListedRow(answer, "TradeVolume")
            tables = [wire.fee_rows(row, name) for name in ("fees_maker", "fees")]
        except WireError as error:
            raise ExchangeUnavailable(f"Kraken {error}") from None
        for name, content in (item for table in tables for item in table.items()):
            symbol = pairs[0].symbol if len(pairs) == 1 else self._names.symbol(name)
            if symbol in told or all(pair.symbol != symbol for pair in pairs):
                continue
            try:
                rate = wire.fee_rate(content, symbol)
            except WireError as error:
                logger.warning("Kraken %s", error, extra=about(pair=symbol))
                continue
            if rate is not None:
                self._rates[symbol] = rate
                told.add(symbol)
        return told

    async def _answer(self, pairs: Sequence[PairName]) -> Raw:
        """Raises `KrakenError` where the pairs may be to blame, and what `PrivateRest.read` raises."""
        ids = ",".join(pair.id for pair in pairs)
        try:
            return await self._rest.call("TradeVolume", Raw, pair=ids)
        except KrakenError as error:
            one_of_many = len(pairs) > 1 and error.meaning in ("refused", "forbidden")
            if one_of_many or error.text.startswith(_PAIR_ERRORS):
                raise
            return await self._rest.read("TradeVolume", Raw, pair=ids)
