"""Ctrl-C in a terminal: `make` and the program both get the signal, and what is shown frightens nobody."""

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.newcomer.stage import PATIENCE, Stage
from tests.newcomer.terminal import CTRL_C, Terminal
from tests.newcomer.test_pages import new_stage

pytestmark = pytest.mark.process

LAST = "demo terminated: asked to stop; orders: the simulated orders are kept in infinity-grid-demo.duckdb"


@contextmanager
def at_the_keyboard(folder: Path, *command: str, in_shell: bool = False) -> Iterator[tuple[Stage, Terminal]]:
    """The demo in a terminal, trading."""
    stage = new_stage(folder, "runtime")
    stage.configure(at_local_kraken=False)
    with closing(Terminal(command, stage.clone, stage.environment, in_shell=in_shell)) as terminal:
        assert terminal.read_until("state: RUNNING", PATIENCE), terminal.shown
        yield stage, terminal


def test_ctrl_c_ends_make_demo_in_order_and_its_last_line_says_so(tmp_path: Path) -> None:
    with at_the_keyboard(tmp_path, "make", "demo") as (_, terminal):
        terminal.press(CTRL_C)
        assert terminal.read_to_end(PATIENCE) == -signal.SIGINT, (
            "make itself says by the signal that it was interrupted"
        )
        lines = terminal.shown.rstrip().splitlines()
        assert lines[-1].endswith(LAST)
        after = terminal.shown.partition("^C")[2]
        assert not any(word in after for word in ("Traceback", "***", "Error", "ERROR", "WARNING"))


def test_ctrl_c_ends_the_program_itself_with_exit_code_0(tmp_path: Path) -> None:
    with at_the_keyboard(tmp_path, ".venv/bin/python", "-m", "supervisor", "config/demo.toml") as (_, terminal):
        terminal.press(CTRL_C)
        assert terminal.read_to_end(PATIENCE) == 0
        assert terminal.shown.rstrip().endswith(LAST)


def test_a_closed_terminal_ends_make_demo_in_order(tmp_path: Path) -> None:
    with at_the_keyboard(tmp_path, "make", "demo", in_shell=True) as (stage, terminal):
        terminal.hang_up()
        assert terminal.all_end(PATIENCE)
        left = sorted(path.name for path in stage.clone.glob("*.duckdb*"))
        assert left == ["infinity-grid-demo.duckdb"], "the journal is closed, its log is in it"
