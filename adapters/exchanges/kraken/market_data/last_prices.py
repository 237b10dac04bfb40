"""Last trade prices of any number of pairs over one connection, and whether their silence is strange.

A dead connection misses its heartbeat. A connection that lives while one subscription on it died shows
nothing of that, so a quiet pair's trades are asked for over REST from time to time. A pair whose subscription is
refused is left out and tried again; the others go on.
"""

import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio

from adapters.exchanges.kraken.transport.feed import Feed
from adapters.exchanges.kraken.transport.plausible import Plausible
from adapters.exchanges.kraken.transport.rest_client import PublicRest
from adapters.exchanges.kraken.transport.server_clock import SECOND, ServerClock
from adapters.exchanges.kraken.transport.skipped import Skipped
from adapters.exchanges.kraken.transport.websockets import Dial, Socket, open_socket, subscription, translated
from adapters.exchanges.kraken.wire import listed
from adapters.exchanges.kraken.wire import socket as wire
from adapters.exchanges.kraken.wire.error_texts import KrakenError
from adapters.exchanges.kraken.wire.names import PairTable
from adapters.exchanges.kraken.wire.rest_results import Trades, last_trade
from adapters.exchanges.kraken.wire.values import WireError
from messages.about import about
from messages.market import Tick
from trading.ports import ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

SUBSCRIBE_SECONDS = 15.0
QUIET_SECONDS = 60.0
"""Seconds of silence after which a pair's trades are asked for; each time in vain doubles the next wait."""
LONGEST_QUIET_SECONDS = 600.0
PROBE_SECONDS = 5.0
"""Between two such questions, whatever the number of pairs."""
CONFIRMED_SECONDS = 300.0
"""Seconds for which it counts that a pair was seen to be quiet."""
MILLISECOND = SECOND // 1000
"""Kraken rounds the time of a trade differently over REST and over the WebSocket."""
GRACE = 10 * SECOND
"""A trade that is younger than this, in nanoseconds, may still be on its way."""
_NAME = "Kraken's public WebSocket"


