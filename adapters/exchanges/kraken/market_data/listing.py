"""What Kraken lists: pairs, their rules and names, its clock, last prices. Public REST only."""

import logging
import math
from collections.abc import Iterable
from decimal import Decimal

import trio
from msgspec.structs import replace

from adapters.exchanges.kraken.transport.rest_client import PublicRest
from adapters.exchanges.kraken.transport.server_clock import SECOND, ServerClock
from adapters.exchanges.kraken.wire import listed as wire
from adapters.exchanges.kraken.wire.error_texts import KrakenError
from adapters.exchanges.kraken.wire.names import TOKENIZED, PairName, PairTable, common_symbol
from adapters.exchanges.kraken.wire.rest_results import ServerTime
from adapters.exchanges.kraken.wire.values import WireError
from config.problems import ConfigError, same_pair
from config.schema import Config
from messages.about import about
from messages.market import Quote
from messages.money import Pair
from trading.ports import ExchangeUnavailable, PairUnavailable

logger = logging.getLogger("infinity_grid.kraken")

KEPT_SECONDS = 60.0
"""Seconds for which an answer is cached."""
TRADED = frozenset({"online", "post_only", "limit_only"})
"""States of a pair in which limit orders are taken; a sell that is no post-only order is put off in `post_only`."""


