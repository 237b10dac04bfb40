"""The paper exchange: prices of any source, an account that survives restarts, no order that is real."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol, TypeVar

import trio

from config.problems import ConfigError
from config.schema import PaperConfig
from messages.account import AccountSnapshot, History, OrderFacts
from messages.counted import counted
from messages.ids import ClientOrderId, Nanos
from messages.mailboxes import ExchangeEvent
from messages.market import RowEnd, Tick
from messages.money import Pair
from messages.orders import Place
from simulators.paper.book import PaperBook, Rules
from simulators.paper.pacing import ReplayPace
from simulators.paper.pairs import pair_rules
from simulators.paper.saved_account import PaperAccount, known_facts
from simulators.paper.session import PaperSession
from simulators.prices.choice import price_source
from simulators.prices.source import PRICES_KEY, Position, PriceSource
from trading.ports import SourceEnded

Kind = TypeVar("Kind", bound="PaperExchange")

CONFIGURATION = "configuration"
_SECOND = 1_000_000_000
_CLOSING_SECONDS = 2
"""The journal's answer to the last save is not waited for beyond this: only the position would be lost."""


class AccountStore(Protocol):
    """Where the account is kept between runs."""

    async def load(self) -> tuple[str | None, dict[str, str]]:
        """The account's text, or None for a new one, and every order's text by exchange id."""

    async def save(self, account: str, orders: dict[str, str]) -> None:
        """Write the account and the orders that changed, in one piece; returns once that is durable."""


def open_paper(
    config: PaperConfig,
    store: AccountStore,
    *,
    start_time: int,
    origin: str = CONFIGURATION,
    source: PriceSource | None = None,
) -> "AbstractAsyncContextManager[PaperExchange]":
    """The paper exchange with the account of `store`, or with the configured balances if that is new.

    `start_time` is when synthetic prices of a new account begin, in nanoseconds UTC. `origin` is the file
    that errors name. `source` replaces the configured prices. Raises `ConfigError` for prices that cannot
    be used and `DatabaseUnusable` for an account that cannot be read.
    """
    return open_kind(PaperExchange, config, store, start_time=start_time, origin=origin, source=source)


@asynccontextmanager
async def open_kind(
    kind: "type[Kind]",
    config: PaperConfig,
    store: AccountStore,
    *,
    start_time: int,
    origin: str,
    source: PriceSource | None,
) -> AsyncIterator["Kind"]:
    """`open_paper` for a kind of paper exchange."""
    source = source or price_source(config, origin)
    await source.check()
    account, orders = await store.load()
    rules = Rules(config.maker_fee, config.taker_fee, config.fill_rule)
    new = PaperAccount(dict(config.balances))
    book = PaperBook(rules, new) if account is None else PaperBook.load(rules, account, orders)
    exchange = kind(config, store, book, source, start_time=start_time, origin=origin)
    try:
        yield exchange
    finally:
        with trio.move_on_after(_CLOSING_SECONDS, shield=True):
            await exchange.save_position()


