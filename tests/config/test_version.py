"""One version, that of pyproject.toml, wherever the program runs from and whomever it tells."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from adapters.exchanges.kraken.transport.rest_client import make_client
from assembly import registry
from config.version import DISTRIBUTION, UNKNOWN, program_and_version, user_agent, version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STATED: str = PROJECT["project"]["version"]
OTHER = "98.7.6"


def place(root: Path) -> Path:
    """The program's files, as a wheel lays them out: what pyproject.toml lists, and nothing else."""
    root.mkdir()
    built = PROJECT["tool"]["setuptools"]
    for module in built["py-modules"]:
        shutil.copy(ROOT / f"{module}.py", root)
    for pattern in built["packages"]["find"]["include"]:
        name = pattern.removesuffix("*")
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def install(root: Path, name: str = DISTRIBUTION, stated: str = OTHER) -> None:
    """What an installer notes beside the files."""
    note = root / f"{name.replace('-', '_')}-{stated}.dist-info"
    note.mkdir(parents=True)
    (note / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {stated}\n", encoding="utf-8")


def told(command: str, root: Path, directory: Path) -> str:
    """What a command says about its version, run in `directory` with the program's files in `root`."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"}
    arguments = [sys.executable, "-m", command, "--version"]
    done = subprocess.run(arguments, cwd=directory, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_checkout_is_what_its_project_file_states() -> None:
    assert version() == registry.version() == STATED
    assert program_and_version() == f"{DISTRIBUTION} {STATED}"
    assert user_agent() == f"{DISTRIBUTION}/{STATED}"


def test_a_checkout_counts_more_than_another_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert version() == STATED


@pytest.mark.parametrize("found", [None, "[project]\nname = 'else'\nversion = '5'", "no toml [", "", "[project]\n"])
def test_where_no_project_file_is_ours_the_installation_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str | None
) -> None:
    if found is not None:
        (tmp_path / "pyproject.toml").write_text(found, encoding="utf-8")
    assert version(tmp_path) == UNKNOWN
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert version(tmp_path) == OTHER


@pytest.mark.process
@pytest.mark.parametrize("command", ["supervisor", "backtest"])
def test_an_installed_wheel_says_its_own(tmp_path: Path, command: str) -> None:
    root = place(tmp_path / "site-packages")
    install(root)
    assert told(command, root, ROOT) == f"{DISTRIBUTION} {OTHER}"  # not that of the checkout it is run in


@pytest.mark.process
def test_an_unpacked_archive_without_git_says_it_too(tmp_path: Path) -> None:
    root = place(tmp_path / "unpacked")
    shutil.copy(ROOT / "pyproject.toml", root)
    assert told("supervisor", root, tmp_path) == f"{DISTRIBUTION} {STATED}"


async def test_exchanges_are_told_name_and_version() -> None:
    async with make_client("http://127.0.0.1:1") as client:
        assert client.headers["User-Agent"] == f"infinity-grid-trio/{STATED}"
