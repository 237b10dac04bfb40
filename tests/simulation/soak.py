"""A long life: `python -m tests.simulation.soak --days 30 --every 60 --journal /tmp/soak.duckdb`.

The program runs for a simulated month with a fault a minute, nothing kills it, and its journal is the real one. Printed
are the living objects of the program's own types, the resident memory of the process (with the venue's model, which
keeps every order, trade and request), and the size of the journal.
"""

import argparse
import gc
import logging
import sys
import time
from pathlib import Path

import trio
import trio.testing

from tests.simulation.history import DAY, History, Plan, deterministic

OURS = ("actors", "adapters", "config", "messages", "supervision")
NOT_OURS = ("simulators.kraken", "adapters.journal.projection")
"""The venue, and the copy of the journal that the judge reads."""
MEGABYTE = 1_000_000


def main() -> int:
    """Print a line for each simulated day."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=60.0)
    parser.add_argument(
        "--journal", type=Path, default=None, help="a DuckDB file; without one the journal is in memory"
    )
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    plan = Plan(options.seed, options.days, options.every, mortal=False)
    history = History(plan, journal=options.journal)
    begin = time.process_time()

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_report, history, options.journal)
            outcome = await history.run()
            nursery.cancel_scope.cancel()
        seconds = time.process_time() - begin
        print(
            f"{outcome.days:.1f} simulated days, {outcome.faults} mishaps, {outcome.orders} orders, {outcome.fills} "
            f"fills, {outcome.writes} writes, {outcome.checks} times at rest, {seconds:.0f} s of one processor"
        )

    with deterministic(plan.seed):
        trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))
    return 0


async def _report(history: History, journal: Path | None) -> None:
    while True:
        print(line(journal, history), flush=True)
        await trio.sleep(DAY)


def line(journal: Path | None, history: History) -> str:
    """One simulated day."""
    parts = [f"day {trio.current_time() / DAY:5.1f}", f"resident {resident() / MEGABYTE:6.1f} MB"]
    parts.append(f"{objects():6} objects of the program")
    if journal is not None:
        files = [path for path in (journal, journal.with_name(f"{journal.name}.wal")) if path.exists()]
        parts.append(f"journal {sum(path.stat().st_size for path in files) / MEGABYTE:6.2f} MB")
    parts.append(f"{history.events} events of the exchange")
    return ", ".join(parts)


def resident() -> int:
    """Bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def objects() -> int:
    """Of types that our modules define."""
    gc.collect()
    modules = (type(one).__module__ for one in gc.get_objects())
    return sum(module.startswith(OURS) and not module.startswith(NOT_OURS) for module in modules)


if __name__ == "__main__":
    sys.exit(main())
