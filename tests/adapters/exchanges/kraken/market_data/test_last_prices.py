"""Live prices: what is told, and how a quiet market differs from a dead socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.market_data.last_prices import LastPrices
from adapters.exchanges.kraken.transport.server_clock import ServerClock
from messages.market import Tick
from tests.adapters.exchanges.kraken.support import (
    NAMES,
    STAMP,
    START,
    Far,
    Message,
    Peer,
    RestTable,
    public_rest,
    wall,
)
from trading.ports import ExchangeUnavailable

SYMBOLS = ("BTC/USD", "ETH/USD")


def market(**answers: object) -> LastPrices:
    """A market of two pairs."""
    pair = {"altname": "P", "base": "B", "quote": "Q", "pair_decimals": 1, "lot_decimals": 8, "status": "online"}
    table = RestTable(**{"AssetPairs": {"P": pair}, "Trades": {"P": [], "last": "0"}, **answers})
    return LastPrices(public_rest(table), ServerClock(wall), NAMES)


def trade(number: int, price: str, symbol: str = "BTC/USD") -> Message:
    """One element of the trade channel."""
    return {"symbol": symbol, "side": "buy", "price": price, "trade_id": number, "timestamp": STAMP}


async def say(far: Far, *trades: Message, kind: str = "update") -> None:
    """One frame; the prices' digits are literal."""
    data = ",".join(str(item).replace("'", '"') for item in trades)
    for item in trades:
        data = data.replace(f'"{item["price"]}"', str(item["price"]))
    await far.say(f'{{"channel":"trade","type":"{kind}","data":[{data}]}}')


async def confirm(far: Far, symbols: tuple[str, ...] = SYMBOLS) -> None:
    """One answer per symbol."""
    request = await far.heard()
    for symbol in symbols:
        await far.answer(request, {"channel": "trade", "symbol": symbol})


@asynccontextmanager
async def feed(of: LastPrices) -> AsyncIterator[tuple[AsyncIterator[Tick], Far]]:
    """A confirmed subscription."""
    peer = Peer()
    far: list[Far] = []

    async def answer() -> None:
        far.append(await peer.accepted())
        await confirm(far[0])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        async with of.prices(peer.dial, "wss://kraken.test/v2", SYMBOLS) as ticks:
            yield ticks, far[0]


async def test_one_connection_serves_all_symbols_and_starts_with_the_newest_trades(autojump_clock: MockClock) -> None:
    async with feed(market()) as (ticks, far):
        await say(far, trade(7, "61250.0"), trade(8, "61251.50"), kind="snapshot")
        await say(far, trade(3, "2000.01", "ETH/USD"))
        first, second = await anext(ticks), await anext(ticks)
    assert first == Tick("BTC/USD", Decimal("61251.50"), START)
    assert str(first.price) == "61251.50"
    assert second == Tick("ETH/USD", Decimal("2000.01"), START)


async def test_after_a_reconnect_only_missed_trades_are_told(autojump_clock: MockClock) -> None:
    of = market()
    async with feed(of) as (ticks, far):
        await say(far, trade(7, "61250.0"), kind="snapshot")
        await anext(ticks)
    async with feed(of) as (ticks, far):
        await say(far, trade(6, "1.0"), trade(7, "61250.0"), trade(8, "60000.0"), trade(9, "60500.0"), kind="snapshot")
        prices = [(await anext(ticks)).price for _ in range(2)]
    assert prices == [Decimal("60000.0"), Decimal("60500.0")]


def unnumbered(second: int, price: str) -> Message:
    """A trade without an id."""
    row = trade(0, price) | {"timestamp": f"2023-09-25T07:48:{second:02}.000001Z"}
    del row["trade_id"]
    return row


async def test_trades_without_ids_are_told_once_and_ids_may_come_again(autojump_clock: MockClock) -> None:
    of = market()
    async with feed(of) as (ticks, far):
        await say(far, unnumbered(1, "61250.0"), unnumbered(2, "61251.0"), kind="snapshot")
        await say(far, unnumbered(2, "61251.0"), unnumbered(3, "61252.0"))
        prices = [(await anext(ticks)).price for _ in range(2)]
    async with feed(of) as (ticks, far):
        await say(far, unnumbered(2, "61251.0"), unnumbered(4, "61253.0"), kind="snapshot")
        await say(far, trade(98_111_234, "61254.0"))
        await say(far, unnumbered(5, "1.0"))  # older than the newest by its time
        await say(far, trade(98_111_235, "61255.0"))
        prices += [(await anext(ticks)).price for _ in range(3)]
    assert prices == [Decimal(f"6125{number}.0") for number in range(1, 6)]


