"""The whole program against a local Kraken in another process: `python -m tests.benchmarks.bench_kraken [SECTION ...]`.

Sections: `fills`, `five`, `grids`, `start`, `rest`; all of them by default. Times are the venue's own: from the moment
it executes an order until it receives the answer to that.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import trio

import supervisor
from assembly import registry
from config import parse
from simulators.kraken import DEMO_KEY, DEMO_PRIVATE
from tests.benchmarks.far_kraken import FarKraken, Json, far_kraken

FILLS = 40
PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD", "DOGE/USD", "AAPLx/USD")
PRICES = {"BTC/USD": "50000.0", "ETH/USD": "3000.00", "SOL/USD": "150.00", "DOGE/USD": "0.2000000", "AAPLx/USD": "250"}

HEAD = """
[bot]
dry_run = false
[exchange]
adapter = "kraken"
api_public_key = "{key}"
api_secret_key = "{private}"
rest_url = "{rest_url}"
ws_url = "{ws_url}"
ws_auth_url = "{ws_auth_url}"
[persistence]
database = "{database}"
[metrics]
enabled = false
"""

STRATEGY = """
[[strategy]]
name = "trial-{number}"
kind = "GridSell"
base_currency = "{base}"
quote_currency = "USD"
userref = {number}
amount_per_grid = 100
interval = {interval}
n_open_buy_orders = {buys}
max_investment = 1000000
fee = 0.0025
"""


class Trial:
    """The venue, and the program that may be started again and again."""

    def __init__(self, venue: FarKraken, folder: Path) -> None:
        self.venue = venue
        self._database = folder / "trial.duckdb"

    @asynccontextmanager
    async def trading(self, buys: int, interval: str = "0.006", strategies: int = 1) -> AsyncIterator[None]:
        """The program, RUNNING with all its buys open."""
        text = HEAD.format(key=DEMO_KEY, private=DEMO_PRIVATE, database=self._database, **self.venue.addresses)
        for number in range(1, strategies + 1):
            base = PAIRS[(number - 1) % len(PAIRS)].partition("/")[0]
            text += STRATEGY.format(number=number, base=base, interval=interval, buys=buys)
        config = parse(text, "trial.toml", {}, registry.known())
        async with trio.open_nursery() as nursery:
            handle: supervisor.Handle = await nursery.start(supervisor.run, config)
            while handle.status().state != "RUNNING":  # noqa: ASYNC110 - looked at from outside
                await trio.sleep(0.005)
            yield
            nursery.cancel_scope.cancel()

    async def built(self, buys: int) -> None:
        """Wait until so many buys are open."""
        while sum(_is(order, "buy") for order in (await self.venue.open_orders()).values()) < buys:  # noqa: ASYNC110
            await trio.sleep(0.02)

    async def requests(self) -> list[Json]:
        """What the program asked for; pings and the benchmark's own questions are left out."""
        log: list[Json] = await self.venue.look("requests")
        return [entry for entry in log if entry["name"] not in ("ping", "QueryOrders")]


@asynccontextmanager
async def trial(symbols: int = 1) -> AsyncIterator[Trial]:
    """A fresh venue and an empty folder."""
    with tempfile.TemporaryDirectory() as name:
        prices = {symbol: Decimal(PRICES[symbol]) for symbol in PAIRS[:symbols]}
        async with far_kraken(Path(name), prices) as venue:
            yield Trial(venue, Path(name))


async def fills() -> None:
    """Milliseconds from a fill to its counter-order at the venue, for several round trips."""
    for round_trip in (0.0, 0.020, 0.100):
        async with trial() as desk, desk.trading(50):
            await desk.built(50)
            await desk.venue.do("latency", ws_in=round_trip / 2, ws_out=round_trip / 2)
            await trio.sleep(1)  # let what was asked for before be answered
            measured = [await _one_fill(desk) for _ in range(FILLS)]
            closed = await desk.venue.closed_at(txid for txid, _, _ in measured)
        took = sorted(received - closed[txid] for txid, received, _ in measured)
        asked = statistics.median(count for _, _, count in measured)
        own = [milliseconds - round_trip * 1000 for milliseconds in took]
        _say(
            f"fill to counter-order, round trip {round_trip * 1000:3.0f} ms: p50 {statistics.median(took):6.1f} ms, "
            f"p99 {took[-1]:6.1f} ms, own time p50 {statistics.median(own):.1f} ms, "
            f"p99 {own[-1]:.1f} ms, {asked:g} request(s) per fill"
        )


async def _one_fill(desk: Trial) -> tuple[str, float, int]:
    """The market falls to the highest buy: its id, when its sell is there in milliseconds UTC, how many requests."""
    orders = await desk.venue.open_orders()
    txid = max((name for name, order in orders.items() if _is(order, "buy")), key=lambda name: _price(orders[name]))
    before = len(await desk.requests())
    await desk.venue.do("price", symbol="BTC/USD", price=orders[txid]["descr"]["price"])
    sells: list[Json] = []
    while not sells:
        await trio.sleep(0.15)
        sells = [entry for entry in (await desk.requests())[before:] if "sell" in str(entry["params"])]
    return txid, sells[0]["received"] / 1e6, len(sells)


