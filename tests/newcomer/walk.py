"""A page from its first command to its last, as it is printed."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.newcomer.printed import Command, commands
from tests.newcomer.stage import Failed, Stage
from tests.newcomer.unattended import ENDLESS, ONE_AT_A_TIME, endless, why_not_run

LOCAL_KRAKEN = (
    ".venv/bin/python -m simulators.kraken --rest-port 8100 --ws-port 8101 --ws-auth-port 8102 --control-port 8103"
)
ADDED = {".venv/bin/python -m backtest download": " --rest-url http://127.0.0.1:8100"}
"""What makes a command ask the local Kraken where its page says Kraken."""
ARCHIVES = ("Kraken_Trading_History.zip", "Q1.zip")
"""What a page takes for granted: archives as Kraken has them for download."""


def walk(page: str, stage: Stage) -> Iterator[Command]:
    """Run a page's commands one after the other; each is handed over once it has done what it should.

    Raises `Failed`, which names the command.
    """
    printed = commands(page, (stage.clone / page).read_text(encoding="utf-8"))
    starts_kraken = any("-m simulators.kraken" in command.text for command in printed)
    needs_kraken = not starts_kraken and any(_asks_kraken(command) for command in printed)
    stage.configure(at_local_kraken=needs_kraken)
    _lay_out_archives(stage.clone)
    with stage.cleared():
        if needs_kraken:
            stage.start(LOCAL_KRAKEN, ENDLESS[1].works)
        for command in printed:
            if not why_not_run(command):
                try:
                    _do(command.text, stage)
                except Failed as error:
                    raise Failed(f"{command}\n{error}") from error
                yield command


def _asks_kraken(command: Command) -> bool:
    return "config/kraken.toml" in command.text or any(command.text.startswith(start) for start in ADDED)


def _do(text: str, stage: Stage) -> None:
    for start, more in ADDED.items():
        if text.startswith(start):
            text = text.replace(start, start + more, 1)
    if entry := endless(text):
        if ONE_AT_A_TIME.match(text):
            stage.stop(ONE_AT_A_TIME)
        stage.start(text, entry.works)
    else:
        stage.run(text)


def _lay_out_archives(clone: Path) -> None:
    rows = (clone / "config/prices/trades.csv").read_text().splitlines()[1:]
    halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    for name, half in zip(ARCHIVES, halves, strict=True):
        with zipfile.ZipFile(clone / name, "w") as archive:
            archive.writestr("XBTUSD.csv", "\n".join(half) + "\n")
