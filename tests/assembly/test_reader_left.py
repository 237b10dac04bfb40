"""`python -m supervisor --check config.toml | head -1`: one line, and nothing else."""

import os
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


@pytest.mark.parametrize("command", ["supervisor --check config/demo.toml", "backtest config/replay.toml"])
@pytest.mark.parametrize(
    ("into", "said"), [(">&-", ""), (">/dev/full", "error: standard output: No space left on device\n")]
)
def test_an_output_that_takes_nothing_is_no_traceback(command: str, into: str, said: str) -> None:
    line = f"{sys.executable} -m {command} {into}"
    ended = subprocess.run(["sh", "-c", line], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr.replace("\r", "")) == (2 if said else 0, said)


def test_the_program_itself_needs_no_output(tmp_path: Path) -> None:
    config = (ROOT / "config/replay.toml").read_text()
    (tmp_path / "prices").symlink_to(ROOT / "config/prices")
    (tmp_path / "replay.toml").write_text(config)
    line = f"{sys.executable} -m supervisor replay.toml >&-"
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)


def test_an_error_needs_no_output(tmp_path: Path) -> None:
    line = f"{sys.executable} -m supervisor --check {tmp_path}/none.toml >&-"
    ended = subprocess.run(["sh", "-c", line], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (ended.returncode, "the file does not exist" in ended.stderr) == (2, True)
