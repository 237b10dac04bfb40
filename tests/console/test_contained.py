"""In a container everything that the program says is on stdout, with its exit codes as always."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.process import running

pytestmark = pytest.mark.process


def contained(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [sys.executable, "-m", "console.contained", *arguments],
        cwd=folder,
        env=running.environment(),
        capture_output=True,
        text=True,
        timeout=4 * running.PATIENCE,
        check=False,
    )


def test_the_log_of_a_run_is_on_stdout_alone(tmp_path: Path) -> None:
    running.configuration(tmp_path, prices=running.price_file(tmp_path, 10))
    ended = contained(tmp_path, "trial.toml")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "state: RUNNING" in ended.stdout
    assert "trial terminated" in ended.stdout


def test_what_is_wrong_is_on_stdout_too_and_in_the_exit_code(tmp_path: Path) -> None:
    ended = contained(tmp_path, "missing.toml")
    assert (ended.returncode, ended.stderr) == (2, "")
    assert ended.stdout.startswith("error: ")
