"""Kraken's public trades into one file: page by page, over interruptions, each trade once and in order."""

import math
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal
from io import StringIO
from pathlib import Path

import duckdb
import httpx
import pytest
import trio
from rich.console import Console

from adapters.exchanges.kraken.market_data import trade_history
from adapters.exchanges.kraken.market_data.trade_history import trade_pages
from adapters.exchanges.kraken.transport.rest_client import PublicRest, make_client
from backtesting.data import download as module
from backtesting.data.download import download
from backtesting.data.reading import open_tape
from backtesting.interrupts import Interrupted
from backtesting.tape import price_of
from config import ConfigError
from config.schema import PaperConfig
from simulators.kraken import RequestFault, Sandbox, Settings, open_sandbox
from tests.backtesting.data.test_reading import PAIR

SYMBOL = "BTC/USD"
TRADES = 25


@asynccontextmanager
async def kraken(trades: int = TRADES) -> AsyncIterator[Sandbox]:
    """A local Kraken with a tape of its own, some of whose trades share a moment."""
    async with open_sandbox(settings=Settings(prices={SYMBOL: Decimal(50_000)})) as sandbox:
        for number in range(trades):
            if number % 3:
                sandbox.control.advance(Decimal("1.5"))
            sandbox.control.price(SYMBOL, Decimal(50_000 + number), volume=Decimal("0.5"))
        yield sandbox


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages and parts, and no waiting."""
    monkeypatch.setattr(trade_history, "PAGE", 4)
    monkeypatch.setattr(module, "PART_TRADES", 6)
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr("adapters.exchanges.kraken.transport.rest_client._PUBLIC_BURST", math.inf)


def console() -> Console:
    return Console(file=StringIO())


def rows(path: Path) -> list[tuple[int, int, Decimal, Decimal]]:
    with duckdb.connect() as connection:
        return connection.execute("SELECT trade_id, time, price, volume FROM read_parquet(?)", [str(path)]).fetchall()


async def tape_of(sandbox: Sandbox) -> list[tuple[int, Decimal, Decimal]]:
    market = next(m for m in sandbox.control.venue.markets.values() if m.pair.wsname in (SYMBOL, "XBT/USD"))
    return [(trade.trade_id, trade.price, trade.volume) for trade in market.tape]


async def load(sandbox: Sandbox, target: Path, until: int = 2**62) -> int:
    return await download(SYMBOL, 0, until, target, sandbox.rest_url, console())


async def test_every_trade_once_and_in_order(tmp_path: Path) -> None:
    target = tmp_path / "trades.parquet"
    async with kraken() as sandbox:
        count = await load(sandbox, target)
        expected = await tape_of(sandbox)
    assert [(number, price, volume) for number, _, price, volume in rows(target)] == expected
    assert count == len(expected) >= TRADES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trades.parquet"]
    tape = open_tape(PaperConfig(prices=str(target)), PAIR, "test", tmp_path)
    assert price_of(tape.unit, int(tape.read(tape.rows - 1, tape.rows).prices[0])) == 50_000 + TRADES - 1


async def test_a_repeated_download_adds_what_is_new(tmp_path: Path) -> None:
    target = tmp_path / "trades.parquet"
    async with kraken() as sandbox:
        before = await load(sandbox, target)
        sandbox.control.advance(Decimal(60))
        sandbox.control.price(SYMBOL, Decimal(60_000), volume=Decimal(1))
        assert await load(sandbox, target) == before + 1
        expected = await tape_of(sandbox)
    assert [row[0] for row in rows(target)] == [row[0] for row in expected]


async def test_an_interrupted_download_goes_on_behind_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "trades.parquet"
    async with kraken() as sandbox:
        pages = 0
        original = trade_pages

        async def cut(*arguments: object) -> AsyncIterator[list[trade_history.PastTrade]]:
            nonlocal pages
            async with aclosing(original(*arguments)) as whole:  # type: ignore[arg-type]
                async for page in whole:
                    pages += 1
                    if pages == 3:
                        raise KeyboardInterrupt
                    yield page

        with monkeypatch.context() as patch:
            patch.setattr(module, "trade_pages", cut)
            with pytest.raises(KeyboardInterrupt):
                await load(sandbox, target)
        assert not target.exists()
        assert len(list((tmp_path / "trades.parquet.parts").glob("*.parquet"))) == 1
        await load(sandbox, target)
        expected = await tape_of(sandbox)
    assert [row[0] for row in rows(target)] == [row[0] for row in expected]


async def test_a_kraken_that_fails_for_a_while_is_waited_for(tmp_path: Path) -> None:
    target = tmp_path / "trades.parquet"
    async with kraken() as sandbox:
        sandbox.control.fault(RequestFault(action="http_error", target="rest:Trades", times=3))
        with trio.fail_after(30):
            await load(sandbox, target)
        expected = await tape_of(sandbox)
    assert [row[0] for row in rows(target)] == [row[0] for row in expected]


async def test_only_up_to_the_end(tmp_path: Path) -> None:
    target = tmp_path / "trades.parquet"
    async with kraken() as sandbox:
        market = next(m for m in sandbox.control.venue.markets.values() if m.pair.wsname in (SYMBOL, "XBT/USD"))
        until = market.tape[9].time // 10**9 * 10**9
        await load(sandbox, target, until)
        assert [row[0] for row in rows(target)] == [trade.trade_id for trade in market.tape if trade.time < until]


async def test_an_unknown_pair(tmp_path: Path) -> None:
    async with kraken(1) as sandbox:
        with pytest.raises(ConfigError, match=r'found "BTCUSD"; allowed: a pair of Kraken.*Did you mean "BTC/USD"'):
            await download("BTCUSD", 0, 2**62, tmp_path / "a.parquet", sandbox.rest_url, console())


async def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("mine")
    with pytest.raises(ConfigError, match="another kind of file"):
        await download(SYMBOL, 0, 2**62, tmp_path / "a.parquet", "http://127.0.0.1:9", console())
    assert (tmp_path / "a.parquet").read_text() == "mine"


async def test_pages_that_never_move_on_end() -> None:
    """A server that repeats the same full page for ever does not hold us for ever."""
    row = '["1.0","1.0",1700000000.5,"b","l","",{}]'
    page = ",".join(row.format(number) for number in range(1, 5))
    answers = {
        "/0/public/AssetPairs": '{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT",'
        '"quote":"ZUSD","pair_decimals":1,"lot_decimals":8}}}',
        "/0/public/Trades": f'{{"error":[],"result":{{"XXBTZUSD":[{page}],"last":"1700000000500000000"}}}}',
    }
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=answers[request.url.path]))
    async with make_client("http://test", transport) as client:
        pages = [page async for page in trade_pages(PublicRest(client), SYMBOL, 0)]
    assert [[trade.trade_id for trade in page] for page in pages] == [[1, 2, 3, 4]]


def test_a_signal_cancels_the_waiting_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def waits(*_: object) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        await trio.sleep_forever()

    monkeypatch.setattr(module, "download", waits)
    with pytest.raises(Interrupted):
        module.main([SYMBOL, "--from", "2024-01-01", "--output", str(tmp_path / "trades.parquet")], console())
