"""Run the trading system inside a trio program of your own: start it, read its state, stop it.

    python -m examples.embedding config/demo.toml

Nothing global happens: no signal handlers, no logging set-up, no exit. Cancelling the nursery stops the
strategies, orders and journal in order before it returns.
"""

import sys
from pathlib import Path

import trio

import supervisor


async def trade_for(seconds: float, config: Path) -> None:
    """Trade for a while, print each strategy's open orders, stop."""
    async with trio.open_nursery() as nursery:
        handle = await nursery.start(supervisor.run, config)
        await trio.sleep(seconds)
        status = handle.status()
        print(f"{status.bot} is {status.state}, http port {handle.port}")
        for strategy in status.strategies:
            print(f"{strategy.name}: {strategy.phase}, {len(strategy.orders)} orders, price {strategy.price}")
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(trade_for, 10, Path(sys.argv[1]))