class LastPrices:
    """What is known of the market beyond one connection."""

    def __init__(self, rest: PublicRest, clock: ServerClock, names: PairTable) -> None:
        self._rest = rest
        self._clock = clock
        self.plausible = Plausible(clock.now)
        self._names = names
        self._system = wire.ONLINE
        self._pair_status: dict[str, str] = {}
        self._skipped = Skipped("public trades")
        self._newest: dict[str, int] = {}
        """Id of the newest trade of each symbol; one that came without an id counts as the next one."""
        self._newest_time: dict[str, int] = {}
        """Its time, in nanoseconds UTC."""
        self._numberless: set[str] = set()
        """Symbols whose trades have come without ids: only the time shows whether one of them was seen."""
        self._refused: set[str] = set()
        """Symbols whose prices are refused at present."""
        self._wanted: set[str] = set()
        """Those of them that were said to be traded since they were asked for last."""
        self._rules: dict[str, tuple[bytes, ...]] = {}
        """States of the pairs as the instrument channel last reported them."""
        self._news: dict[str, str] = {}
        self._heard = trio.Event()
        self._quiet: dict[str, float] = {}
        """When REST confirmed last that a silent pair is not traded, in seconds of trio's clock."""
        self.on_open: Callable[[str], None] = lambda _: None
        """Called with a symbol that takes orders again."""

    def is_open(self, symbol: str) -> bool:
        """Whether silence of this pair would be strange: not where REST has just confirmed that it has no trades."""
        if trio.current_time() - self._quiet.get(symbol, -math.inf) < CONFIRMED_SECONDS:
            return False
        if symbol in self._refused:
            return False
        return self._system == wire.ONLINE and self._pair_status.get(symbol, wire.ONLINE) == wire.ONLINE

    def note_status(self, symbol: str, status: str) -> None:
        """The pair's own state, as REST says."""
        changed = status != self._pair_status.get(symbol, wire.ONLINE)
        self._pair_status[symbol] = status
        if changed and status in wire.TAKES_ORDERS:
            self.on_open(symbol)
        if status == wire.ONLINE and symbol in self._refused:
            self._wanted.add(symbol)

    def take_wanted(self) -> set[str]:
        """Refused symbols that are said to be traded."""
        wanted, self._wanted = self._wanted, set()
        return wanted

    def note_refused(self, symbol: str, text: str) -> None:
        """The subscription of this pair alone was refused."""
        logger.warning("%s: no prices of %s: %s", _NAME, symbol, text, extra=about(pair=symbol, cause=text))
        self._refused.add(symbol)
        self._tell(symbol, f"Kraken refuses its prices: {text}")

    def note_subscribed(self, symbol: str) -> None:
        """Its prices come."""
        self._refused.discard(symbol)

    async def news(self) -> dict[str, str]:
        """Wait until something is heard of a pair's state; what it was, by symbol."""
        while not self._news:
            await self._heard.wait()
        news, self._news, self._heard = self._news, {}, trio.Event()
        return news

    def take_instruments(self, frame: wire.Frame, symbols: Collection[str]) -> None:
        """Pairs changed their state or their rules."""
        for symbol, told in listed.instruments(frame.data).items():
            if symbol not in symbols:
                continue
            self._note_heard(symbol, told.status)
            if told.rules != self._rules.get(symbol):
                self._rules[symbol] = told.rules
                self._news.setdefault(symbol, "Kraken states its rules again")
                self._heard.set()

    def _note_heard(self, symbol: str, status: str) -> None:
        if status != self._pair_status.get(symbol, wire.ONLINE):
            self.note_status(symbol, status)
            self._tell(symbol, f'Kraken states "{status}"')

    def _tell(self, symbol: str, text: str) -> None:
        self._news[symbol] = text
        self._heard.set()

    @asynccontextmanager
    async def prices(self, dial: Dial, url: str, symbols: Sequence[str]) -> AsyncIterator[AsyncIterator[Tick]]:
        """Trades as they happen; entering returns once every symbol is subscribed. Raises `ExchangeUnavailable`.

        The first tick of a symbol is its newest trade. After a reconnect come the trades that were missed, as far as
        Kraken still shows them.
        """
        with translated(_NAME):
            opened = open_socket(dial, url, _NAME, self._clock, self._rest.tally)
            async with opened as socket, trio.open_nursery() as nursery:
                feed = _PriceFeed(self, socket, symbols)
                nursery.start_soon(feed.guarded, feed.read)
                await feed.subscribe()
                nursery.start_soon(feed.guarded, feed.probe)
                await feed.subscribe_states(self._names)
                try:
                    yield feed.ticks
                finally:
                    nursery.cancel_scope.cancel()

    def take_state(self, frame: wire.Frame) -> None:
        """The exchange as a whole changed its state."""
        self._system = wire.read_system(frame.data) or self._system

    def unseen(self, frame: wire.Frame) -> list[Tick]:
        """The frame's trades that are newer than all before; of a first snapshot only the newest."""
        read, odd = wire.read_trades(frame.data)
        for error in odd:
            self._skipped.note("a trade", error)
        self._skipped.tell(trio.current_time())
        trades = sorted(self._numbered(read), key=lambda trade: trade[0])
        begun = self._newest.keys() if frame.type == wire.SNAPSHOT else {tick.symbol for _, tick in trades}
        fresh = [tick for number, tick in trades if tick.symbol in begun and number > self._newest.get(tick.symbol, -1)]
        first = {tick.symbol: tick for _, tick in trades if tick.symbol not in begun}
        ticks = [*first.values(), *fresh]
        for number, tick in trades:
            self._newest[tick.symbol] = max(number, self._newest.get(tick.symbol, number))
            self._newest_time[tick.symbol] = max(tick.time, self._newest_time.get(tick.symbol, tick.time))
        return ticks

    def _numbered(self, read: Sequence[tuple[int | None, Tick]]) -> list[tuple[int, Tick]]:
        """Trades without an id follow those before them in time; what is not newer is left out."""
        newest, times = dict(self._newest), dict(self._newest_time)
        numbered: list[tuple[int, Tick]] = []
        for told, tick in sorted(read, key=lambda trade: trade[1].time):
            number = newest.get(tick.symbol, 0) + 1 if told is None else told
            if told is None:
                if tick.time <= times.get(tick.symbol, -1):
                    continue
                self._numberless.add(tick.symbol)
            numbered.append((number, tick))
            newest[tick.symbol] = max(number, newest.get(tick.symbol, number))
            times[tick.symbol] = max(tick.time, times.get(tick.symbol, tick.time))
        return numbered

    async def missed_trade(self, symbol: str) -> bool:
        """Ask REST whether the pair traded while the subscription was silent."""
        pair = self._names.find(symbol)
        if pair is None:
            return False
        try:
            rows = await self._rest.get("AssetPairs", listed.Rows, pair=pair.id, **pair.of_class("aclass_base"))
            for row in rows.values():
                self._note_heard(symbol, listed.pair_status(symbol, row))
            trade = last_trade(await self._rest.get("Trades", Trades, pair=pair.id, count="1", **pair.of_class()))
        except KrakenError as error:
            self._tell(symbol, error.text)
            return False
        except WireError as error:
            logger.warning("the trades of %s cannot be asked for: %s", symbol, error, extra=about(pair=symbol))
            return False
        known = self._newest.get(symbol)
        if trade is None or trade[0] == known or self._is_seen(symbol, trade[1]):
            self._quiet[symbol] = trio.current_time()
            return False
        number, time = trade
        return known is not None and number > known and time < self._clock.now() - GRACE

    def _is_seen(self, symbol: str, time: int) -> bool:
        return symbol in self._numberless and time <= self._newest_time.get(symbol, -1) + MILLISECOND


