"""The small rule set over the same trades here and in other back-testers, each in a process of its own.

    python -m tests.benchmarks.bench_peers [--hftbacktest PYTHON] [--nautilus PYTHON] [--repeats 3]

The peers are no dependencies of ours: each is installed for the measurement in an environment that is thrown away,
and PYTHON is that environment's interpreter. Compared were hftbacktest 2.4.4 (numba 0.68.1) and nautilus_trader
1.221.0, the newest for Python 3.11; 1.231.0, on a newer Python, runs the same script and took longer:

    python -m venv hft && hft/bin/pip install hftbacktest==2.4.4 duckdb
    python -m venv nautilus && nautilus/bin/pip install nautilus_trader==1.221.0 duckdb
    python -m tests.benchmarks.bench_peers --hftbacktest hft/bin/python --nautilus nautilus/bin/python

Ours and theirs alternate. Seconds are the median run over trades that are in memory, in the form the engine wants,
with everything compiled; peak memory and CPU are the whole process's, getting the trades there included.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.bench_backtest import REPEATS, in_a_process

OURS = "small rule set, memory"
PEERS = {"hftbacktest": "hftbacktest_grid.py", "nautilus_trader": "nautilus_grid.py"}
"""Each peer's name as it is installed, and its script."""
SCRIPTS = Path(__file__).parent / "peers"
VERSION = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"

Answer = dict[str, float | str]


def write_trades(path: Path, rows: int) -> None:
    """In a process of its own: a child counts the peak memory of whoever started it as its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_backtest", "--write", str(path), "--rows", str(rows)]
    subprocess.run(command, check=True)


def output_of(command: list[str]) -> str:
    """What it prints; its complaints go where ours do."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def version_of(peer: str, python: str) -> str:
    return output_of([python, "-c", VERSION, peer]).strip()


def ask(peer: str, python: str, path: Path) -> Answer:
    """One measurement of a peer."""
    answer: Answer = json.loads(output_of([python, str(SCRIPTS / PEERS[peer]), str(path)]))
    return answer


def measure(pythons: dict[str, str], path: Path, repeats: int) -> dict[str, list[Answer]]:
    """Ours and each peer in turn, several times."""
    names = {peer: f"{peer} {version_of(peer, python)}" for peer, python in pythons.items()}
    found: dict[str, list[Answer]] = {name: [] for name in (OURS, *names.values())}
    for _ in range(repeats):
        found[OURS].append(in_a_process(OURS, path))
        for peer, python in pythons.items():
            found[names[peer]].append(ask(peer, python, path))
    return found


def seconds_of(answers: list[Answer]) -> list[float]:
    return sorted(float(answer["seconds"]) for answer in answers)


def show(found: dict[str, list[Answer]]) -> None:
    """Medians, and how many times ours they are; the range tells how quiet the machine was."""
    ours = statistics.median(seconds_of(found[OURS]))
    for name, answers in found.items():
        seconds, all_seconds = statistics.median(seconds_of(answers)), seconds_of(answers)
        rows, peak = float(answers[0]["rows"]), max(float(answer["peak"]) for answer in answers)
        cpu = statistics.median(float(answer["cpu"]) for answer in answers)
        print(
            f"{name:24} {seconds:8.3f} s ({all_seconds[0]:.3f} to {all_seconds[-1]:.3f})"
            f" {seconds / ours:7.1f} x ours {rows / seconds / 1e6:8.2f} M trades/s  peak {peak:5.0f} MB"
            f"  CPU of the process {cpu:6.2f} s  {answers[0]['note']}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hftbacktest", metavar="PYTHON")
    parser.add_argument("--nautilus", metavar="PYTHON")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--rows", type=int, default=5_000_000, help="fewer to try it; the counts are known for these")
    options = parser.parse_args()
    named = {"hftbacktest": options.hftbacktest, "nautilus_trader": options.nautilus}
    pythons = {peer: python for peer, python in named.items() if python}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "trades.parquet"
        write_trades(path, options.rows)
        show(measure(pythons, path, options.repeats))


if __name__ == "__main__":
    main()
