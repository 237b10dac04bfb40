"""Fills that nobody saw: `python -m tests.benchmarks.bench_recovery [STRATEGIES ... | join]`.

The program is ended by kill -9, about 1.23 buys of each strategy are filled, and it is started again: seconds from then
on until each fill has its sell at the venue. `join`: how long a running strategy's fill waits while another one joins
an account with 2,000 closed orders of others. The local Kraken answers at once.
"""

import sys
import time

import trio

from tests.benchmarks.crowd import PATIENCE, PRICES, Crowd, counted, crowd

CLOSED = 2_000
MANY = 50
"""So many strategies need a second pair: the venue takes 225 open orders of one."""


async def recovery(strategies: int) -> None:
    """Kill, fill, start."""
    async with crowd() as trial:
        with trial.started(strategies, 2, pairs=1 if strategies < MANY else 2) as program:
            await program.running()
            await trial.built(strategies * 2)
            await trio.sleep(2)
        await trial.forgotten()
        filled = await trial.fall(strategies * 123 // 100)
        before = len(await trial.requests())
        with trial.started(strategies, 2, pairs=1 if strategies < MANY else 2) as program:
            took = await _answered(trial, filled, program.began)
            running = await program.running()
            asked = (await trial.requests())[before:]
        print(
            f"{strategies} strategies, {filled} fills: answered {_text(took)} after the start of the process, "
            f"RUNNING {_text(running)}; {counted(asked)}",
            flush=True,
        )


async def _answered(trial: Crowd, sells: int, begin: float) -> float | None:
    while time.time() < begin + PATIENCE:
        if await trial.sells() >= sells:
            return time.time() - begin
        await trio.sleep(0.1)
    return None


async def join() -> None:
    """One strategy trades, and is started again with a second one."""
    async with crowd() as trial:
        await _others(trial)
        with trial.started(1, 2) as program:
            await program.running()
            await trial.built(2)
        await trial.forgotten()
        with trial.started(2, 2) as program:
            while not any(entry["name"] == "ClosedOrders" for entry in await trial.requests()):  # noqa: ASYNC110
                await trio.sleep(0.1)
            await trio.sleep(5)
            begin = time.time()
            await trial.fall(1)
            took = await _answered(trial, 1, begin)
            print(f"join, {CLOSED} closed orders of others: the old strategy's fill is answered {_text(took)} later")
            rows = (await program.status()).get("strategies", [])
            print("meanwhile the other one says:", [row.get("reason") for row in rows][1:], flush=True)
            running = await program.running()
            asked = counted(await trial.requests())
            print(f"the other one trades {_text(running)} after the start; {asked}", flush=True)


async def _others(trial: Crowd) -> None:
    """Orders of another program, placed and cancelled; the venue's clock goes on."""
    for number in range(CLOSED):
        if number % 100 == 0:
            await trial.venue.do("advance", seconds="120")
        price = str(PRICES["BTC"] / 2 + number)
        await trial.venue.do(
            "cancel",
            order=await trial.venue.do("place", symbol="BTC/USD", side="buy", price=price, volume="0.001"),
        )


def _text(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"


async def main() -> None:
    """All sizes and the join."""
    for argument in sys.argv[1:] or ("1", "10", "30", "100", "join"):
        await (join() if argument == "join" else recovery(int(argument)))


if __name__ == "__main__":
    trio.run(main)
