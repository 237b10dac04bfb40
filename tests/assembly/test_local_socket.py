"""The socket beside the database: private, reachable however long its path is, and never in the way of a file."""

import os
import socket
import stat
from pathlib import Path

import pytest

from assembly.local_socket import LONGEST_PATH, listen, reached, socket_of


def answers(path: Path) -> bool:
    with reached(path) as short, socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(short)
        except OSError:
            return False
        return True


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_it_is_reached_however_deep_it_lies(tmp_path: Path, depth: int) -> None:
    folder = tmp_path / ("d" * LONGEST_PATH) / "/".join("d" * 200 for _ in range(depth)) if depth else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    path = socket_of(folder / "grid.duckdb")
    assert path == folder / "grid.duckdb.sock"
    with listen(path):
        assert answers(path)
    assert not answers(path)


@pytest.mark.parametrize("mask", [0, 0o077, 0o777])
def test_it_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with listen(tmp_path / "s.sock"):
            assert stat.S_IMODE((tmp_path / "s.sock").stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_one_that_a_kill_has_left_is_replaced(tmp_path: Path) -> None:
    listen(tmp_path / "s.sock").close()
    assert (tmp_path / "s.sock").exists()
    with listen(tmp_path / "s.sock"):
        assert answers(tmp_path / "s.sock")


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_nothing_else_of_that_name_is_touched(tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "s.sock", tmp_path / "other"
    other.write_text("mine")
    match kind:
        case "file":
            path.write_text("mine")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to(other)
    with pytest.raises(OSError, match="no socket"):
        listen(path)
    assert path.exists()
    assert other.read_text() == "mine"