class Listing:
    """What is public of the configured pairs: one question for all of them, and its answer kept for a minute."""

    def __init__(self, rest: PublicRest, config: Config, source: str) -> None:
        self.rest = rest
        self.names = PairTable(())
        """Spellings of all pairs that were ever listed; it grows in place."""
        self._config = config
        self._source = source
        self._symbols = tuple(dict.fromkeys(strategy.symbol for strategy in config.strategy))
        self._listed: wire.Rows = {}
        """Rows of the configured pairs by symbol, as they were read last."""
        self._listed_until = -math.inf
        self._prices: dict[str, Decimal | None] = {}
        self._prices_until = -math.inf

    async def read_clock(self, clock: ServerClock) -> None:
        """Set the server's clock. Time tells whole seconds; the middle of the second is the best guess."""
        answer = await self.rest.get("Time", ServerTime)
        clock.stated(answer.unixtime * SECOND + SECOND // 2)
        clock.watch(trio.current_time())

    async def read_pairs(self) -> None:
        """All pairs; what is configured and not among them is looked for twice.

        A pair that was traded yesterday and is missing today halts its strategies; one garbled answer must not.
        """
        await self._read_all()
        if self._missing():
            await self._read_all()

    def stated_fee(self, symbol: str) -> Decimal | None:
        """The lowest maker fee rate that strategies of the pair state; None where one of them states none."""
        stated = [strategy.fee for strategy in self._config.strategy if strategy.symbol == symbol]
        known = [fee for fee in stated if fee is not None]
        return min(known) if known and len(known) == len(stated) else None

    def forget(self) -> None:
        """Drop cached answers: the next calls ask Kraken again."""
        self._listed_until = self._prices_until = -math.inf

    async def pair(self, symbol: str) -> tuple[Pair, str]:
        """The rules and the status of a pair in common spelling.

        Raises `ConfigError` for a name that was never listed, and `PairUnavailable`.
        """
        if trio.current_time() >= self._listed_until:
            await self._read_configured()
        self._find(symbol)
        row = self._listed.get(symbol)
        if row is None:
            raise PairUnavailable(symbol, f"Kraken does not list {symbol} any more")
        try:
            rules, status = wire.pair_rules(symbol, row), wire.pair_status(symbol, row)
        except WireError as error:
            raise PairUnavailable(symbol, f"Kraken's rules cannot be used: {error}") from None
        if status not in TRADED:
            words = f'Kraken states "{status}" for {symbol}: it takes no orders of this pair'
            raise PairUnavailable(symbol, words, pair=rules)
        return rules, status

    def symbol(self, name: str) -> str:
        """Common spelling of a pair in any of Kraken's; an unknown one is passed through."""
        return self.names.symbol(name)

    async def last_price(self, symbol: str) -> Decimal | None:
        """Price of the last trade, quote per base; None when there was none. Raises `ExchangeUnavailable`."""
        self._find(symbol)
        if trio.current_time() >= self._prices_until:
            self._prices = await self._read_prices()
            self._prices_until = trio.current_time() + KEPT_SECONDS
        return self._prices.get(symbol)

    async def quote(self, symbol: str) -> Quote | None:
        """Best bid and ask of this moment; None where they are not known. Raises `ExchangeUnavailable`."""
        pair = self.names.find(symbol)
        if pair is None:
            return None
        try:
            rows = await self.rest.get("Ticker", wire.Rows, pair=pair.id, **pair.of_class())
            told = wire.bid_and_ask(next(iter(rows.values())), symbol) if rows else None
        except (KrakenError, WireError) as error:
            logger.warning("Kraken Ticker of %s: %s", symbol, error, extra=about(pair=symbol))
            return None
        return Quote(symbol, *told) if told else None

    def named(self) -> list[PairName]:
        """The configured pairs that Kraken lists now."""
        return [pair for symbol in self._symbols if symbol in self._listed and (pair := self.names.find(symbol))]

    def _missing(self) -> bool:
        return any(symbol not in self._listed for symbol in self._symbols)

    async def _read_all(self) -> None:
        """All pairs; tokenized ones only if a strategy trades what is not among the others."""
        try:
            rows = await self.rest.get("AssetPairs", wire.Rows)
        except KrakenError as error:
            raise ExchangeUnavailable(f"Kraken AssetPairs: {error.text}") from None
        self._listed = {}
        self._take(rows, wire.pair_names(rows))
        if self._missing():
            try:
                rows = await self.rest.get("AssetPairs", wire.Rows, aclass_base=TOKENIZED)
            except KrakenError as error:
                logger.warning("Kraken shows no tokenized pairs: %s", error.text)
                return
            # The field is optional; who answers to this question is of this class.
            self._take(rows, [replace(name, tokenized=True) for name in wire.pair_names(rows)])

    async def _read_configured(self) -> None:
        """The configured pairs alone, if one question finds them all."""
        named = self.named()
        if len(named) == len(self._symbols):
            self._listed = {}
            try:
                for pairs in _by_class(named):
                    ids = ",".join(pair.id for pair in pairs)
                    rows = await self.rest.get("AssetPairs", wire.Rows, pair=ids, **pairs[0].of_class("aclass_base"))
                    self._take(rows, pairs)
            except KrakenError as error:
                logger.info("Kraken AssetPairs: %s; looking through all pairs", error.text)
        if self._missing():
            await self.read_pairs()

    def _take(self, rows: wire.Rows, names: Iterable[PairName]) -> None:
        """A pair of this answer is looked up under its id; what an earlier one has told stays."""
        known = list(names)
        self.names.learn(known)
        for pair in known:
            if pair.symbol in self._symbols and pair.id in rows:
                self._listed.setdefault(pair.symbol, rows[pair.id])
        self._listed_until = trio.current_time() + KEPT_SECONDS

    async def _read_prices(self) -> dict[str, Decimal | None]:
        """All configured pairs in one question; singly when Kraken does not like one of them."""
        prices: dict[str, Decimal | None] = {}
        for pairs in _by_class(self.named()):
            try:
                prices |= await self._ticker(pairs)
            except KrakenError as error:
                if len(pairs) == 1:
                    symbol = pairs[0].symbol
                    logger.warning("Kraken Ticker of %s: %s", symbol, error.text, extra=about(pair=symbol))
                    continue
                for pair in pairs:
                    try:
                        prices |= await self._ticker([pair])
                    except KrakenError as single:
                        fields = about(pair=pair.symbol)
                        logger.warning("Kraken Ticker of %s: %s", pair.symbol, single.text, extra=fields)
        return prices

    async def _ticker(self, pairs: list[PairName]) -> dict[str, Decimal | None]:
        rows = await self.rest.get("Ticker", wire.Rows, pair=",".join(pair.id for pair in pairs), **pairs[0].of_class())
        prices: dict[str, Decimal | None] = {}
        for name, row in rows.items():
            symbol = pairs[0].symbol if len(pairs) == 1 else self.names.symbol(name)
            if symbol not in self._symbols:
                continue
            try:
                prices[symbol] = wire.last_price(row, symbol)
            except WireError as error:
                logger.warning("Kraken %s", error, extra=about(pair=symbol))
        return prices

    def _find(self, symbol: str) -> PairName:
        found = self.names.find(symbol)
        if found is not None and found.symbol == symbol:
            return found
        if found is not None:
            raise self._refused(symbol, f'"{found.symbol}", as everything else spells it')
        hint = same_pair(common_symbol(symbol), self.names.symbols)
        raise self._refused(symbol, f"a pair that Kraken lists. {hint}".rstrip())

    def _refused(self, symbol: str, allowed: str) -> ConfigError:
        index = next((n for n, strategy in enumerate(self._config.strategy) if strategy.symbol == symbol), 0)
        return ConfigError.at(self._source, f"strategy[{index}].base_currency", f'the pair "{symbol}"', allowed)


def _by_class(pairs: Iterable[PairName]) -> list[list[PairName]]:
    """Tokenized pairs are asked for by themselves."""
    groups: dict[bool, list[PairName]] = {}
    for pair in pairs:
        groups.setdefault(pair.tokenized, []).append(pair)
    return list(groups.values())
