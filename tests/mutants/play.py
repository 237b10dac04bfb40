"""Let wrong programs be judged, several side by side, and print what came of them.

Nothing is kept: every wrong program lives in a temporary copy of the tree.
"""

import argparse
import os
import queue
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from tests.mutants.edits import Wrong, copied, spoiled

SECONDS = 600.0
"""Of one wrong program."""
PLAYED = re.compile(r"^(\d+) seeds, \d+ failed", re.MULTILINE)

Judge = Callable[[Wrong], Sequence[str]]
"""The module and options that judge it, as for `python -m`."""


class Fate(Struct):
    """What became of a wrong program."""

    name: str
    found: bool
    seeds: int
    """Played until then; 0 where the judge has none."""
    seconds: float
    by: str
    """Which check found it, in its own words."""


def play(root: Path, wrong: Wrong, command: Sequence[str], seconds: float = SECONDS) -> Fate:
    """Spoil the copy, let it be judged, mend it. Raises `DoesNotApply`."""
    begin = time.monotonic()
    with spoiled(root, wrong), _started(root, command) as judging:
        try:
            told, _ = judging.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return Fate(wrong.name, False, 0, seconds, f"not judged within {seconds:.0f} s")
        finally:
            _end(judging)
    match = PLAYED.search(told)
    return Fate(wrong.name, judging.returncode != 0, int(match[1]) if match else 0, time.monotonic() - begin, why(told))


def _started(root: Path, command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-B", "-m", *command],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _end(judging: subprocess.Popen[str]) -> None:
    """With all that it started: a judge that is not answered leaves no process behind."""
    try:
        os.killpg(judging.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def why(told: str) -> str:
    """The line of a judge's output that says what was wrong."""
    lines = [line.strip() for line in told.splitlines()]
    for index, line in enumerate(lines):
        if line.startswith("Plan("):
            return line.partition("): ")[2]
        if line.startswith("WRONG "):
            return " ".join(lines[index : index + 2])
        if any(f": {what}: " in line for what in ("duplicate", "orphan", "lost fill", "drift", "stuck")):
            return line.rpartition("\r")[2]
    return ([line for line in lines if "Error" in line] or lines or [""])[-1]


def play_all(chosen: Sequence[Wrong], judge: Judge, jobs: int, seconds: float = SECONDS) -> Iterator[Fate]:
    """Each in a copy of its own, `jobs` at a time, in the order in which they end."""
    copies: queue.Queue[Path] = queue.Queue()

    def played(wrong: Wrong) -> Fate:
        root = copies.get()
        try:
            return play(root, wrong, judge(wrong), seconds)
        finally:
            copies.put(root)

    with ExitStack() as stack:
        for _ in range(jobs):
            copies.put(stack.enter_context(copied()))
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        for future in as_completed([pool.submit(played, wrong) for wrong in chosen]):
            yield future.result()


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """Options that all three have in common."""
    options = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    options.add_argument("--jobs", type=int, default=1, help="how many wrong programs at a time")
    options.add_argument("--seconds", type=float, default=SECONDS, help="of one of them, at most")
    options.add_argument("words", nargs="*", help="only those whose names hold one of these")
    return options


def report(everything: Sequence[Wrong], judge: Judge, options: argparse.Namespace) -> int:
    """Play what is chosen and print the table. 1 when one survives, or takes more seeds than is written down."""
    chosen = [wrong for wrong in everything if not options.words or any(word in wrong.name for word in options.words)]
    written = {wrong.name: wrong.within for wrong in chosen}
    print(f"{'wrong program':58}{'found':>9}{'at most':>9}{'time':>8}  by")
    fates = []
    for fate in play_all(chosen, judge, max(options.jobs, 1), options.seconds):
        fates.append(fate)
        found = (f"seed {fate.seeds}" if fate.seeds else "yes") if fate.found else "SURVIVES"
        most = str(written[fate.name] or "")
        print(f"{fate.name:58}{found:>9}{most:>9}{fate.seconds:>6.0f} s  {fate.by[:160]}", flush=True)
    survivors = [fate.name for fate in fates if not fate.found]
    late = [fate.name for fate in fates if fate.found and fate.seeds > (written[fate.name] or fate.seeds)]
    most_seeds = max((fate.seeds for fate in fates if fate.found), default=0)
    print(f"{len(fates)} wrong programs, {len(fates) - len(survivors)} found", end="")
    print(f" within {most_seeds} seeds" if most_seeds else "", end="")
    print(f"; survive: {survivors}; later than written down: {late}")
    return int(bool(survivors or late))
