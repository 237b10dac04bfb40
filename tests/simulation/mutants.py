"""`python -m tests.simulation.mutants [--seeds 1..12] [WORD ...]`: would the judges notice a wrong program?

Each wrong program (`tests.simulation.wrong`) is made in a copy of this tree and plays seed after seed until a judge
finds it. Words choose those whose names hold one of them. The exit code is 1 when one survives all seeds.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from tests.simulation.wrong import ALL, Wrong

ROOT = Path(__file__).parent.parent.parent
PARTS = ("actors", "adapters", "backtesting", "config", "messages", "supervision", "tests")
FILES = ("supervisor.py", "backtest.py", "pyproject.toml")
SEEDS = range(1, 13)
SECONDS = 600.0
"""Of one wrong program."""
DAYS, EVERY = 0.1, 30.0
PLAYED = re.compile(r"^(\d+) seeds, (\d+) failed", re.MULTILINE)


class Fate(Struct):
    """What became of a wrong program."""

    name: str
    found: bool
    seeds: int
    """Played until then."""
    seconds: float
    why: str


class DoesNotApply(Exception):
    """An edit whose text is not in its file any more."""


def edited(root: Path, wrong: Wrong) -> dict[Path, str]:
    """The texts of the changed files. Raises `DoesNotApply`."""
    texts: dict[Path, str] = {}
    for edit in wrong.edits:
        path = root / edit.file
        text = texts.get(path) or path.read_text()
        if edit.old not in text:
            raise DoesNotApply(f"{wrong.name}: {edit.file} has no {edit.old!r}")
        texts[path] = text.replace(edit.old, edit.new)
    return texts


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the tree, to be spoiled."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        for file in FILES:
            shutil.copy(ROOT / file, root / file)
        yield root


def play(root: Path, wrong: Wrong, seeds: range, seconds: float = SECONDS) -> Fate:
    """Spoil the copy, let it be judged, mend it."""
    texts = edited(root, wrong)
    before = {path: path.read_text() for path in texts}
    begin = time.monotonic()
    try:
        for path, text in texts.items():
            path.write_text(text)
        command = _command(wrong, seeds)
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return Fate(wrong.name, False, 0, seconds, f"not judged within {seconds:.0f} s")
    finally:
        for path, text in before.items():
            path.write_text(text)
    told = done.stdout + done.stderr
    match = PLAYED.search(told)
    return Fate(wrong.name, done.returncode != 0, int(match[1]) if match else 1, time.monotonic() - begin, _why(told))


def _command(wrong: Wrong, seeds: range) -> list[str]:
    python = [sys.executable, "-B", "-m"]
    if wrong.weather == "faults":
        return [*python, "tests.faults", *wrong.words]
    if wrong.weather == "crash":
        return [*python, "tests.crash", *wrong.words]
    weather = ["--clear"] if wrong.weather == "clear" else []
    spread = [f"--seeds={seeds.start}..{seeds.stop}", f"--days={DAYS}", f"--every={EVERY}"]
    return [*python, "tests.simulation", *spread, *weather, "--jobs=1", "--stop"]


def _why(told: str) -> str:
    lines = [line.strip() for line in told.splitlines()]
    named = [line.partition("): ")[2] for line in lines if line.startswith("Plan(")]
    return (named or [line for line in lines if "Error" in line or "missing" in line] or lines or [""])[0][:150]


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all that are chosen, and count."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--seeds", default=f"{SEEDS.start}..{SEEDS.stop}", help="1..12 (the last is left out)")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args(arguments)
    first, _, end = options.seeds.partition("..")
    seeds = range(int(first), int(end or int(first) + 1))
    chosen = [one for one in ALL if not options.words or any(word in one.name for word in options.words)]
    fates = []
    with copied() as root:
        for wrong in chosen:
            fate = play(root, wrong, seeds)
            fates.append(fate)
            what = f"found by seed {fate.seeds}" if fate.found else f"SURVIVES {fate.seeds} seeds"
            print(f"{fate.name:55} {what:20} {fate.seconds:5.0f} s  {fate.why}", flush=True)
    survivors = [fate.name for fate in fates if not fate.found]
    most = max((fate.seeds for fate in fates if fate.found), default=0)
    print(f"{len(fates)} wrong programs, {len(fates) - len(survivors)} found within {most} seeds; survive: {survivors}")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
