"""Start of many strategies on one pair: `python -m tests.benchmarks.bench_start [STRATEGIES ...]`.

Seconds from the start of the process to RUNNING, and what it asked for until then: with a new journal, then with its
ladders open. The local Kraken answers at once.
"""

import sys

import trio

from tests.benchmarks.crowd import counted, crowd


async def start(strategies: int) -> None:
    """A first start and a second one."""
    async with crowd() as trial:
        for what in ("new journal", "ladders open"):
            before = len(await trial.requests())
            with trial.started(strategies, 2) as program:
                took = await program.running()
                asked = (await trial.requests())[before:]
                print(f"{strategies} strategies, {what}: {took and f'{took:.1f} s'}; {counted(asked)}", flush=True)
                with trio.move_on_after(120):
                    await trial.built(strategies * 2)
            await trial.forgotten()


async def main() -> None:
    """All sizes."""
    for strategies in map(int, sys.argv[1:] or ("1", "40", "100")):
        await start(strategies)


if __name__ == "__main__":
    trio.run(main)
