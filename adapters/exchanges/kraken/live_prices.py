"""Kraken's public prices for the paper exchange: a dry run. Nothing here holds a key or could place an order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from decimal import Decimal

import msgspec

from adapters.exchanges.kraken.exchange import KRAKEN, NETWORK, PublicSide, Surroundings, open_public
from config.problems import ConfigError
from config.schema import Config, PairOverride
from messages.market import Quote, Tick
from messages.money import Pair
from simulators.paper.exchange import AccountStore, PaperExchange, open_kind
from simulators.prices.source import Position
from trading.ports import PairUnavailable


class LivePrices:
    """A `PriceSource` of trades as they happen."""

    name = KRAKEN
    live = True

    def __init__(self, public: PublicSide, symbols: Sequence[str]) -> None:
        self._public = public
        self._symbols = tuple(dict.fromkeys(symbols))

    async def check(self) -> None:
        """Do nothing: each pair is asked for by itself, so that one in trouble does not affect the others."""

    def first_price(self, pair: Pair) -> Decimal | None:
        """Unknown here: `DryRun` asks for it."""
        del pair
        return None

    def market_open(self, symbol: str) -> bool:
        """Exchange and pair are online."""
        return self._public.market.is_open(symbol)

    def clock_offset(self) -> int:
        """This machine's clock minus Kraken's, in nanoseconds; None while it is not known."""
        return self._public.clock.offset()

    def rows(self, pairs: Sequence[Pair], position: Position) -> AbstractAsyncContextManager[AsyncIterator[Tick]]:
        """Trades of all configured pairs from now on; what the account saw earlier does not come again."""
        del pairs, position
        return self._public.prices(self._symbols)


class DryRun(PaperExchange):
    """A paper exchange whose facts about pairs are Kraken's of the moment."""

    def follow(self, public: PublicSide, overrides: Mapping[str, PairOverride]) -> None:
        """Take rules and prices from there; `overrides` win over what is listed."""
        self._public = public
        self._overrides = overrides

    def requests(self) -> Mapping[tuple[str, str], int]:
        """See `CountsRequests`: of the public side."""
        return self._public.tally.counts()

    async def pair(self, symbol: str) -> Pair:
        """The rules as Kraken states them. Raises `ConfigError` for an unknown pair, `PairUnavailable`."""
        try:
            pair = self._merged(await self._public.pair(symbol))
        except PairUnavailable as error:
            known = self._merged(error.pair) if error.pair is not None else None
            if known is not None:
                self.set_rules(known)
            raise PairUnavailable(symbol, error.words, pair=known) from None
        self.set_rules(pair)
        return pair

    async def rules_of(self, symbols: Sequence[str]) -> list[Pair]:
        """The rules as last published; a pair that is unknown or has no published rules is left out."""
        for symbol in dict.fromkeys(symbols):
            if self.rules(symbol) is None:
                with suppress(PairUnavailable, ConfigError):
                    await self.pair(symbol)
        return [rules for symbol in dict.fromkeys(symbols) if (rules := self.rules(symbol)) is not None]

    async def last_price(self, symbol: str) -> Decimal | None:
        """Price of the last trade at Kraken, quote per base; None when there was none. Raises `ExchangeUnavailable`."""
        return await self._public.listing.last_price(symbol)

    async def quote(self, symbol: str) -> Quote | None:
        """Best bid and ask at Kraken. Raises `ExchangeUnavailable`."""
        return await self._public.listing.quote(symbol)

    def forget_facts(self) -> None:
        """Drop cached rules and prices: they are asked for again."""
        self._public.listing.forget()

    async def pair_news(self) -> dict[str, str]:
        """Changes of pairs' states, as Kraken's public socket reports them."""
        return await self._public.pair_news()

    def _merged(self, pair: Pair) -> Pair:
        stated = msgspec.structs.asdict(self._overrides.get(pair.symbol, PairOverride()))
        return msgspec.structs.replace(pair, **{name: value for name, value in stated.items() if value is not None})


def open_dry_run(config: Config, store: AccountStore, *, now: int, source: str) -> AbstractAsyncContextManager[DryRun]:
    """The paper exchange with Kraken's live prices and trading rules.

    Raises `ConfigError`, `DatabaseUnusable`, `ExchangeUnavailable`.
    """
    return connect_dry_run(config, store, now=now, source=source, world=NETWORK)


@asynccontextmanager
async def connect_dry_run(
    config: Config, store: AccountStore, *, now: int, source: str, world: Surroundings
) -> AsyncIterator[DryRun]:
    """`open_dry_run` in any surroundings."""
    async with open_public(config, source, world) as public:
        paper = config.exchange.paper
        prices = LivePrices(public, [strategy.symbol for strategy in config.strategy])
        async with open_kind(DryRun, paper, store, start_time=now, origin=source, source=prices) as exchange:
            exchange.follow(public, paper.pairs)
            yield exchange