async def test_a_quiet_market_without_ids_is_left_alone(autojump_clock: MockClock) -> None:
    of = market(Trades={"P": [["61250.0", "1", "1695628081.0000012", "b", "l", "", 99]], "last": "0"})
    async with feed(of) as (ticks, far):
        await say(far, unnumbered(1, "61250.0"), kind="snapshot")
        await anext(ticks)
        with trio.move_on_after(1000) as patience:
            await anext(ticks)
        assert patience.cancelled_caught


async def test_garbage_is_skipped(autojump_clock: MockClock) -> None:
    async with feed(market()) as (ticks, far):
        for garbage in ("{", "[]", '{"channel":"trade","type":"update","data":[{"symbol":5}]}', '{"Error":"no"}'):
            await far.say(garbage)
        await say(far, trade(1, "0.0"))
        await say(far, trade(2, "5.0"))
        assert (await anext(ticks)).price == Decimal("5.0")


async def test_silence_of_the_socket_ends_the_feed(autojump_clock: MockClock) -> None:
    async with feed(market()) as (ticks, far):
        far.beating = False
        with pytest.raises(ExchangeUnavailable, match="silent for 6 s"):
            await anext(ticks)


async def test_a_quiet_market_is_asked_about_ever_more_rarely(autojump_clock: MockClock) -> None:
    pair = {"altname": "P", "base": "B", "quote": "Q", "pair_decimals": 1, "lot_decimals": 8, "status": "online"}
    table = RestTable(AssetPairs={"P": pair}, Trades={"P": [], "last": "0"})
    async with feed(LastPrices(public_rest(table), ServerClock(wall), NAMES)) as (ticks, far):
        await say(far, trade(7, "61250.0"), kind="snapshot")
        await anext(ticks)
        with trio.move_on_after(3600):
            await anext(ticks)
        in_an_hour = len(table.asked("Trades"))
        with trio.move_on_after(3600):
            await anext(ticks)
    # Two pairs: 60 s, 120 s, 240 s, 480 s, then every ten minutes.
    assert in_an_hour == 2 * 8
    assert len(table.asked("Trades")) - in_an_hour == 2 * 6


async def test_a_quiet_market_is_left_alone(autojump_clock: MockClock) -> None:
    async with feed(market()) as (ticks, far):
        await say(far, trade(7, "61250.0"), kind="snapshot")
        await anext(ticks)
        with trio.move_on_after(1000) as patience:
            await anext(ticks)
        assert patience.cancelled_caught


