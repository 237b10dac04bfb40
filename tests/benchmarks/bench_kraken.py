"""Against the local Kraken over real sockets: `python -m tests.benchmarks.bench_kraken`.

Fill to counter-order is measured at the venue, from the moment it executes the order until it receives the
answer, for several round-trip times; also the requests per fill, five fills at once, and the start to RUNNING
with orders open.
"""

import statistics
import tempfile
import time
from pathlib import Path

import trio

from adapters.exchanges.kraken.sandbox import Latency
from tests.behaviour.desk import Desk, opened, until

FILLS = 25
"""Fifty buys and so many sells stay below the venue's limit of eighty open orders."""


async def fills(round_trip: float) -> str:
    """Milliseconds from a fill to its counter-order at the venue."""
    with tempfile.TemporaryDirectory() as name:
        async with opened(Path(name)) as desk, desk.trading("GridSell", **options(50)):
            await ladder_of(desk, 50)
            half = round_trip / 2
            desk.kraken.control.latency(Latency(ws_in=half, ws_out=half))
            await trio.sleep(1)  # let what was asked for before be answered
            measured = [await one_fill(desk) for _ in range(FILLS)]
    figures = sorted(seconds * 1000 for seconds, _ in measured)
    p50, p99 = statistics.median(figures), figures[int(len(figures) * 0.99) - 1]
    requests = statistics.median(asked for _, asked in measured)
    return (
        f"fill to counter-order, round trip {round_trip * 1000:3.0f} ms: p50 {p50:6.1f} ms, p99 {p99:6.1f} ms, "
        f"{requests:g} request(s) per fill"
    )


def options(buys: int) -> dict[str, str]:
    """A ladder of this size."""
    return {"buys": str(buys), "investment": "100000", "interval": "0.006"}


async def one_fill(desk: Desk) -> tuple[float, int]:
    """Let the market fall to the highest buy; seconds until its sell is there, and how many requests that took."""
    control = desk.kraken.control
    sells = {order.txid for order in control.open_orders() if order.side == "sell"}
    await trio.sleep(0.1)  # the ladder is completed at its lower end; that is not what is measured
    buy = max((order for order in control.open_orders() if order.side == "buy"), key=lambda order: order.price)
    asked = len(control.requests())
    begin = time.perf_counter()
    desk.move(str(buy.price))
    with trio.fail_after(20):
        while {order.txid for order in control.open_orders() if order.side == "sell"} == sells:  # noqa: ASYNC110
            await trio.sleep(0.0005)
    return time.perf_counter() - begin, len(control.requests()) - asked


async def ladder_of(desk: Desk, buys: int) -> None:
    """Wait until so many buys are open."""
    await until(lambda: len(desk.ladder()) == buys, desk.ladder)


async def five_at_once() -> str:
    """A fall through all five buys: milliseconds until the last of the five sells is there."""
    figures = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as name:
            async with opened(Path(name)) as desk, desk.trading("GridSell"):
                await ladder_of(desk, 5)
                await trio.sleep(0.3)
                begin = time.perf_counter()
                desk.move("47000.0")
                with trio.fail_after(20):
                    while sum(row[0] == "sell" for row in desk.ladder()) < 5:  # noqa: ASYNC110
                        await trio.sleep(0.0005)
                figures.append((time.perf_counter() - begin) * 1000)
    return f"five fills at once: all five sells after {statistics.median(figures):.1f} ms"


async def grids() -> list[str]:
    """Building a grid, shifting a small one, and the start with its orders open.

    A large one is not shifted: cancels of orders younger than five seconds cost so much of the venue's
    budget per pair that the figure would be the venue's.
    """
    lines = []
    for buys in (5, 50):
        with tempfile.TemporaryDirectory() as name:
            async with opened(Path(name)) as desk:
                begin = time.perf_counter()
                async with desk.trading("GridHODL", **options(buys)):
                    await ladder_of(desk, buys)
                    lines.append(f"grid of {buys}: built from nothing in {time.perf_counter() - begin:.2f} s")
                    if buys == 5:
                        lines.append(await shift(desk, buys))
                begin = time.perf_counter()
                async with desk.trading("GridHODL", **options(buys)):
                    again = time.perf_counter() - begin
                lines.append(f"grid of {buys}: start to RUNNING with it open in {again:.2f} s")
    return lines


async def shift(desk: Desk, buys: int) -> str:
    """The market leaves the ladder behind."""
    await trio.sleep(0.3)
    asked = len(desk.kraken.control.requests())
    begin = time.perf_counter()

    def shifted() -> bool:
        desk.move("60000.0")
        return len(desk.ladder()) == buys and desk.ladder()[0][1] > 55_000

    await until(shifted, desk.ladder)
    took = (time.perf_counter() - begin) * 1000
    return f"grid of {buys}: shifted in {took:.0f} ms with {len(desk.kraken.control.requests()) - asked} requests"


async def main() -> None:
    """Print all figures."""
    for round_trip in (0.0, 0.020, 0.100):
        print(await fills(round_trip), flush=True)
    print(await five_at_once(), flush=True)
    for line in await grids():
        print(line, flush=True)


if __name__ == "__main__":
    trio.run(main)
