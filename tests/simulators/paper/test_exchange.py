"""The paper exchange as the actors see it: durability before news, pace, restarts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from config.problems import ConfigError
from config.schema import PairOverride, PaperConfig
from messages.account import AccountBalances
from messages.mailboxes import ExchangeEvent
from messages.market import Tick
from messages.orders import Accepted, Canceled, Filled, Rejected
from simulators.paper import book as book_module
from simulators.paper.exchange import PaperExchange, open_paper
from simulators.paper.saved_account import decode_account
from simulators.paper.session import PaperSession
from simulators.prices.source import PriceSource
from tests.simulators.paper.support import SECOND, START, MemoryStore, order_id, place
from trading.ports import Exchange, ExchangeUnavailable, SourceEnded, TradingSession

BALANCES = {"USD": Decimal(10000), "BTC": Decimal(1)}


def config(prices: str = "synthetic", speed: str = "1", **others: object) -> PaperConfig:
    return PaperConfig(balances=BALANCES, prices=prices, speed=Decimal(speed), **others)  # type: ignore[arg-type]


def trades(path: Path, *prices: str) -> str:
    """A file with one trade a second."""
    lines = [f"{1_700_000_000 + second},{price}\n" for second, price in enumerate(prices)]
    path.write_text("time,price\n" + "".join(lines))
    return str(path)


@asynccontextmanager
async def opened(
    settings: PaperConfig, store: MemoryStore, source: PriceSource | None = None
) -> AsyncIterator[tuple[PaperExchange, PaperSession]]:
    async with open_paper(settings, store, start_time=START, source=source) as exchange, exchange.trading() as session:
        yield exchange, session


async def take(ticks: AsyncIterator[Tick], count: int) -> list[Tick]:
    return [await anext(ticks) for _ in range(count)]


async def next_events(session: TradingSession, count: int) -> list[ExchangeEvent]:
    events: list[ExchangeEvent] = []
    with trio.fail_after(1):
        async for event in session.events():
            events.append(event)
            if len(events) == count:
                break
    return events


async def test_it_is_an_exchange_that_never_places_a_real_order() -> None:
    async with opened(config(), MemoryStore()) as (paper, private):
        exchange: Exchange = paper
        session: TradingSession = private
        assert exchange.simulated
        assert exchange.market_open("BTC/USD")
        assert await exchange.maker_fee("BTC/USD") == Decimal("0.0040")
        assert (await exchange.pair("BTC/USD")).tick_size == Decimal("0.1")
        assert (await session.snapshot()).balances == BALANCES


async def test_the_last_price_is_that_of_the_newest_row_or_where_the_source_begins(tmp_path: Path) -> None:
    async with opened(config(), MemoryStore()) as (exchange, _):
        assert not exchange.lock_step
        assert await exchange.last_price("BTC/USD") == 60000
    settings = config(trades(tmp_path / "a.csv", "50000", "49000"), speed="1000000")
    async with opened(settings, MemoryStore()) as (exchange, _), exchange.prices(["BTC/USD"]) as ticks:
        assert await exchange.last_price("BTC/USD") == 50000
        await take(ticks, 2)
        assert await exchange.last_price("BTC/USD") == 49000


async def test_pair_rules_of_the_configuration_are_used() -> None:
    stated = config(pairs={"BTC/USD": PairOverride(min_volume=Decimal("0.5"))})
    async with opened(stated, MemoryStore()) as (exchange, session):
        assert (await exchange.pair("BTC/USD")).min_volume == Decimal("0.5")
        with pytest.raises(ConfigError, match=r"exchange\.paper\.pairs"):
            await exchange.pair("FOO/BAR")
        await session.place([place(1, "buy", "50000")])
        (event,) = await next_events(session, 1)
        assert isinstance(event, Rejected)


async def test_live_prices_of_another_exchange_are_not_a_price_source_yet() -> None:
    with pytest.raises(ConfigError, match=r'found "kraken"; allowed: "synthetic" or a price file'):
        async with open_paper(config("kraken"), MemoryStore(), start_time=START):
            pass


async def test_a_price_file_is_checked_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        async with open_paper(config(str(tmp_path / "absent.csv")), MemoryStore(), start_time=START):
            pass


async def test_synthetic_rows_come_at_the_stated_speed(autojump_clock: MockClock) -> None:
    async with opened(config(speed="20"), MemoryStore()) as (exchange, _), exchange.prices(["BTC/USD"]) as ticks:
        begin = trio.current_time()
        first, *_, last = await take(ticks, 201)
        assert trio.current_time() - begin == pytest.approx(10)
        assert (first.time, last.time) == (START, START + 200 * SECOND)


async def test_recorded_rows_keep_their_distances(tmp_path: Path, autojump_clock: MockClock) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("time,price\n1700000000,1\n1700000060,2\n1700000060,3\n1700003660.5,4\n")
    settings = config(str(path), speed="2")
    async with opened(settings, MemoryStore()) as (exchange, _), exchange.prices(["BTC/USD"]) as ticks:
        begin, times = trio.current_time(), []
        for _ in range(4):
            await anext(ticks)
            times.append(trio.current_time() - begin)
        with pytest.raises(SourceEnded, match="no more prices after 4 rows"):
            await anext(ticks)
    assert times == pytest.approx([0, 30, 30, 1830.25])


async def test_no_row_is_read_while_no_session_is_open(tmp_path: Path, autojump_clock: MockClock) -> None:
    settings = config(trades(tmp_path / "a.csv", "1", "2", "3"))
    async with open_paper(settings, MemoryStore(), start_time=START) as exchange, exchange.prices(["BTC/USD"]) as ticks:
        with trio.move_on_after(100) as waiting:
            await anext(ticks)
        assert waiting.cancelled_caught
    async with open_paper(settings, MemoryStore(), start_time=START) as exchange, exchange.prices(["BTC/USD"]) as ticks:
        async with exchange.trading():
            await take(ticks, 2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(take, ticks, 1)
            await trio.sleep(50)
            assert exchange.now == START + SECOND
            async with exchange.trading():
                await trio.sleep(1)
        assert exchange.now == START + 2 * SECOND


async def test_an_order_is_durable_before_its_event_is_told() -> None:
    store = MemoryStore()
    async with opened(config(), store) as (_, session):
        await session.place([place(1, "buy", "50000"), place(2, "buy", "49000")])
        assert store.saves == 1
        assert sorted(store.orders) == ["PAPER-000000001", "PAPER-000000002"]
        first, second = await next_events(session, 2)
        assert isinstance(first, Accepted)
        assert isinstance(second, Accepted)
        assert (first.order_id, second.order_id) == (order_id(1), order_id(2))


async def test_an_event_is_kept_back_until_the_save_has_succeeded() -> None:
    store = MemoryStore()
    async with opened(config(), store) as (_, session):
        store.fails = True
        with pytest.raises(OSError, match="disk full"):
            await session.place([place(1, "buy", "50000")])
        with pytest.raises(OSError, match="disk full"):
            await session.snapshot()
        store.fails = False
        await session.place([place(2, "buy", "49000")])
        events = await next_events(session, 2)
        assert [event.order_id for event in events if isinstance(event, Accepted)] == [order_id(1), order_id(2)]
        assert len(store.orders) == 2


async def test_events_leave_in_order_when_places_overlap(autojump_clock: MockClock) -> None:
    class SlowStore(MemoryStore):
        async def save(self, account: str, orders: dict[str, str]) -> None:
            await trio.sleep(10 / (1 + self.saves))
            await super().save(account, orders)

    store = SlowStore()
    async with opened(config(), store) as (_, session), trio.open_nursery() as nursery:
        for number in range(1, 6):
            nursery.start_soon(session.place, [place(number, "buy", "50000")])
        with trio.fail_after(1000):
            events = [event async for event in first_five(session)]
        ids = [event.exchange_id for event in events if isinstance(event, Accepted)]
        assert ids == sorted(ids)
        assert len(ids) == 5


async def first_five(session: TradingSession) -> AsyncIterator[ExchangeEvent]:
    count = 0
    async for event in session.events():
        yield event
        count += 1
        if count == 5:
            return


async def test_a_fill_leaves_after_its_tick_was_taken_and_is_durable_then(tmp_path: Path) -> None:
    store = MemoryStore()
    settings = config(trades(tmp_path / "a.csv", "50000", "49000", "48000"), speed="1000000")
    async with opened(settings, store) as (exchange, session), exchange.prices(["BTC/USD"]) as ticks:
        await anext(ticks)
        await session.place([place(1, "buy", "49500", time=START)])
        await next_events(session, 1)
        saves = store.saves
        assert (await anext(ticks)).price == 49000
        with trio.move_on_after(0), pytest.raises(trio.Cancelled):
            await anext(session.events())
        await anext(ticks)
        totals, fill = await next_events(session, 2)
        assert isinstance(totals, AccountBalances)
        assert isinstance(fill, Filled)
        assert fill.time == START + SECOND
        assert store.saves == saves + 1
        assert '"status":"filled"' in store.orders["PAPER-000000001"]


async def test_an_order_made_between_a_row_and_its_fills_comes_after_them(tmp_path: Path) -> None:
    settings = config(trades(tmp_path / "a.csv", "50000", "49000", "48000"), speed="1000000")
    async with opened(settings, MemoryStore()) as (exchange, session), exchange.prices(["BTC/USD"]) as ticks:
        await anext(ticks)
        await session.place([place(1, "buy", "49500", time=START)])
        await anext(ticks)
        # 49,000 has been traded: this order must not profit from it.
        await session.place([place(2, "buy", "49000", post_only=False, time=START + SECOND)])
        events = await next_events(session, 6)
        assert [type(event) for event in events] == [
            Accepted,
            AccountBalances,
            Filled,
            Accepted,
            AccountBalances,
            Filled,
        ]


async def test_nothing_is_saved_for_rows_that_change_nothing_but_the_position_at_the_end(tmp_path: Path) -> None:
    store = MemoryStore()
    settings = config(trades(tmp_path / "a.csv", *(["50000"] * 100)), speed="1000000")
    async with opened(settings, store) as (exchange, _), exchange.prices(["BTC/USD"]) as ticks:
        await take(ticks, 50)
        assert store.saves == 0
    assert store.saves == 1
    assert store.account is not None
    assert decode_account(store.account).row == 50


async def test_a_cancel_is_confirmed_and_an_unknown_one_ignored() -> None:
    async with opened(config(), MemoryStore()) as (_, session):
        await session.place([place(1, "buy", "50000")])
        await session.cancel([order_id(9), order_id(1), order_id(1)])
        accepted, canceled = await next_events(session, 2)
        assert isinstance(accepted, Accepted)
        assert isinstance(canceled, Canceled)
        assert (canceled.reason, canceled.time) == ("requested", START)


async def test_changes_by_hand_are_told_like_any_other() -> None:
    async with opened(config(), MemoryStore()) as (exchange, session):
        await session.place([place(1, "buy", "50000")])
        await exchange.change(lambda book: book.fill_partially(order_id(1), Decimal("0.0004"), START))
        await exchange.change(lambda book: book.close_by_hand(order_id(1), START))
        events = await next_events(session, 4)
        assert isinstance(events[-1], Canceled)
        assert (events[-1].reason, events[-1].filled) == ("by hand", Decimal("0.0004"))


async def test_what_happened_while_no_session_was_open_is_in_the_snapshot_and_the_look_up() -> None:
    async with open_paper(config(), MemoryStore(), start_time=START) as exchange:
        async with exchange.trading() as session:
            await session.place([place(1, "buy", "50000"), place(2, "buy", "40000")])
        await exchange.change(lambda book: book.close_by_hand(order_id(1), START))
        async with exchange.trading() as session:
            snapshot = await session.snapshot()
            assert [facts.order_id for facts in snapshot.open_orders] == [order_id(2)]
            facts = await session.lookup([order_id(1), order_id(2), order_id(3)])
            assert {identity: known.status for identity, known in facts.items()} == {
                order_id(1): "canceled",
                order_id(2): "open",
            }


async def test_a_closed_session_is_unavailable() -> None:
    async with open_paper(config(), MemoryStore(), start_time=START) as exchange:
        async with exchange.trading() as session:
            pass
        with pytest.raises(ExchangeUnavailable):
            await session.snapshot()
        with pytest.raises(ExchangeUnavailable):
            await anext(session.events())


async def test_closed_orders_that_left_memory_are_looked_up_in_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "CLOSED_KEPT", 2)
    async with opened(config(), MemoryStore()) as (_, session):
        for number in range(1, 6):
            await session.place([place(number, "buy", "50000")])
            await session.cancel([order_id(number)])
        facts = await session.lookup([order_id(1), order_id(5), order_id(6)])
        assert {known.status for known in facts.values()} == {"canceled"}
        assert set(facts) == {order_id(1), order_id(5)}


async def test_a_restart_goes_on_with_the_same_account_and_the_same_prices(autojump_clock: MockClock) -> None:
    store, symbols = MemoryStore(), ["BTC/USD", "ETH/USD"]
    async with opened(config(), MemoryStore()) as (exchange, _), exchange.prices(symbols) as ticks:
        whole = await take(ticks, 31)
    async with opened(config(), store) as (exchange, session), exchange.prices(symbols) as ticks:
        assert await take(ticks, 11) == whole[:11]
        await session.place([place(1, "buy", "50000", time=START)])
    later = PaperConfig(balances={"USD": Decimal(1)}, prices="synthetic")
    async with open_paper(later, store, start_time=START + 999 * SECOND) as exchange, exchange.trading() as session:
        snapshot = await session.snapshot()
        assert snapshot.balances == BALANCES
        assert [facts.order_id for facts in snapshot.open_orders] == [order_id(1)]
        async with exchange.prices(symbols) as ticks:
            assert await take(ticks, 20) == whole[11:]


async def test_a_restart_goes_on_at_the_next_row_of_a_file_until_its_end(tmp_path: Path) -> None:
    store, path = MemoryStore(), trades(tmp_path / "a.csv", *(str(price) for price in range(50000, 50010)))
    for expected in (["50000", "50001", "50002"], ["50003", "50004", "50005"]):
        async with opened(config(path, "1000000"), store) as (exchange, _), exchange.prices(["BTC/USD"]) as ticks:
            assert [str(tick.price) for tick in await take(ticks, 3)] == expected
    async with opened(config(path, "1000000"), store) as (exchange, _):
        async with exchange.prices(["BTC/USD"]) as ticks:
            await take(ticks, 4)
            with pytest.raises(SourceEnded, match="no more prices after 10 rows"):
                await anext(ticks)
        async with exchange.prices(["BTC/USD"]) as ticks:
            with pytest.raises(
                SourceEnded, match="was replayed to its end before, all 10 rows; to replay it again, delete"
            ):
                await anext(ticks)


async def test_prices_opened_again_after_a_crash_of_their_reader_go_on(tmp_path: Path) -> None:
    path = trades(tmp_path / "a.csv", "50000", "49000", "48000")
    async with opened(config(path, "1000000"), MemoryStore()) as (exchange, session):
        await session.place([place(1, "buy", "49500")])
        async with exchange.prices(["BTC/USD"]) as ticks:
            await take(ticks, 2)
        # The reader never asked for a further row; the fill of its last one is told nevertheless.
        async with exchange.prices(["BTC/USD"]) as ticks:
            assert (await anext(ticks)).price == 48000
        events = await next_events(session, 3)
        assert isinstance(events[2], Filled)


async def test_another_file_begins_at_its_first_row_when_it_is_later(tmp_path: Path) -> None:
    store = MemoryStore()
    (tmp_path / "old.csv").write_text("time,price\n1600000000,1\n")
    (tmp_path / "new.csv").write_text("time,price\n1800000000,3\n")
    for path in (trades(tmp_path / "a.csv", "1", "2"), str(tmp_path / "new.csv")):
        async with opened(config(path, "1000000"), store) as (exchange, _), exchange.prices(["BTC/USD"]) as ticks:
            await anext(ticks)
    old = config(str(tmp_path / "old.csv"))
    async with opened(old, store) as (exchange, _), exchange.prices(["BTC/USD"]) as ticks:
        with pytest.raises(ConfigError, match=r"goes on at 2020-09-13.*before the account's 2027-01-15"):
            await anext(ticks)
    assert store.account is not None
    assert decode_account(store.account).source == "file:new.csv"


async def test_prices_and_sessions_are_opened_once_at_a_time() -> None:
    async with opened(config(), MemoryStore()) as (exchange, _), exchange.prices(["BTC/USD"]):
        with pytest.raises(RuntimeError, match="one trading session"):
            async with exchange.trading():
                pass
        with pytest.raises(RuntimeError, match="once at a time"):
            async with exchange.prices(["BTC/USD"]):
                pass


async def test_a_store_that_hangs_does_not_hold_up_the_end(autojump_clock: MockClock) -> None:
    class HangingStore(MemoryStore):
        async def save(self, account: str, orders: dict[str, str]) -> None:
            await trio.sleep_forever()

    async with opened(config(), HangingStore()) as (exchange, _), exchange.prices(["BTC/USD"]) as ticks:
        await take(ticks, 2)
        begin = trio.current_time()
    assert trio.current_time() - begin == pytest.approx(2)
