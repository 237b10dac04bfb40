"""What is tracked is finished and small: no markers of a merge that nobody resolved, no data that belongs elsewhere."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LARGEST = 500_000
"""Bytes; the locks are the largest."""
MARKERS = ("<" * 7 + " ", ">" * 7 + " ", "|" * 7 + " ")


def unresolved(files: list[Path]) -> list[str]:
    """Places of conflict markers, as `file:line`."""
    found = []
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        found += [f"{file}:{number}" for number, line in enumerate(lines, 1) if line.startswith(MARKERS)]
    return found


def tracked() -> list[Path]:
    """All files of the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_merge_is_left_unresolved() -> None:
    assert unresolved(tracked()) == []


def test_no_file_is_large() -> None:
    assert [file for file in tracked() if file.stat().st_size > LARGEST] == []


def test_markers_are_found_where_they_stand(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text("a title\n=======\n> quoted\n")
    bad.write_text("kept\n" + MARKERS[0] + "HEAD\nours\n=======\ntheirs\n" + MARKERS[1] + "main\n")
    assert unresolved([good, bad]) == [f"{bad}:2", f"{bad}:6"]


YOURS = (
    *("compose.override.yaml", "kubernetes.yaml"),
    *("config.toml", "local.toml", "grid.log", "grid.log.1", ".env", "secrets/api_secret_key", "api_secret_key"),
    *("grid.duckdb", "grid.duckdb.wal", "grid.duckdb.nonce", "grid.duckdb.sock", "grid.dry-run.duckdb"),
    *("grid.backup-20261128T120000Z.duckdb", "grid.duckdb.before-restore-20261128T120000Z", "backups/x.duckdb"),
    *("grid.duckdb.broken-1", "grid.duckdb.wal.broken-1", "grid.duckdb.new-1", "grid.duckdb.nonce.new"),
)
"""What the pages let a user make in the clone."""


def ignored(names: Sequence[str]) -> list[str]:
    """Those that git leaves alone."""
    found = subprocess.run(
        ["git", "check-ignore", "--no-index", *names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.splitlines()


def test_what_is_the_users_is_never_committed() -> None:
    tracked()
    assert ignored(YOURS) == list(YOURS)


def test_nothing_of_ours_is_ignored() -> None:
    """A file that is tracked and ignored gets lost at the next `git add`."""
    names = [str(path.relative_to(ROOT)) for path in tracked()]
    assert ignored(names) == []
    assert ignored(["config/mine.toml", "deploy/infinity-grid.env", "config.toml.md"]) == []
