"""The parts of the hour, in their order. Each returns a line of figures, or raises `Failed` or `Skipped`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

from tests.newcomer import trading
from tests.newcomer.configurations import cases, disagreement
from tests.newcomer.hour import Hour, Skipped
from tests.newcomer.printed import commands, pages
from tests.newcomer.stage import DOWNLOADS, Failed, tracked
from tests.newcomer.unattended import why_not_run
from tests.newcomer.walk import walk
from tests.process.running import configuration, price_file

DAY = 86_400


def demo(hour: Hour) -> str:
    """`make demo` in the fresh clone, until the first fill; Ctrl-C."""
    stage = hour.stage
    stage.configure(at_local_kraken=False)
    with stage.cleared():
        stage.start("make demo", "buy executed", DOWNLOADS)
        seconds = time.monotonic() - hour.began
    return f"{seconds:.1f} s from the clone to the first fill"


def printed(hour: Hour) -> str:
    """Every command of every page."""
    hour.python()
    done = left = 0
    names = pages(hour.clone, tracked(hour.clone))
    for page in names:
        all_of_it = commands(page, (hour.clone / page).read_text(encoding="utf-8"))
        left += sum(1 for command in all_of_it if why_not_run(command))
        if any(not why_not_run(command) for command in all_of_it):
            hour.clean()
            done += sum(1 for _ in walk(page, hour.stage))
    hour.clean()
    return f"{done} commands of {len(names)} pages; {left} not run, each with a reason"


def configurations(hour: Hour) -> str:
    """What `--check` says to each configuration that newcomers write."""
    folder, given = hour.folder / "configurations", cases()
    folder.mkdir()
    for case in given:
        (folder / f"{case.name}.toml").write_bytes(case.content)
    (folder / "cases.json").write_text(json.dumps([(case.name, case.environment) for case in given]))
    hour.python()
    hour.clean()
    hour.stage.run(f'.venv/bin/python -m tests.newcomer.check_all "{folder}"')
    answers = json.loads((folder / "answers.json").read_text())
    wrong = [(case, disagreement(case, *answers[case.name])) for case in given]
    told = [f"{case.name}: {what}\n{answers[case.name][1]}" for case, what in wrong if what]
    if told:
        raise Failed("\n".join(told))
    return f"{len(given)} configurations, each with the answer that it should get"


def kraken(hour: Hour) -> str:
    """The local Kraken: a dry run, then live, the three stops, killed and started again."""
    hour.python()
    hour.clean()
    return trading.trade(hour.stage)


def keep(hour: Hour) -> str:
    """Backup of the running program, and restore."""
    if not (hour.clone / "docs/keep.md").exists():
        raise Skipped("there is no backup yet")
    hour.python()
    hour.clean()
    return trading.keep(hour.stage)


def day(hour: Hour) -> str:
    """The memory after a day of simulated trading: a row a second, four strategies."""
    folder = hour.folder / "day"
    folder.mkdir()
    path = configuration(folder, prices=price_file(folder, DAY))
    with (folder / "log.txt").open("w") as log:
        begun = time.monotonic()
        process = subprocess.Popen(
            [hour.python(), "-m", "supervisor", path], cwd=hour.clone, env=hour.stage.environment, stderr=log
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed((folder / "log.txt").read_text()[-2000:])
    fills = (folder / "log.txt").read_text().count(" executed, ")
    return (
        f"{used.ru_maxrss / 1024:.0f} MB at most, {fills} fills, {DAY / (time.monotonic() - begun):.0f} rows a second"
    )


def image(hour: Hour) -> str:
    """The steps of the container image on a bare Debian, and what then runs."""
    if not (hour.clone / "tests/image").is_dir():
        raise Skipped("there is no image yet")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.image"],
        cwd=hour.clone,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    last = ended.stdout.strip().splitlines()[-1:]
    if ended.returncode == CANNOT:
        raise Skipped("".join(last).removeprefix("error: "))
    if ended.returncode:
        raise Failed(ended.stdout[-4000:])
    return "".join(last)


CANNOT = 2
"""Exit code of `tests.image` where this machine lacks what it needs."""
Part = Callable[[Hour], str]
PARTS: dict[str, Part] = {
    "demo": demo,
    "printed": printed,
    "configurations": configurations,
    "kraken": kraken,
    "keep": keep,
    "day": day,
    "image": image,
}
ASKED_FOR = {"day", "image"}
"""These take minutes and are done only when they are named."""
