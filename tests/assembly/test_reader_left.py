"""`python -m supervisor --check config.toml | head -1`: one line, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from assembly.reader_left import EXIT_READER_LEFT

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        (["supervisor", "--check", "config/demo.toml"], {EXIT_READER_LEFT}),
        (["supervisor", "--help"], {0, EXIT_READER_LEFT}),
        (["supervisor", "schema"], {0, EXIT_READER_LEFT}),
        (["backtest", "config/replay.toml"], {EXIT_READER_LEFT}),
    ],
)
def test_a_reader_that_has_left_is_no_error(command: list[str], codes: set[int]) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    program.stdout.close()
    assert program.stderr is not None
    with program.stderr:
        said = program.stderr.read()
    assert (program.wait(30) in codes, said.replace("\r", "")) == (True, "")