async def test_a_subscription_that_died_on_a_living_socket_is_found(autojump_clock: MockClock) -> None:
    rows = [["61000.0", "1", START // 10**9, "b", "l", "", 99]]
    of = market(Trades={"P": rows, "last": "0"})
    async with feed(of) as (ticks, far):
        await say(far, trade(7, "61250.0"), kind="snapshot")
        await anext(ticks)
        with pytest.raises(ExchangeUnavailable, match="BTC/USD is traded"):
            await anext(ticks)
        assert trio.current_time() >= 60


async def test_a_tokenized_pair_is_asked_for_by_its_class() -> None:
    pair = {"altname": "P", "base": "B", "quote": "Q", "pair_decimals": 1, "lot_decimals": 8, "status": "cancel_only"}
    table = RestTable(AssetPairs={"P": pair}, Trades={"P": [], "last": "0"})
    of = LastPrices(public_rest(table), ServerClock(wall), NAMES)
    assert not await of.missed_trade("AAPLx/USD")
    assert not of.is_open("AAPLx/USD")
    assert table.asked("AssetPairs") == [{"pair": "AAPLxUSD", "aclass_base": "tokenized_asset"}]
    assert table.asked("Trades") == [{"pair": "AAPLxUSD", "count": "1", "asset_class": "tokenized_asset"}]


async def test_a_refused_symbol_is_told() -> None:
    peer = Peer()

    async def refuse() -> None:
        far = await peer.accepted()
        await far.answer(await far.heard(), error="Currency pair not supported XBT/EUR")

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(refuse)
            with pytest.raises(ExchangeUnavailable, match="not supported"):
                async with market().prices(peer.dial, "wss://kraken.test/v2", SYMBOLS):
                    pass


async def test_a_subscription_that_nobody_confirms_is_unavailable(autojump_clock: MockClock) -> None:
    with pytest.raises(ExchangeUnavailable, match=r"no prices of BTC/USD, ETH/USD"):
        async with market().prices(Peer().dial, "wss://kraken.test/v2", SYMBOLS):
            pass


async def test_the_market_is_closed_during_maintenance_and_while_a_pair_is(autojump_clock: MockClock) -> None:
    of = market()
    assert of.is_open("BTC/USD")
    of.note_status("BTC/USD", "cancel_only")
    assert not of.is_open("BTC/USD")
    async with feed(of) as (ticks, far):
        await far.say({"channel": "status", "type": "update", "data": [{"system": "maintenance"}]})
        await say(far, trade(1, "5.0"))
        await anext(ticks)
    assert not of.is_open("ETH/USD")


async def test_a_symbol_that_is_refused_leaves_the_others_their_prices_and_is_tried_again(
    autojump_clock: MockClock,
) -> None:
    of, peer, asked = market(), Peer(), []

    async def answer() -> None:
        far = await peer.accepted()
        request = await far.heard()
        await far.answer(request, {"channel": "trade", "symbol": "BTC/USD"})
        await far.answer(request, error="Currency pair not supported ETH/USD")
        for _ in range(2):
            request = await far.heard()
            asked.append((trio.current_time(), request["params"]))
            if request["params"]["channel"] == "trade":
                await far.answer(request, {"channel": "trade", "symbol": "ETH/USD"})
                await say(far, trade(1, "2000.0", "ETH/USD"))
            else:
                await far.answer(request, error="Subscription name invalid")
                await say(far, trade(1, "61250.0"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        async with of.prices(peer.dial, "wss://kraken.test/v2", SYMBOLS) as ticks:
            assert (await anext(ticks)).symbol == "BTC/USD"
            assert not of.is_open("ETH/USD")
            assert "not supported" in (await of.news())["ETH/USD"]
            assert (await anext(ticks)).symbol == "ETH/USD"
            assert of.is_open("ETH/USD")
        nursery.cancel_scope.cancel()
    states, prices = asked
    assert states[1] == {"channel": "instrument", "snapshot": False}
    assert prices[1]["symbol"] == ["ETH/USD"]
    assert 60 <= prices[0] <= 70


async def test_states_and_rules_that_the_socket_tells_are_news_once(autojump_clock: MockClock) -> None:
    of = market()
    async with feed(of) as (_, far):
        for status in ("cancel_only", "cancel_only"):
            pairs = [{"symbol": "BTC/USD", "status": status, "qty_min": 1}, {"symbol": "XXX/USD", "status": "delisted"}]
            await far.say({"channel": "instrument", "type": "update", "data": {"assets": [], "pairs": pairs}})
        assert await of.news() == {"BTC/USD": 'Kraken states "cancel_only"'}
        assert not of.is_open("BTC/USD")
        with trio.move_on_after(1) as patience:
            await of.news()
        assert patience.cancelled_caught
        pairs = [{"symbol": "BTC/USD", "status": "cancel_only", "qty_min": 2}]
        await far.say({"channel": "instrument", "type": "update", "data": {"assets": [], "pairs": pairs}})
        assert list(await of.news()) == ["BTC/USD"]


def test_who_waits_for_a_pair_is_told_when_it_trades_again() -> None:
    of, told = LastPrices(public_rest(RestTable()), ServerClock(wall), NAMES), list[str]()
    of.on_open = told.append
    for status in ("online", "cancel_only", "maintenance"):
        of.note_status("BTC/USD", status)
    assert told == []
    for status in ("post_only", "post_only", "online", "online"):
        of.note_status("BTC/USD", status)
    assert told == ["BTC/USD", "BTC/USD"]
