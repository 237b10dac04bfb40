"""Speed 0: no next row before everybody has reacted to this one."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from config.schema import PaperConfig
from messages.market import RowEnd, Tick
from messages.money import Side, floor_price, floor_volume
from messages.orders import Accepted, Filled, Place
from simulators.paper.exchange import PaperExchange, open_paper
from simulators.paper.session import PaperSession
from tests.data import market_data
from tests.simulators.paper.support import BTC_USD, START, MemoryStore, place
from trading.ports import SourceEnded

SYMBOL = "BTC/USD"


def config(prices: str = "synthetic") -> PaperConfig:
    return PaperConfig(balances={"USD": Decimal(100000), "BTC": Decimal(5)}, prices=prices, speed=Decimal(0))


def trades(path: Path, *prices: str) -> str:
    lines = [f"{1_700_000_000 + second},{price}\n" for second, price in enumerate(prices)]
    path.write_text("time,price\n" + "".join(lines))
    return str(path)


class Log:
    """What the two sides of the exchange hear, in the order in which they hear it."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def read_prices(self, exchange: PaperExchange) -> None:
        async with exchange.prices([SYMBOL]) as ticks:
            try:
                async for tick in ticks:
                    self.heard.append(f"tick {tick.price}")
            except SourceEnded:
                self.heard.append("end")


async def answer_rows(session: PaperSession, log: Log, place_at: dict[int, tuple[Side, str]]) -> None:
    """An order-manager that places an order after certain rows and answers each `RowEnd`."""
    async for event in session.events_in_rounds():
        match event:
            case RowEnd(row):
                log.heard.append(f"row {row}")
                order = place_at.pop(row, None)
                if order:
                    side, price = order
                    await session.place([place(row, side, price, time=START)])
                await trio.sleep(3)
                log.heard.append(f"settled {row}")
                await session.settled(row, again=bool(order))
            case Accepted():
                log.heard.append("accepted")
            case Filled():
                log.heard.append("filled")
            case _:
                pass