class PaperExchange:
    """One simulated account. Every change is durable before its events are handed out."""

    simulated = True

    def __init__(
        self,
        config: PaperConfig,
        store: AccountStore,
        book: PaperBook,
        source: PriceSource,
        *,
        start_time: int,
        origin: str,
    ) -> None:
        self._config = config
        self._store = store
        self._book = book
        self._source = source
        self._start_time = start_time
        self._origin = origin
        self.lock_step = config.speed == 0 and not source.live
        self._pairs: dict[str, Pair] = {}
        self._saving = trio.Lock()
        self._staged: list[ExchangeEvent] = []
        self._saved_position = book.account.position
        self._reading = False
        self._session: PaperSession | None = None
        self._unsettled: int | None = None
        self._row_told_to: PaperSession | None = None
        self._news = trio.Event()

    async def pair(self, symbol: str) -> Pair:
        """Built-in or configured rules; `ConfigError` for a pair that has neither."""
        if symbol not in self._pairs:
            self._pairs[symbol] = pair_rules(symbol, self._config.pairs, self._origin)
            self._book.add_pair(self._pairs[symbol])
        return self._pairs[symbol]

    def rules(self, symbol: str) -> Pair | None:
        """The trading rules as last published."""
        return self._pairs.get(symbol)

    def set_rules(self, pair: Pair) -> None:
        """The pair's trading rules from now on; open orders stay as they are."""
        self._pairs[pair.symbol] = pair
        self._book.add_pair(pair)

    async def maker_fee(self, symbol: str) -> Decimal:
        """The configured one, the same for every pair."""
        del symbol
        return self._config.maker_fee

    async def last_price(self, symbol: str) -> Decimal | None:
        """Price of the newest row that the account has seen, quote per base, or the first one of the source."""
        last = self._book.account.last.get(symbol)
        return last.price if last else self._source.first_price(await self.pair(symbol))

    def market_open(self, symbol: str) -> bool:
        """A simulated market never closes; one whose prices are real closes when theirs does."""
        return self._source.market_open(symbol)

    def clock_offset(self) -> int | None:
        """Where prices are real their exchange has a clock."""
        return self._source.clock_offset()

    @asynccontextmanager
    async def prices(self, symbols: Sequence[str]) -> AsyncIterator[AsyncIterator[Tick]]:
        """Row after row of the source, from where the account stopped. One iterator at a time.

        A row's fills leave after its tick was taken. At speed 0 its `RowEnd` follows, and the next row waits until
        it is settled. Without an open session no row is read, since no strategy could react. Raises `ConfigError`
        for prices that make no sense and `SourceEnded` after the last row.
        """
        if self._reading:
            raise RuntimeError("the prices of a paper exchange are read once at a time")
        self._reading = True
        try:
            pairs = await self.rules_of(symbols)
            position = self._position()
            async with self._source.rows(pairs, position) as rows, aclosing(self._ticks(rows, position)) as ticks:
                yield ticks
        finally:
            self._reading = False

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[PaperSession]:
        """The private session; one at a time."""
        if self._session is not None:
            raise RuntimeError("a paper exchange has one trading session at a time")
        session = PaperSession(self)
        self._session = session
        self._wake()
        try:
            yield session
        finally:
            self._session = None
            session.close()
            self._wake()

    async def place(self, orders: Sequence[Place]) -> None:
        """What `PaperSession.place` does."""
        await self.rules_of([order.symbol for order in orders])
        await self.change(lambda book: [event for order in orders for event in book.place(order)])

    async def cancel(self, order_ids: Sequence[ClientOrderId]) -> None:
        """What `PaperSession.cancel` does."""
        await self.change(lambda book: [event for order_id in order_ids for event in book.cancel(order_id, self.now)])

    async def change(self, apply: Callable[[PaperBook], list[ExchangeEvent]]) -> None:
        """Change the book, save that, and hand the events out. Tests act by hand through this, too."""
        self._staged += apply(self._book)
        await self._publish()

    async def snapshot(self) -> AccountSnapshot:
        """The account with all that has happened; nothing of it can be lost any more."""
        await self._publish_all()
        return self._book.snapshot()

    async def lookup(self, order_ids: Sequence[ClientOrderId]) -> dict[ClientOrderId, OrderFacts]:
        """Open and closed orders, from the store where memory no longer has them."""
        await self._publish_all()
        found = self._book.lookup(order_ids)
        if self._book.forgotten and not found.keys() >= set(order_ids):
            _, texts = await self._store.load()
            found = known_facts(texts, order_ids) | found
        return found

    async def closed(self, since: int) -> History:
        """Closed orders that are still in memory: what is forgotten is far older than a journal's end."""
        await self._publish_all()
        return History(since, self._book.closed_since(since))

    def settled(self, row: int, *, again: bool) -> None:
        """What `PaperSession.settled` does."""
        if row != self._unsettled:
            return
        if again:
            self._row_told_to = None
        else:
            self._unsettled = None
        self._wake()

    @property
    def now(self) -> Nanos:
        """Time of the newest price, in nanoseconds UTC; the beginning when there is none."""
        return max((last.time for last in self._book.account.last.values()), default=Nanos(self._start_time))

    async def save_position(self) -> None:
        """Make durable how far the prices were read, and whatever else is not yet."""
        await self._publish(position=True)

    async def rules_of(self, symbols: Sequence[str]) -> list[Pair]:
        """The rules of each of these pairs, known to the book from now on. Raises what `pair` raises."""
        return [await self.pair(symbol) for symbol in dict.fromkeys(symbols)]

    def _position(self) -> Position:
        account = self._book.account
        if account.source == self._source.name:
            prices = {symbol: last for symbol, last in account.last.items() if last.time >= account.epoch}
            return Position(account.row, account.epoch, prices)
        # Later than all that the account has seen, so that its time never runs backwards.
        epoch = max([self._start_time, *(last.time + _SECOND for last in account.last.values())])
        return Position(0, epoch, {})

    async def _ticks(self, rows: AsyncIterator[Tick], position: Position) -> AsyncGenerator[Tick, None]:
        pace = ReplayPace(Decimal(0) if self._source.live else self._config.speed)
        await self._publish()
        await self._settle()
        first = True
        async for tick in rows:
            if first:
                self._begin(tick, position)
                first = False
            if self._session is None and not self._source.live:
                await self._opened()
                pace.restart()
            await pace.wait_for(tick.time)
            if self.lock_step:
                self._unsettled, self._row_told_to = self._book.account.row, None
            # In the book before anybody can react to the tick: no order of this row fills in this row.
            self._staged += self._book.price(tick)
            yield tick
            await self._publish()
            await self._settle()
        await self.save_position()
        raise SourceEnded(self._how_it_ended(nothing_new=first))

    def _how_it_ended(self, *, nothing_new: bool) -> str:
        name, rows = self._source.name, counted(self._book.account.row, "row")
        if nothing_new:
            again = "to replay it again, delete the database or name another one"
            return f"nothing to replay: {name} was replayed to its end before, all {rows}; {again}"
        return f"{name} has no more prices after {rows}"

    def _begin(self, tick: Tick, position: Position) -> None:
        """The source has given its first row: from now on the account's position is one in this source."""
        account = self._book.account
        last = account.last.get(tick.symbol)
        if last is not None and tick.time < last.time and not self._source.live:
            found = f"{self._source.name}, which goes on at {_date(tick.time)}, before the account's {_date(last.time)}"
            raise ConfigError.at(
                self._origin, PRICES_KEY, found, "the prices that the account has seen, later ones, or a new database"
            )
        account.source, account.row, account.epoch = self._source.name, position.row, position.epoch

    async def _publish(self, *, position: bool = False) -> None:
        """Save what has changed, then hand out the events that were staged until then."""
        async with self._saving:
            events, self._staged = self._staged, []
            try:
                await self._save(position)
            except BaseException:
                self._staged = events + self._staged
                raise
            if self._session is not None:
                for event in events:
                    self._session.post(event)

    async def _publish_all(self) -> None:
        """Return at a moment when all that has happened is durable."""
        await self._publish()
        while self._staged or self._book.changed:
            await self._publish()

    async def _save(self, position: bool) -> None:
        moved = position and self._saved_position != self._book.account.position
        if not (self._book.changed or moved):
            return
        reached, changes = self._book.account.position, self._book.take_changes()
        try:
            await self._store.save(changes.account, changes.orders)
        except BaseException:
            self._book.put_back(changes)
            raise
        self._saved_position = reached

    async def _settle(self) -> None:
        """Wait for the answer to `RowEnd`; a session that was opened meanwhile is notified, too."""
        while self._unsettled is not None:
            if self._session is not None and self._row_told_to is not self._session:
                self._row_told_to = self._session
                self._session.post(RowEnd(self._unsettled))
            await self._news.wait()

    async def _opened(self) -> None:
        while self._session is None:
            await self._news.wait()

    def _wake(self) -> None:
        self._news.set()
        self._news = trio.Event()


def _date(time: int) -> str:
    return datetime.fromtimestamp(time // _SECOND, UTC).isoformat()
