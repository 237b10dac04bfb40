"""Prices to strategies, and the silence of a feed to the supervisor."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mailbox import Mailbox
from actors.market_data import WATCH_SECONDS, run_market_data, run_price_watch
from messages.ids import Nanos
from messages.mailboxes import MetricsMail, StrategyMail, SupervisorMail
from messages.market import RowEnd, Tick
from messages.status import PriceBack, PriceReport, PriceSilent
from tests.actors.fake_exchange import FakeExchange
from tests.trading.strategies.harness import D
from trading.ports import ExchangeUnavailable, SourceEnded

BTC, ETH = "BTC/USD", "ETH/USD"
TIMEOUT = 600


def tick(price: int, symbol: str = BTC) -> Tick:
    return Tick(symbol, D(price), Nanos(price))


class Feed:
    """Market-data between an exchange and the mailboxes of three strategies, two of them on BTC/USD."""

    def __init__(self) -> None:
        self.exchange = FakeExchange()
        self.first = Mailbox[StrategyMail]("first")
        self.second = Mailbox[StrategyMail]("second")
        self.eth = Mailbox[StrategyMail]("eth")
        self.watch = Mailbox[Tick]("watch")
        self.metrics = Mailbox[MetricsMail]("metrics")

    @asynccontextmanager
    async def running(self, *, lock_step: bool = False) -> AsyncIterator[None]:
        """Subscribed; cancelled at the end of the block."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._run, lock_step)
            yield
            nursery.cancel_scope.cancel()

    async def _run(self, lock_step: bool, *, task_status: trio.TaskStatus[None]) -> None:
        subscribers = {BTC: [self.first, self.second], ETH: [self.eth]}
        await run_market_data(
            self.exchange, subscribers, self.watch, self.metrics, lock_step=lock_step, task_status=task_status
        )

    async def quotes(self, *ticks: Tick | Exception | None) -> None:
        self.exchange.quote(*ticks)
        await wait_all_tasks_blocked()


async def test_all_symbols_are_subscribed_at_once_and_each_goes_to_its_strategies() -> None:
    feed = Feed()
    async with feed.running():
        assert feed.exchange.subscribed == (BTC, ETH)
        await feed.quotes(tick(50_000), tick(3_000, ETH))
        assert feed.first.receive_nowait() == [tick(50_000)]
        assert feed.second.receive_nowait() == [tick(50_000)]
        assert feed.eth.receive_nowait() == [tick(3_000, ETH)]


async def test_a_slow_strategy_finds_the_newest_price_and_no_backlog() -> None:
    feed = Feed()
    async with feed.running():
        await feed.quotes(*(tick(price) for price in range(1, 1001)))
        assert len(feed.first) == 1
        assert feed.first.receive_nowait() == [tick(1000)]


async def test_the_watch_and_the_metrics_are_told_the_newest_of_each_symbol() -> None:
    feed = Feed()
    async with feed.running():
        await feed.quotes(tick(1), tick(2), tick(3, ETH))
        assert feed.watch.receive_nowait() == [tick(2), tick(3, ETH)]
        assert feed.metrics.receive_nowait() == [PriceReport(BTC, D(2), 2), PriceReport(ETH, D(3), 3)]


@pytest.mark.parametrize("lock_step", [False, True])
async def test_in_lock_step_a_strategy_wakes_at_the_end_of_the_row_and_finds_both(lock_step: bool) -> None:
    feed, batches = Feed(), list[list[StrategyMail]]()

    async def strategy() -> None:
        while True:
            batches.append(await feed.first.receive())

    async with trio.open_nursery() as nursery, feed.running(lock_step=lock_step):
        nursery.start_soon(strategy)
        for row in (1, 2):
            await feed.quotes(tick(row))
            feed.first.post(RowEnd(row))
            await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    if lock_step:
        assert batches == [[tick(1), RowEnd(1)], [tick(2), RowEnd(2)]]
    else:
        assert batches == [[tick(1)], [RowEnd(1)], [tick(2)], [RowEnd(2)]]


@pytest.mark.parametrize("error", [ExchangeUnavailable("lost"), SourceEnded("the file is over")])
async def test_what_the_feed_raises_comes_out(error: Exception) -> None:
    feed = Feed()
    with pytest.RaisesGroup(type(error)):
        async with feed.running():
            await feed.quotes(tick(1), error)
    assert feed.first.receive_nowait() == [tick(1)]


async def test_a_feed_that_ends_without_a_word_is_a_lost_connection() -> None:
    feed = Feed()
    with pytest.RaisesGroup(ExchangeUnavailable):
        async with feed.running():
            await feed.quotes(None)