async def five() -> None:
    """A fall through all five buys: milliseconds until the last of the five sells arrives."""
    figures = []
    for _ in range(5):
        async with trial() as desk, desk.trading(5, "0.01"):
            await desk.built(5)
            await trio.sleep(0.5)
            bought = list(await desk.venue.open_orders())
            before = len(await desk.requests())
            await desk.venue.do("price", symbol="BTC/USD", price="47000.0")
            await trio.sleep(1)
            sells = [entry for entry in (await desk.requests())[before:] if "sell" in str(entry["params"])]
            first = min((await desk.venue.closed_at(bought)).values())
            figures.append(max(entry["received"] for entry in sells) / 1e6 - first)
    _say(f"five fills at once: all five sells after {statistics.median(figures):.1f} ms (max {max(figures):.1f})")


async def grids() -> None:
    """Building a grid of 5 and of 50, shifting both; a shift of 50 waits for the venue's budget per pair."""
    for buys in (5, 50):
        async with trial() as desk, desk.trading(buys):
            begin = time.perf_counter()
            await desk.built(buys)
            built = await desk.requests()
            span = (built[-1]["received"] - built[0]["received"]) / 1e9
            orders = [entry for entry in built if "add" in entry["name"]]
            _say(f"grid of {buys}: built with {len(orders)} requests, all {len(built)} requests within {span:.2f} s")
            await trio.sleep(max(0.0, 6 - (time.perf_counter() - begin)))
            before = len(await desk.requests())
            await desk.venue.do("price", symbol="BTC/USD", price="60000.0")
            while not await _shifted(desk, buys):  # noqa: ASYNC110 - another process
                await trio.sleep(0.05)
            asked = (await desk.requests())[before:]
            span = (asked[-1]["received"] - asked[0]["received"]) / 1e9
            _say(f"grid of {buys}: shifted with {len(asked)} requests, first to last {span:.3f} s")


async def _shifted(desk: Trial, buys: int) -> bool:
    orders = (await desk.venue.open_orders()).values()
    return len(orders) == buys and max(map(_price, orders)) > 55_000


async def start() -> None:
    """From the start of the program to RUNNING, with nothing and with 200 orders open."""
    async with trial() as desk:
        _say(f"start to RUNNING, new database: {await _start(desk, 1):.2f} s")
        _say(f"start to RUNNING, 1 order open: {await _start(desk, 1):.2f} s")
    async with trial() as desk:
        async with desk.trading(200, "0.0055"):
            await desk.built(200)
        figures = [await _start(desk, 200) for _ in range(5)]
        _say(f"start to RUNNING, 200 orders open: {statistics.median(figures):.2f} s (max {max(figures):.2f})")


async def _start(desk: Trial, buys: int) -> float:
    begin = time.perf_counter()
    async with desk.trading(buys, "0.0055"):
        took = time.perf_counter() - begin
        await desk.built(buys)
    return took


async def rest() -> None:
    """REST calls per hour at rest: a market that trades every second, then one that does not trade."""
    for strategies in (1, 100):
        symbols = min(strategies, len(PAIRS))
        async with trial(symbols) as desk, desk.trading(1, "0.1", strategies):
            await desk.built(strategies)
            for quiet in (False, True):
                before, begin = await _rest_calls(desk), time.monotonic()
                while time.monotonic() - begin < 150:
                    await trio.sleep(1)
                    for symbol in PAIRS[: 0 if quiet else symbols]:
                        await desk.venue.do("price", symbol=symbol, price=PRICES[symbol])
                calls = (await _rest_calls(desk) - before) / (time.monotonic() - begin) * 3600
                market = "no trades" if quiet else "a trade a second"
                _say(f"REST calls per hour at rest, {strategies} strategies, {symbols} pairs, {market}: {calls:.0f}")


async def _rest_calls(desk: Trial) -> int:
    return sum(entry["transport"] == "rest" for entry in await desk.requests())


def _is(order: Json, side: str) -> bool:
    return bool(order["descr"]["type"] == side)


def _price(order: Json) -> Decimal:
    return Decimal(order["descr"]["price"])


def _say(line: str) -> None:
    print(line, flush=True)


SECTIONS: dict[str, Callable[[], Awaitable[None]]] = {
    "fills": fills,
    "five": five,
    "grids": grids,
    "start": start,
    "rest": rest,
}


async def main() -> None:
    """Print the figures of the chosen sections."""
    for name in sys.argv[1:] or SECTIONS:
        await SECTIONS[name]()


if __name__ == "__main__":
    trio.run(main)