async def test_a_row_ends_again_after_commands_and_the_next_comes_when_there_were_none(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    log = Log()
    settings = config(trades(tmp_path / "a.csv", "50000", "49000", "49000"))
    orders: dict[int, tuple[Side, str]] = {0: ("buy", "49500"), 1: ("buy", "48900")}
    async with (
        open_paper(settings, MemoryStore(), start_time=START) as exchange,
        exchange.trading() as session,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(answer_rows, session, log, orders)
        await log.read_prices(exchange)
        nursery.cancel_scope.cancel()
    assert log.heard == [
        *("tick 50000", "row 0", "settled 0", "accepted", "row 0", "settled 0"),
        *("tick 49000", "filled", "row 1", "settled 1", "accepted", "row 1", "settled 1"),
        *("tick 49000", "row 2", "settled 2"),
        "end",
    ]


async def test_no_row_comes_while_the_one_before_is_not_settled(autojump_clock: MockClock) -> None:
    async with (
        open_paper(config(), MemoryStore(), start_time=START) as exchange,
        exchange.trading() as session,
        exchange.prices([SYMBOL]) as ticks,
        trio.open_nursery() as nursery,
    ):
        seen: list[Tick] = []
        nursery.start_soon(collect, ticks, seen)
        await trio.sleep(1000)
        assert len(seen) == 1
        await session.settled(7, again=False)
        await wait_all_tasks_blocked()
        assert len(seen) == 1
        await session.settled(0, again=False)
        await wait_all_tasks_blocked()
        assert len(seen) == 2
        nursery.cancel_scope.cancel()


async def collect(ticks: AsyncIterator[Tick], seen: list[Tick]) -> None:
    async for tick in ticks:
        seen.append(tick)  # noqa: PERF401 - others look at the list meanwhile


async def test_a_new_session_is_told_again_which_row_waits_and_an_old_one_only_once() -> None:
    async with (
        open_paper(config(), MemoryStore(), start_time=START) as exchange,
        exchange.prices([SYMBOL]) as ticks,
        trio.open_nursery() as nursery,
    ):
        seen: list[Tick] = []
        nursery.start_soon(collect, ticks, seen)
        for _ in range(2):
            async with exchange.trading() as session:
                assert await anext(session.events_in_rounds()) == RowEnd(0)
                await wait_all_tasks_blocked()
        async with exchange.trading() as session:
            events = session.events_in_rounds()
            assert await anext(events) == RowEnd(0)
            await session.settled(0, again=False)
            assert await anext(events) == RowEnd(1)
        nursery.cancel_scope.cancel()


async def test_a_reader_that_crashed_does_not_skip_the_row_that_waits() -> None:
    async with open_paper(config(), MemoryStore(), start_time=START) as exchange, exchange.trading() as session:
        events = session.events_in_rounds()
        async with exchange.prices([SYMBOL]) as ticks:
            await anext(ticks)
        async with exchange.prices([SYMBOL]) as ticks, trio.open_nursery() as nursery:
            seen: list[Tick] = []
            nursery.start_soon(collect, ticks, seen)
            assert await anext(events) == RowEnd(0)
            await wait_all_tasks_blocked()
            assert seen == []
            await session.settled(0, again=False)
            assert await anext(events) == RowEnd(1)
            nursery.cancel_scope.cancel()


async def test_who_reads_events_alone_hears_of_no_row() -> None:
    async with (
        open_paper(config(), MemoryStore(), start_time=START) as exchange,
        exchange.trading() as session,
        exchange.prices([SYMBOL]) as ticks,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(collect, ticks, [])
        await wait_all_tasks_blocked()
        await session.place([place(1, "buy", "40000", time=START)])
        assert isinstance(await anext(session.events()), Accepted)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("speed", ["1", "1000000"])
async def test_with_a_pace_no_row_end_is_told(speed: str, autojump_clock: MockClock) -> None:
    paced = PaperConfig(balances={"USD": Decimal(100)}, speed=Decimal(speed))
    async with open_paper(paced, MemoryStore(), start_time=START) as exchange, exchange.trading() as session:
        async with exchange.prices([SYMBOL]) as ticks:
            for _ in range(10):
                await anext(ticks)
        with trio.move_on_after(1) as silence:
            await anext(session.events_in_rounds())
        assert silence.cancelled_caught


async def run_a_grid(store: MemoryStore, rows: range) -> list[str]:
    """Buy half a percent below the price whenever no buy is open; everything that happens, as text."""
    heard: list[str] = []
    async with (
        open_paper(config(), store, start_time=START) as exchange,
        exchange.trading() as session,
        exchange.prices([SYMBOL]) as ticks,
        trio.open_nursery() as nursery,
    ):
        seen: list[Tick] = []
        nursery.start_soon(collect, ticks, seen)
        events = session.events_in_rounds()
        for number in rows:
            commanded = True
            while commanded:
                while not isinstance(event := await anext(events), RowEnd):
                    heard.append(repr(event))
                assert event.row == number
                commanded = not (await session.snapshot()).open_orders
                if commanded:
                    await session.place([half_a_percent_below(number, seen[-1])])
                if commanded or number < rows[-1]:
                    await session.settled(number, again=commanded)
            heard.append(repr(seen[-1]))
        nursery.cancel_scope.cancel()
    return heard


def half_a_percent_below(number: int, tick: Tick) -> Place:
    price = floor_price(BTC_USD, tick.price / Decimal("1.005"))
    return place(number, "buy", str(price), str(floor_volume(BTC_USD, 100 / price)), time=tick.time)


async def test_a_run_that_was_stopped_and_one_that_was_not_do_the_same() -> None:
    whole = await run_a_grid(MemoryStore(), range(600))
    store = MemoryStore()
    assert whole == await run_a_grid(store, range(250)) + await run_a_grid(store, range(250, 600))
    assert sum("Filled" in text for text in whole) > 3


@pytest.fixture
def two_days() -> list[Path]:
    """Each trade of two days; a fixture, because the reason of a skip is lost in an async test."""
    return [market_data(f"gemini-ethusd-trades-2021070{day}.csv.gz") for day in (1, 2)]


async def test_two_real_days_of_trades_run_through_one_account(two_days: list[Path]) -> None:
    store, rows = MemoryStore(), []
    for day in two_days:
        settings = config(str(day))
        async with open_paper(settings, store, start_time=START) as exchange, exchange.trading() as session:
            ticks, fills = await replay(exchange, session)
            rows.append((len(ticks), fills))
            assert [tick.time for tick in ticks] == sorted(tick.time for tick in ticks)
            assert all(tick.price.as_tuple().exponent in (0, -1, -2) for tick in ticks)
    assert [count for count, _ in rows] == [25_222, 16_394]
    assert all(fills for _, fills in rows)


async def replay(exchange: PaperExchange, session: PaperSession) -> tuple[list[Tick], int]:
    """Read all trades; a buy rests one percent below each time the one before has filled."""
    seen: list[Tick] = []
    fills = 0
    async with exchange.prices(["ETH/USD"]) as ticks, trio.open_nursery() as nursery:
        nursery.start_soon(collect_to_the_end, ticks, seen, nursery.cancel_scope)
        open_order = 0
        async for event in session.events_in_rounds():
            if isinstance(event, Filled):
                fills, open_order = fills + 1, 0
            if isinstance(event, RowEnd):
                if commanded := not open_order:
                    open_order = event.row + 1
                    price = floor_price(BTC_USD, seen[-1].price / Decimal("1.01"))
                    order = place(open_order, "buy", str(price), "0.1", symbol="ETH/USD", time=seen[-1].time)
                    await session.place([order])
                await session.settled(event.row, again=commanded)
    await session.cancel([facts.order_id for facts in (await session.snapshot()).open_orders])
    return seen, fills


async def collect_to_the_end(ticks: AsyncIterator[Tick], seen: list[Tick], scope: trio.CancelScope) -> None:
    try:
        await collect(ticks, seen)
    except SourceEnded:
        scope.cancel()