class Watch:
    """A price watch; a market is open unless it is in `closed`."""

    def __init__(self, *symbols: str) -> None:
        self.prices = Mailbox[Tick]("prices")
        self.supervisor = Mailbox[SupervisorMail]("supervisor")
        self.timeouts = dict.fromkeys(symbols or (BTC,), TIMEOUT)
        self.closed: set[str] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Callable[[], list[SupervisorMail]]]:
        """Yields how to hear what was said until now."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                run_price_watch,
                self.prices,
                self.timeouts,
                lambda symbol: symbol not in self.closed,
                self.supervisor,
            )
            yield self.supervisor.receive_nowait
            nursery.cancel_scope.cancel()

    def price(self, symbol: str = BTC) -> None:
        self.prices.post_newest(symbol, tick(1, symbol))


async def until(seconds: float) -> None:
    """Just after the watch has looked at that time."""
    await trio.sleep_until(seconds + 0.1)


async def test_silence_is_told_once_when_the_timeout_is_over(autojump_clock: MockClock) -> None:
    watch = Watch()
    async with watch.running() as said:
        await until(TIMEOUT - WATCH_SECONDS)
        assert said() == []
        await until(TIMEOUT)
        assert said() == [PriceSilent(BTC, TIMEOUT)]
        await until(10 * TIMEOUT)
        assert said() == []


async def test_each_price_starts_the_timeout_anew(autojump_clock: MockClock) -> None:
    watch = Watch()
    async with watch.running() as said:
        for minute in range(1, 60):
            await trio.sleep_until(60 * minute)
            watch.price()
        await until(60 * 59 + TIMEOUT - WATCH_SECONDS)
        assert said() == [PriceBack(BTC)]
        await until(60 * 59 + TIMEOUT + WATCH_SECONDS)
        assert said() == [PriceSilent(BTC, TIMEOUT)]


async def test_the_first_price_after_a_silence_is_told_once(autojump_clock: MockClock) -> None:
    watch = Watch()
    async with watch.running() as said:
        await until(TIMEOUT)
        said()
        for _ in range(3):
            watch.price()
            await trio.sleep(WATCH_SECONDS)
        assert said() == [PriceBack(BTC)]
        await trio.sleep(TIMEOUT + WATCH_SECONDS)
        assert [type(message) for message in said()] == [PriceSilent]


async def test_a_silence_that_an_earlier_watch_has_told_ends_with_the_first_price(autojump_clock: MockClock) -> None:
    watch = Watch()
    async with watch.running() as said:
        await until(TIMEOUT)
        assert said() == [PriceSilent(BTC, TIMEOUT)]
    async with watch.running() as said:
        watch.price()
        await trio.sleep(WATCH_SECONDS)
        assert said() == [PriceBack(BTC)]


async def test_a_closed_market_may_be_silent(autojump_clock: MockClock) -> None:
    watch = Watch()
    watch.closed.add(BTC)
    async with watch.running() as said:
        await until(100 * TIMEOUT)
        assert said() == []
        watch.closed.clear()
        await until(101 * TIMEOUT - 2 * WATCH_SECONDS)
        assert said() == []
        await until(101 * TIMEOUT + WATCH_SECONDS)
        assert said() == [PriceSilent(BTC, TIMEOUT)]


async def test_a_market_that_closes_during_a_silence_comes_back_with_its_first_price(autojump_clock: MockClock) -> None:
    watch = Watch()
    async with watch.running() as said:
        await until(TIMEOUT)
        said()
        watch.closed.add(BTC)
        await until(5 * TIMEOUT)
        assert said() == []
        watch.closed.clear()
        watch.price()
        await trio.sleep(WATCH_SECONDS)
        assert said() == [PriceBack(BTC)]


async def test_every_symbol_has_its_own_silence(autojump_clock: MockClock) -> None:
    watch = Watch(BTC, ETH)
    async with watch.running() as said:
        for minute in range(20):
            await trio.sleep_until(60 * minute)
            watch.price(ETH)
        assert said() == [PriceBack(ETH), PriceSilent(BTC, TIMEOUT)]
        watch.price(BTC)
        await until(60 * 19 + TIMEOUT + WATCH_SECONDS)
        assert said() == [PriceBack(BTC), PriceSilent(BTC, TIMEOUT), PriceSilent(ETH, TIMEOUT)]


async def test_a_symbol_without_a_timeout_is_never_missed(autojump_clock: MockClock) -> None:
    watch = Watch(ETH)
    async with watch.running() as said:
        watch.price(BTC)
        await trio.sleep(1)
        watch.price(ETH)
        await until(TIMEOUT + 2 * WATCH_SECONDS)
        assert said() == [PriceBack(ETH), PriceSilent(ETH, TIMEOUT)]
