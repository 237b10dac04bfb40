"""Kraken: one account, its market data, and how both are opened from a configuration."""

import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path

import httpx
from msgspec import Struct

from adapters.exchanges.kraken.account.company import Beats, orders_in_doubt, watch_company
from adapters.exchanges.kraken.account.permissions import check_permissions
from adapters.exchanges.kraken.market_data.last_prices import LastPrices
from adapters.exchanges.kraken.market_data.listing import Listing
from adapters.exchanges.kraken.market_data.maker_fees import Fees
from adapters.exchanges.kraken.session import KrakenSession, Line, LiveAccount, open_session
from adapters.exchanges.kraken.transport import websockets as sockets
from adapters.exchanges.kraken.transport.nonce import FileNonceStore, NonceSource, NonceStore
from adapters.exchanges.kraken.transport.request_signing import Signer
from adapters.exchanges.kraken.transport.rest_client import REST_URL, PrivateRest, PublicRest, make_client
from adapters.exchanges.kraken.transport.server_clock import ServerClock
from adapters.exchanges.kraken.transport.urls import checked_url
from adapters.exchanges.kraken.wire.our_orders import Ownership
from adapters.network.proxies import way
from config.problems import ConfigError
from config.schema import Config, ExchangeConfig
from messages.account import KeyShared, OrderInDoubt
from messages.market import Quote, Tick
from messages.money import Pair
from simulators.paper.exchange import AccountStore
from trading.ports import PairUnavailable

logger = logging.getLogger("infinity_grid.kraken")

KRAKEN = "kraken"
"""The adapter's name in the configuration."""


class Surroundings(Struct, frozen=True):
    """The outside world, replaced in tests."""

    wall: Callable[[], int] = time.time_ns
    dial: sockets.Dial = sockets.dial_network
    transport: httpx.AsyncBaseTransport | None = None
    nonces: Callable[[Path, str], NonceStore] = FileNonceStore
    """Where the nonces of a key are kept: a file, and the key's fingerprint."""


NETWORK = Surroundings()


def open_kraken(
    config: Config, store: AccountStore, *, now: int, source: str
) -> AbstractAsyncContextManager["KrakenExchange"]:
    """The account of the configured key: what `assembly.registry.OpenExchange` asks for.

    `now` is not used: deadlines follow the server's clock. Raises `ConfigError` for keys or URLs that are missing or
    make no sense, `BotStateError` for a key that is refused, `ExchangeUnavailable` when Kraken does not answer.
    """
    del store, now
    return connect(config, source, NETWORK)


@asynccontextmanager
async def connect(config: Config, source: str, world: Surroundings) -> AsyncIterator["KrakenExchange"]:
    """`open_kraken` in any surroundings."""
    settings = config.exchange
    signer = _signer(settings, source)
    async with open_public(config, source, world) as public:
        path = Path(f"{config.persistence.database}.nonce")
        nonces = NonceSource(world.nonces(path, signer.fingerprint), public.clock.for_nonces)
        own = Ownership({strategy.userref: strategy.symbol for strategy in config.strategy}, public.listing.symbol)
        rest = PrivateRest(public.client, signer, nonces, clock_offset=public.clock.offset, own=own, tally=public.tally)
        account_id = await check_permissions(rest, skip=settings.skip_permission_check)
        account = LiveAccount(rest, public.listing.names, public.clock)
        url = checked_url(settings.ws_auth_url, sockets.WS_AUTH_URL, "exchange.ws_auth_url", source)
        yield KrakenExchange(public, account, Line(world.dial, url), account_id)


class PublicSide:
    """Everything that needs no key; a dry run has nothing else."""

    def __init__(self, client: httpx.AsyncClient, clock: ServerClock, listing: Listing, line: Line) -> None:
        self.client = client
        self.clock = clock
        self.listing = listing
        self.market = LastPrices(listing.rest, clock, listing.names)
        self.tally = listing.rest.tally
        self._line = line

    async def pair(self, symbol: str) -> Pair:
        """The trading rules. Raises `ConfigError` for an unknown pair, `PairUnavailable`."""
        try:
            rules, status = await self.listing.pair(symbol)
        except PairUnavailable:
            self.market.note_status(symbol, "unavailable")
            raise
        self.market.note_status(symbol, status)
        return rules

    async def pair_news(self) -> dict[str, str]:
        """Changes of pairs' states, as the public socket reports them."""
        return await self.market.news()

    def prices(self, symbols: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[Tick]]:
        """Last trade prices of all symbols over one connection."""
        return self.market.prices(self._line.dial, self._line.url, symbols)


