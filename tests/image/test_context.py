"""What would be sent to a builder: the program, and no test, key, database or history."""

import subprocess
from pathlib import Path

import pytest

from tests.image.context import files, patterns, sent
from tests.test_layout import PACKAGES, TOP_MODULES

ROOT = Path(__file__).resolve().parents[2]
RULES = patterns((ROOT / ".dockerignore").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        "tests/test_layout.py",
        "docs/design.md",
        "README.md",
        "infinity-grid-demo.duckdb",
        "grid.duckdb.wal",
        "grid.duckdb.nonce",
        "config/grid.duckdb",
        "config/mine.toml",
        "config/api_secret_key",
        "mine.toml",
        ".env",
        "deploy/infinity-grid.env",
        "secrets/api_secret_key",
        "api_secret_key",
        "console/secret.txt",
        "trading/__pycache__/ports.cpython-313.pyc",
        "config/prices/kraken.parquet",
        "grid.log",
        "grid.log.1",
    ],
)
def test_what_is_nobody_elses_business_stays_here(path: str) -> None:
    assert not sent(path, RULES)


def test_the_whole_program_goes_along() -> None:
    """A new package or a file that modules read has to be let through."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    program = {
        name
        for name in names
        if (name.split("/")[0] in PACKAGES and not name.endswith((".md", "py.typed")))
        or name in {f"{module}.py" for module in TOP_MODULES}
    }
    assert program - set(files(ROOT)) == set()
    assert {"requirements.lock", "pyproject.toml", "LICENSE"} <= set(files(ROOT))


def test_nothing_but_the_program_goes_along() -> None:
    tops = {name.split("/")[0] for name in files(ROOT)}
    assert tops == {*PACKAGES, *(f"{module}.py" for module in TOP_MODULES)} | {
        "LICENSE",
        "pyproject.toml",
        "requirements.lock",
    }


def test_patterns_are_read_as_docker_reads_them() -> None:
    rules = patterns("# a comment\n*\n!a/**/*.py\n!b\nb/c\n**/x\n")
    told = {path: sent(path, rules) for path in ("a/1.py", "a/d/e/1.py", "a/1.txt", "b/1", "b/c/1", "a/x/1.py", "z")}
    assert [path for path, goes in told.items() if goes] == ["a/1.py", "a/d/e/1.py", "b/1"]
