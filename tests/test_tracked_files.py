"""What is tracked is finished and small: no markers of a merge that nobody resolved, no data that belongs elsewhere."""

import subprocess
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