@asynccontextmanager
async def open_public(config: Config, source: str, world: Surroundings) -> AsyncIterator[PublicSide]:
    """Public REST and market data. Raises `ConfigError`, `ExchangeUnavailable`."""
    settings = config.exchange
    rest_url = checked_url(settings.rest_url, "", "exchange.rest_url", source)
    ws_url = checked_url(settings.ws_url, sockets.WS_URL, "exchange.ws_url", source)
    _tell_way(config)
    clock = ServerClock(world.wall)
    async with make_client(rest_url, world.transport) as client:
        rest = PublicRest(client)
        listing = Listing(rest, config, source)
        await listing.read_clock(clock)
        await listing.read_pairs()
        yield PublicSide(client, clock, listing, Line(world.dial, ws_url))


class KrakenExchange:
    """An `trading.ports.Exchange` of one real account."""

    simulated = False

    def __init__(self, public: PublicSide, account: LiveAccount, line: Line, account_id: str = "") -> None:
        self.account_id = account_id
        """Name of the account at Kraken; empty when it does not state one."""
        self._public = public
        self._account = account
        self._line = line
        self._beats = Beats()
        public.market.on_open = account.opened
        listing = public.listing
        self._fees = Fees(account.rest, listing.names, listing.named, listing.stated_fee)

    async def pair(self, symbol: str) -> Pair:
        """The trading rules as Kraken states them. Raises `ConfigError` for an unknown pair, `PairUnavailable`."""
        return await self._public.pair(symbol)

    async def maker_fee(self, symbol: str) -> Decimal:
        """The account's own rate from TradeVolume; without one the highest published rate.

        Raises `PairUnavailable` for a pair that this account must not trade.
        """
        return await self._fees.rate(symbol)

    def forget_facts(self) -> None:
        """Drop cached rules, fees and prices: they are asked for again."""
        self._public.listing.forget()
        self._fees.forget()

    async def pair_news(self) -> dict[str, str]:
        """Changes of pairs' states, as the public socket reports them."""
        return await self._public.pair_news()

    async def last_price(self, symbol: str) -> Decimal | None:
        """Price of the last trade, quote per base; None when there was none. Raises `ExchangeUnavailable`."""
        return await self._public.listing.last_price(symbol)

    async def quote(self, symbol: str) -> Quote | None:
        """Best bid and ask, never cached. Raises `ExchangeUnavailable`."""
        return await self._public.listing.quote(symbol)

    def prices(self, symbols: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[Tick]]:
        """Last trade prices of all symbols over one connection."""
        return self._public.prices(symbols)

    def trading(self) -> AbstractAsyncContextManager[KrakenSession]:
        """The private session, connected and subscribed."""
        return open_session(self._account, self._line)

    async def orders_in_doubt(
        self, symbols: Mapping[int, str], waits: Callable[[int, int], None], *, adopt: bool
    ) -> tuple[OrderInDoubt, ...]:
        """By what is known of the key, its nonces and the orders themselves, see `company`."""
        return await orders_in_doubt(self._account.rest, self._account.names, symbols, waits, adopt=adopt)

    async def watch_company(self, tell: Callable[[KeyShared], None]) -> None:
        """Until cancelled, see `company`."""
        await watch_company(self._account.rest, self._account.clock.now, tell, self._beats)

    def market_open(self, symbol: str) -> bool:
        """Exchange and pair are online."""
        return self._public.market.is_open(symbol)

    def clock_offset(self) -> int:
        """This machine's clock minus Kraken's, in nanoseconds, by the newest answer with a time."""
        return self._public.clock.offset()

    def requests(self) -> Mapping[tuple[str, str], int]:
        """See `CountsRequests`."""
        return self._public.tally.counts()


def asked_urls(config: Config) -> Mapping[str, str]:
    """The URLs that are asked, by what is asked there; a dry run places no orders."""
    settings = config.exchange
    urls = {"REST": settings.rest_url or REST_URL, "market data": settings.ws_url or sockets.WS_URL}
    return urls if config.simulated else urls | {"orders": settings.ws_auth_url or sockets.WS_AUTH_URL}


def _tell_way(config: Config) -> None:
    """Say that a proxy is used, and above all where not all goes the same way."""
    if told := way(asked_urls(config), os.environ):
        _say_once(told)


@cache
def _say_once(told: str) -> None:
    """Not again at each try to connect."""
    logger.log(logging.WARNING if ";" in told else logging.INFO, "Kraken: %s", told)


def _signer(settings: ExchangeConfig, source: str) -> Signer:
    if settings.api_public_key is None or settings.api_secret_key is None:
        raise ConfigError.at(
            source,
            "exchange.api_public_key",
            "no API key",
            "both keys, here or in the environment, or dry_run = true in [bot]",
        )
    return Signer(settings.api_public_key, settings.api_secret_key)
