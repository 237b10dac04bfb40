"""asks in an environment that has it: the developers' own, with the folder of `make asks` in front."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.channels.client_cases import CASES

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "requirements-asks.lock"
MADE = ROOT / ".venv" / "asks"
UNREACHABLE = "after connection broken by"
"""What pip warns of when it cannot speak to its index; a file that is not there or has another hash says otherwise."""


@pytest.fixture(scope="module")
def asks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with asks: the one that `make asks` made, or a new one from the registry."""
    if (MADE / "asks").is_dir() and MADE.stat().st_mtime >= LOCK.stat().st_mtime:
        return MADE
    folder = tmp_path_factory.mktemp("asks")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]
    exact = ["--no-deps", "--require-hashes", "--target", str(folder), "-r", str(LOCK)]
    done = subprocess.run([*pip, *exact], capture_output=True, text=True, timeout=90, check=False)
    if done.returncode and UNREACHABLE in done.stderr:
        pytest.skip("asks is not installed and the package registry cannot be reached: run `make asks` where it can")
    assert done.returncode == 0, done.stderr
    return folder


def run(*arguments: str, asks: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{asks}{os.pathsep}{ROOT}"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_asks_does_what_every_client_must(asks: Path) -> None:
    done = run("-m", "tests.adapters.channels.client_cases", asks=asks)
    assert done.stderr == ""
    assert done.stdout.split() == [case.__name__ for case in CASES]


def test_telegram_and_web_hooks_work_through_asks(asks: Path) -> None:
    done = run("-m", "tests.adapters.channels.asks_channels", asks=asks)
    assert done.stderr == ""
    assert done.stdout.split() == ["telegram", "webhook"]


def test_the_lock_holds_asks_alone_with_its_hash() -> None:
    names = [line.split("==")[0] for line in LOCK.read_text().splitlines() if "==" in line]
    assert names == ["asks"]
    assert "--hash=sha256:" in LOCK.read_text()
    assert "asks==" not in (ROOT / "requirements.lock").read_text()
