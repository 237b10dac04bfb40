"""`make` on machines whose Python is too old, or half installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.newcomer.stage import PATIENCE, Stage
from tests.process.running import ROOT

OLD = f"""#!/bin/sh
exec {sys.executable} -c 'import sys; sys.version_info = (3, 9, 2); exec(sys.argv.pop(1))' "$2"
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A folder with the Makefile and the locks."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock"):
        (clone / name).write_bytes((ROOT / name).read_bytes())
    return Stage(clone, tmp_path / "home")


def make(stage: Stage, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run make; nothing is downloaded."""
    environment = stage.environment | {"PIP_NO_INDEX": "1"}
    return subprocess.run(
        ["make", *arguments],
        cwd=stage.clone,
        env=environment,
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_python_that_is_too_old_is_refused_in_a_sentence_and_nothing_is_made(stage: Stage) -> None:
    old = stage.home / "python3.9"
    old.write_text(OLD)
    old.chmod(0o755)
    ended = make(stage, "demo", f"PYTHON={old}")
    assert ended.returncode == 2
    sentence = f"Python 3.11 or newer is needed, and {old} is 3.9. Another one: make PYTHON=python3.13 demo"
    assert ended.stderr.splitlines()[0] == sentence
    assert not (stage.clone / ".venv").exists()


def test_an_environment_without_pip_is_made_again(stage: Stage) -> None:
    """What Debian leaves behind where python3-venv is not installed."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", stage.clone / ".venv"], check=True)
    ended = make(stage, "demo", f"PYTHON={sys.executable}")
    assert "No module named pip" not in ended.stderr
    assert (stage.clone / ".venv/bin/pip").exists()
