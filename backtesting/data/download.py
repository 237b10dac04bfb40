"""`python -m backtest download`: Kraken's public trades into a Parquet file; what was loaded is never lost."""

import argparse
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path

import duckdb
import trio
from rich.console import Console

from adapters.exchanges.kraken.market_data.trade_history import PastTrade, trade_pages
from adapters.exchanges.kraken.transport.rest_client import REST_URL, PublicRest, make_client
from backtesting.data.trade_files import Parts
from backtesting.report import wording as say
from backtesting.report.progress import bar
from backtesting.spans import parse_moment
from backtesting.stoppable import run_tasks
from config import ConfigError
from messages.counted import counted
from trading.ports import ExchangeUnavailable

PART_TRADES = 50_000
"""Trades that a kill may cost at most; they are loaded again."""
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_DAY = 86_400 * 10**9


def main(arguments: Sequence[str], console: Console) -> None:
    """Raises `ConfigError` and `SpanError` for what cannot be meant."""
    options = _parser().parse_args(arguments)
    if options.output.suffix != ".parquet":
        raise ConfigError.at("command line", "--output", f'"{options.output}"', "a file that ends in .parquet")
    until = time.time_ns() if options.until is None else parse_moment(options.until)
    rows = run_tasks(
        download, options.pair, parse_moment(options.since), until, options.output, options.rest_url, console
    )
    console.print(f"{counted(rows, 'trade')} of {options.pair}: {options.output}")


async def download(symbol: str, since: int, until: int, target: Path, rest_url: str, console: Console) -> int:
    """All trades from `since` up to `until` (nanoseconds UTC); returns how many `target` holds then.

    Goes on from what an earlier call with the same target has left. An exchange that does not answer is
    waited for. Raises `ConfigError` for an unknown pair or a target that is something else.
    """
    parts = Parts(target)
    # What only reads, or makes a file that has another name until it is whole, ends with the process.
    in_thread = partial(trio.to_thread.run_sync, abandon_on_cancel=True)
    try:
        reached = await in_thread(parts.reached)
    except duckdb.Error:
        raise ConfigError.at("command line", "--output", f'"{target}", another kind of file', "a new file") from None
    if reached.rows:
        console.print(f"resuming after {counted(reached.rows, 'trade')}, at {say.moment(reached.time)} UTC")
    days = max(1, -(-(until - since) // _DAY))
    with bar(Console(stderr=True), f"{symbol}: days", days) as progress:
        async with make_client(rest_url) as client:
            rest, wait = PublicRest(client), _FIRST_WAIT
            while True:
                pages = trade_pages(rest, symbol, max(since, reached.time), reached.trade_id)
                try:
                    async with aclosing(pages):
                        await _keep(pages, until, parts, lambda time: progress((time - since) // _DAY))
                    break
                except ExchangeUnavailable as error:
                    console.print(f"{error}; next try in {wait:.0f} s")
                before, reached = reached, await in_thread(parts.reached)
                wait = min(2 * wait, _LONGEST_WAIT) if reached == before else _FIRST_WAIT
                await trio.sleep(wait)
    return await in_thread(parts.join)


async def _keep(pages: AsyncIterator[list[PastTrade]], until: int, parts: Parts, tell: Callable[[int], None]) -> None:
    """Write what comes, in parts; also what came before an error."""
    waiting: list[PastTrade] = []
    try:
        async for page in pages:
            wanted = [trade for trade in page if trade.time < until]
            waiting += wanted
            if len(waiting) >= PART_TRADES:
                full, waiting = waiting, []
                await trio.to_thread.run_sync(parts.add, full)
            tell(page[-1].time)
            if len(wanted) < len(page):
                break
    finally:
        if waiting:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(parts.add, waiting)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backtest download",
        description="Load Kraken's public trades of one pair. Interrupted or repeated, it goes on where it stopped.",
    )
    parser.add_argument("pair", metavar="PAIR", help="for instance BTC/USD")
    parser.add_argument("--from", dest="since", required=True, metavar="DATE", help="first day, UTC")
    parser.add_argument("--to", dest="until", metavar="DATE", help="first day that is left out, UTC; default: now")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="Parquet file; an existing one grows"
    )
    parser.add_argument("--rest-url", default="", metavar="URL", help=f"another server than {REST_URL}")
    return parser
