"""The whole program as a process: start to RUNNING, and rows per second of a replay in lock-step.

    python -m tests.benchmarks.bench_program

Both run the four strategies on one pair with journal and supervision, as a user would.
"""

import statistics
import tempfile
import time
from pathlib import Path

from tests.process import running
from tests.process.running import free_port

STARTS = 5
ROWS = 20_000


def start_to_running(folder: Path) -> float:
    """Seconds from starting the process until `/status` says RUNNING."""
    port = free_port()
    path = running.configuration(folder, speed="10", port=port, metrics=True)
    begin = time.perf_counter()
    with running.started(folder, path):
        running.wait_for_status(port, "RUNNING")
        return time.perf_counter() - begin


def replay(folder: Path) -> tuple[float, int]:
    """Seconds for the whole process, and how many fills there were."""
    path = running.configuration(folder, prices=running.price_file(folder, ROWS))
    begin = time.perf_counter()
    ended = running.run_to_end(folder, str(path))
    seconds = time.perf_counter() - begin
    if ended.returncode:
        raise SystemExit(ended.stderr)
    return seconds, len(running.fills(folder / "trial.duckdb"))


def main() -> None:
    """Print both."""
    starts = []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as name:
            starts.append(start_to_running(Path(name)))
    print(f"start to RUNNING, new database: {statistics.median(starts):.2f} s (min {min(starts):.2f})")
    with tempfile.TemporaryDirectory() as name:
        seconds, filled = replay(Path(name))
        print(
            f"replay through the program: {ROWS / seconds:,.0f} rows/s ({ROWS} rows, {filled} fills, {seconds:.1f} s)"
        )


if __name__ == "__main__":
    main()