class _PriceFeed:
    """One connection."""

    def __init__(self, market: LastPrices, socket: Socket, symbols: Sequence[str]) -> None:
        self.ticks: Feed[Tick] = Feed()
        self._market = market
        self._socket = socket
        self._symbols = tuple(dict.fromkeys(symbols))
        self._unconfirmed = set(self._symbols)
        self._confirmed = trio.Event()
        self._ask_at = dict.fromkeys(self._symbols, trio.current_time() + QUIET_SECONDS)
        self._patience = dict.fromkeys(self._symbols, QUIET_SECONDS)
        self._refused: dict[str, float] = {}
        """When the subscription of a symbol is tried again, in seconds of trio's clock."""
        self._states = 0
        """Number of the request for the pairs' states."""

    async def subscribe(self) -> None:
        """Return once all symbols are confirmed."""
        params = subscription(wire.TRADE, self._symbols, snapshot=True)
        await self._socket.send(wire.SUBSCRIBE, params, self._socket.number())
        with trio.move_on_after(SUBSCRIBE_SECONDS):
            await self._confirmed.wait()
        self.ticks.check()
        if self._unconfirmed:
            raise ExchangeUnavailable(f"{_NAME}: no prices of {', '.join(sorted(self._unconfirmed))}")

    async def subscribe_states(self, names: PairTable) -> None:
        """Subscribe to changes of the pairs' states; no answer is waited for, and nothing depends on one."""
        tokenized = any(pair.tokenized for symbol in self._symbols if (pair := names.find(symbol)))
        more: dict[str, Any] = {"include_tokenized_assets": True} if tokenized else {}
        self._states = self._socket.number()
        await self._socket.send(wire.SUBSCRIBE, subscription(wire.INSTRUMENT, snapshot=False, **more), self._states)

    async def guarded(self, body: Callable[[], Awaitable[None]]) -> None:
        """Run a task of the feed; its failure ends the feed."""
        try:
            await body()
        except ExchangeUnavailable as error:
            self.ticks.fail(error)
            self._confirmed.set()

    async def read(self) -> None:
        """Take frames. One that makes no sense is skipped: the next trade says more than it did."""
        while True:
            try:
                self._take(await self._socket.receive())
            except WireError as error:
                logger.warning("%s: skipped %s", _NAME, error)

    async def probe(self) -> None:
        """Look after the pair that was silent for the longest time, and after those that were refused."""
        while True:
            await trio.sleep(PROBE_SECONDS)
            await self._subscribe_refused()
            if not self._ask_at:
                continue
            symbol = min(self._ask_at, key=self._ask_at.__getitem__)
            if trio.current_time() < self._ask_at[symbol]:
                continue
            self._patience[symbol] = min(2 * self._patience[symbol], LONGEST_QUIET_SECONDS)
            self._ask_at[symbol] = trio.current_time() + self._patience[symbol]
            if await self._market.missed_trade(symbol):
                raise ExchangeUnavailable(f"{_NAME}: {symbol} is traded, but its subscription is silent")

    async def _subscribe_refused(self) -> None:
        """Again at its time, or once the pair is said to be traded after it was not."""
        now, wanted = trio.current_time(), self._market.take_wanted()
        due = [symbol for symbol, at in self._refused.items() if now >= at or symbol in wanted]
        for symbol in due:
            self._patience[symbol] = min(2 * self._patience[symbol], LONGEST_QUIET_SECONDS)
            self._refused[symbol] = now + self._patience[symbol]
        if due:
            params = subscription(wire.TRADE, due, snapshot=True)
            await self._socket.send(wire.SUBSCRIBE, params, self._socket.number())

    def _take(self, frame: wire.Frame) -> None:
        if frame.channel == wire.TRADE:
            for tick in self._market.unseen(frame):
                if tick.symbol in self._ask_at:
                    self._patience[tick.symbol] = QUIET_SECONDS
                    self._ask_at[tick.symbol] = trio.current_time() + QUIET_SECONDS
                    self.ticks.post(self._market.plausible.of(tick))
        elif frame.channel == wire.STATUS:
            self._market.take_state(frame)
        elif frame.channel == wire.INSTRUMENT:
            self._market.take_instruments(frame, self._symbols)
        elif frame.method == wire.SUBSCRIBE and not (self._states and frame.req_id == self._states):
            self._answered(frame)
        elif frame.channel is None and frame.method is None:
            logger.warning("%s complains: %s", _NAME, frame.failure)

    def _answered(self, frame: wire.Frame) -> None:
        if frame.success:
            self._subscribed(wire.read_subscribed(frame.result).symbol or "")
        elif symbol := self._meant(frame):
            self._unconfirmed.discard(symbol)
            self._ask_at.pop(symbol, None)
            self._refused.setdefault(symbol, trio.current_time() + QUIET_SECONDS)
            self._market.note_refused(symbol, frame.failure)
        else:
            raise ExchangeUnavailable(f"{_NAME}: {frame.failure}")
        if not self._unconfirmed:
            self._confirmed.set()

    def _subscribed(self, symbol: str) -> None:
        self._unconfirmed.discard(symbol)
        if self._refused.pop(symbol, None) is not None:
            self._patience[symbol] = QUIET_SECONDS
            self._ask_at[symbol] = trio.current_time() + QUIET_SECONDS
        self._market.note_subscribed(symbol)

    def _meant(self, frame: wire.Frame) -> str | None:
        """Which of our symbols a refusal is about."""
        if frame.symbol in self._symbols:
            return frame.symbol
        return next((symbol for symbol in self._symbols if symbol in frame.failure), None)
