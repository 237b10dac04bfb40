"""Kraken's public prices for the paper exchange: a dry run. Nothing here holds a key or could place an order."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal

import msgspec

from adapters.exchanges.kraken.exchange import KRAKEN, NETWORK, PublicSide, Surroundings, open_public
from adapters.exchanges.paper.exchange import AccountStore, PaperExchange, open_paper
from adapters.exchanges.paper.source import Position
from config.schema import Config, PairOverride
from messages.market import Tick
from messages.money import Pair


class LivePrices:
    """A `PriceSource` of trades as they happen."""

    name = KRAKEN
    live = True

    def __init__(self, public: PublicSide, symbols: Sequence[str]) -> None:
        self._public = public
        self._symbols = tuple(dict.fromkeys(symbols))
        self._first: dict[str, Decimal | None] = {}

    async def check(self) -> None:
        """Ask for the last prices. Raises `ConfigError` for an unknown pair, `ExchangeUnavailable`."""
        for symbol in self._symbols:
            self._first[symbol] = await self._public.listing.last_price(symbol)

    def first_price(self, pair: Pair) -> Decimal | None:
        """Of the last trade before the start."""
        return self._first.get(pair.symbol)

    def market_open(self, symbol: str) -> bool:
        """Exchange and pair are online."""
        return self._public.market.is_open(symbol)

    def clock_offset(self) -> int:
        """Of the exchange that the prices come from."""
        return self._public.clock.offset()

    def rows(self, pairs: Sequence[Pair], position: Position) -> AbstractAsyncContextManager[AsyncIterator[Tick]]:
        """Trades from now on; what the account saw earlier does not come again."""
        del position
        return self._public.prices([pair.symbol for pair in pairs])


def open_dry_run(
    config: Config, store: AccountStore, *, now: int, source: str
) -> AbstractAsyncContextManager[PaperExchange]:
    """The paper exchange with Kraken's live prices and trading rules.

    Raises `ConfigError`, `DatabaseUnusable`, `ExchangeUnavailable`.
    """
    return connect_dry_run(config, store, now=now, source=source, world=NETWORK)


@asynccontextmanager
async def connect_dry_run(
    config: Config, store: AccountStore, *, now: int, source: str, world: Surroundings
) -> AsyncIterator[PaperExchange]:
    """`open_dry_run` in any surroundings."""
    async with open_public(config, source, world) as public:
        symbols = [strategy.symbol for strategy in config.strategy]
        rules = {symbol: _stated(await public.pair(symbol)) for symbol in symbols}
        for symbol, override in config.exchange.paper.pairs.items():
            rules[symbol] = _merged(rules.get(symbol, PairOverride()), override)
        settings = msgspec.structs.replace(config.exchange.paper, pairs=rules)
        prices = LivePrices(public, symbols)
        async with open_paper(settings, store, start_time=now, origin=source, source=prices) as exchange:
            yield exchange


def _stated(pair: Pair) -> PairOverride:
    return PairOverride(pair.tick_size, pair.lot_decimals, pair.cost_decimals, pair.min_volume, pair.min_cost)


def _merged(listed: PairOverride, configured: PairOverride) -> PairOverride:
    """What the configuration states wins."""
    stated = {name: value for name, value in msgspec.structs.asdict(configured).items() if value is not None}
    return msgspec.structs.replace(listed, **stated)
