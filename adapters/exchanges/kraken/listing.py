"""What Kraken lists: pairs, their rules and names, its clock, last prices. Public REST only."""

import logging
from decimal import Decimal

import trio
from msgspec.structs import replace

from adapters.exchanges.kraken.clock import SECOND, ServerClock
from adapters.exchanges.kraken.errors import KrakenError
from adapters.exchanges.kraken.names import TOKENIZED, PairName, PairTable, common_symbol
from adapters.exchanges.kraken.rest import PublicRest
from adapters.exchanges.kraken.wire.rest import (
    AssetPair,
    ServerTime,
    Ticker,
    pair_rules,
    pair_table,
)
from adapters.exchanges.kraken.wire.values import WireError
from adapters.interfaces import ExchangeUnavailable
from config.problems import ConfigError, did_you_mean
from config.schema import Config
from messages.money import Pair

logger = logging.getLogger("infinity_grid.kraken")


class Listing:
    """Read once per connection to the exchange."""

    def __init__(self, rest: PublicRest, config: Config, source: str) -> None:
        self.rest = rest
        self.names = PairTable(())
        self._config = config
        self._source = source
        self._pairs: dict[str, AssetPair] = {}

    async def read_clock(self, clock: ServerClock) -> None:
        """Set the server's clock. Time tells whole seconds; the middle of the second is the best guess."""
        answer = await self.rest.get("Time", ServerTime)
        clock.stated(answer.unixtime * SECOND + SECOND // 2)
        clock.watch(trio.current_time())

    async def read_pairs(self) -> None:
        """All pairs; what is configured and not among them is looked for twice.

        A pair that was traded yesterday and is missing today ends the start; one garbled answer must not.
        """
        await self._read_pairs()
        if self._missing():
            await self._read_pairs()

    def _missing(self) -> bool:
        return any(self.names.find(strategy.symbol) is None for strategy in self._config.strategy)

    async def _read_pairs(self) -> None:
        """All pairs; tokenized ones only if somebody trades what is not among the others."""
        self._pairs = await self.rest.get("AssetPairs", dict[str, AssetPair])
        self.names = pair_table(self._pairs)
        if self._missing():
            tokenized = await self.rest.get("AssetPairs", dict[str, AssetPair], aclass_base=TOKENIZED)
            # The field is optional; who answers to this question is of this class.
            named = {pair_id: replace(pair, aclass_base=TOKENIZED) for pair_id, pair in tokenized.items()}
            self._pairs = {**named, **self._pairs}
            self.names = pair_table(self._pairs)

    async def pair(self, symbol: str) -> tuple[Pair, str]:
        """The rules and the status of a pair in common spelling. Raises `ConfigError` for any other name."""
        found = self._find(symbol)
        listed = self._pairs[found.id]
        try:
            return pair_rules(symbol, listed), listed.status
        except WireError as error:
            raise ExchangeUnavailable(str(error)) from None

    async def last_price(self, symbol: str) -> Decimal | None:
        """Of the last trade; None when there is none."""
        pair = self._find(symbol)
        try:
            answer = await self.rest.get("Ticker", dict[str, Ticker], pair=pair.id, **pair.of_class())
        except KrakenError as error:
            raise ExchangeUnavailable(f"Kraken Ticker of {symbol}: {error.text}") from None
        for ticker in answer.values():
            return ticker.c[0] if ticker.c[0] > 0 else None
        return None

    def _find(self, symbol: str) -> PairName:
        found = self.names.find(symbol)
        if found is not None and found.symbol == symbol:
            return found
        if found is not None:
            raise self._refused(symbol, f'"{found.symbol}", as everything else spells it')
        hint = did_you_mean(common_symbol(symbol), self.names.symbols)
        raise self._refused(symbol, f"a pair that Kraken lists. {hint}".rstrip())

    def _refused(self, symbol: str, allowed: str) -> ConfigError:
        index = next((n for n, strategy in enumerate(self._config.strategy) if strategy.symbol == symbol), 0)
        return ConfigError.at(self._source, f"strategy[{index}].base_currency", f'the pair "{symbol}"', allowed)
