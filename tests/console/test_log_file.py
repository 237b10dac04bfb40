"""The log file: bounded, its owner's alone, and made again when somebody moved it away."""

import errno
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.log_file import LogFile, unusable
from console.log_lines import JsonFormatter, TextFormatter


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_a_full_file_moves_on_and_the_oldest_goes(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "grid.log", 20, 2)
    for number in range(7):
        file.write(f"line {number}...\n".encode())
    file.close()
    assert contents(tmp_path) == {
        "grid.log": "line 6...\n",
        "grid.log.1": "line 4...\nline 5...\n",
        "grid.log.2": "line 2...\nline 3...\n",
    }


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_no_more_files_are_kept_than_asked_for(tmp_path: Path, kept: int) -> None:
    file = LogFile(tmp_path / "grid.log", 1, kept)
    for number in range(8):
        file.write(f"{number}\n".encode())
    file.close()
    assert len(contents(tmp_path)) == kept + 1
    assert (tmp_path / "grid.log").read_text() == "7\n"


def test_a_restart_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for text in (b"first\n", b"second\n"):
        file = LogFile(tmp_path / "grid.log", 100, 1)
        file.write(text)
        file.close()
    assert contents(tmp_path) == {"grid.log": "first\nsecond\n"}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_are_their_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    former = os.umask(umask)
    try:
        file = LogFile(tmp_path / "grid.log", 3, 1)
        file.write(b"one\n")
        file.write(b"two\n")
    finally:
        os.umask(former)
    file.close()
    assert [mode(path) for path in sorted(tmp_path.iterdir())] == [0o600, 0o600]


def test_a_mode_that_the_owner_chose_outlives_a_rotation(tmp_path: Path) -> None:
    (tmp_path / "grid.log").touch()
    (tmp_path / "grid.log").chmod(0o640)
    file = LogFile(tmp_path / "grid.log", 3, 1)
    file.write(b"one\n")
    file.write(b"two\n")
    file.close()
    assert (mode(tmp_path / "grid.log"), mode(tmp_path / "grid.log.1")) == (0o640, 0o640)


def _moved(path: Path) -> None:
    path.rename(path.with_suffix(".old"))


def _replaced(path: Path) -> None:
    _moved(path)
    path.touch(0o640)


def _emptied(path: Path) -> None:
    path.with_suffix(".old").write_bytes(path.read_bytes())
    os.truncate(path, 0)


@pytest.mark.parametrize("rotate", [_moved, _replaced, _emptied], ids=["create", "create by the other", "copytruncate"])
def test_another_program_may_rotate_it(tmp_path: Path, rotate: Callable[[Path], None]) -> None:
    file = LogFile(tmp_path / "grid.log", 1000, 1)
    file.write(b"before\n")
    rotate(tmp_path / "grid.log")
    file.write(b"after\n")
    file.close()
    assert contents(tmp_path) == {"grid.log": "after\n", "grid.old": "before\n"}


def test_a_removed_directory_costs_lines_until_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    file = LogFile(folder / "grid.log", 1000, 1)
    (folder / "grid.log").unlink()
    folder.rmdir()
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            file.write(b"lost\n")
    folder.mkdir()
    file.write(b"found\n")
    file.close()
    assert (folder / "grid.log").read_text() == "found\n"


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = LogFile(tmp_path / "grid.log", 1000, 1)
    file.write(b"before\n")
    write, room = os.write, [3]

    def full(descriptor: int, data: memoryview) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        room[0], part = 0, data[: room[0]]
        return write(descriptor, part)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        file.write(b"too much\n")
    monkeypatch.undo()
    file.write(b"after\n")
    file.close()
    assert (tmp_path / "grid.log").read_text() == "before\nafter\n"


def test_a_file_that_must_not_be_moved_grows_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "replace", refuse)
    file = LogFile(tmp_path / "grid.log", 1, 1)
    file.write(b"one\n")
    file.write(b"two\n")
    file.close()
    assert contents(tmp_path) == {"grid.log": "one\ntwo\n"}


def test_the_file_is_where_it_was_whatever_the_current_directory_becomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    file = LogFile(Path("grid.log"), 1, 1)
    monkeypatch.chdir(tmp_path / "elsewhere")
    file.write(b"one\n")
    file.write(b"two\n")
    file.close()
    assert (tmp_path / "grid.log.1").read_text() == "one\n"


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "grid.log").symlink_to(tmp_path / "real" / "a.log")
    file = LogFile(tmp_path / "grid.log", 1, 1)
    file.write(b"one\n")
    file.write(b"two\n")
    file.close()
    assert contents(tmp_path / "real") == {"a.log": "two\n", "a.log.1": "one\n"}
    assert (tmp_path / "grid.log").is_symlink()


def test_what_cannot_be_a_log_file_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    assert unusable(tmp_path / "grid.log") == unusable(tmp_path / "file") == ""
    assert unusable(tmp_path / "no" / "grid.log") == f"the directory {tmp_path / 'no'} does not exist"
    assert unusable(tmp_path) == unusable(tmp_path / "pipe") == unusable(Path("/dev/null")) == "it is no ordinary file"
    assert unusable(tmp_path / "file" / "grid.log") == "Not a directory"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "pipe"]


@pytest.mark.parametrize(
    "content",
    [b"time,price\n1,2\n", b"\0" * 50, b"[bot]\n", b"secret", b"\n", b"2021-07-01 00:00:00,2200.5\n", b'{"a": 1}\n'],
)
def test_a_file_that_is_no_log_gets_no_lines(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert unusable(tmp_path / "file") == "it holds something else than a log of this program"


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_log_of_an_earlier_run_is_continued(tmp_path: Path, formatter: logging.Formatter) -> None:
    record = logging.LogRecord("a", logging.WARNING, "file.py", 1, "two\nlines", (), None)
    (tmp_path / "file").write_text(formatter.format(record) + "\n")
    assert unusable(tmp_path / "file") == ""
    (tmp_path / "file").write_text("2026-10-28 09:15:02,123     INFO | as earlier versions wrote\n")
    assert unusable(tmp_path / "file") == ""


@pytest.mark.parametrize("name", ["pipe", "."])
def test_opening_what_is_no_file_does_not_block(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system says of it
        LogFile(tmp_path / name, 1, 1)


@given(st.lists(st.integers(1, 30), max_size=30), st.integers(1, 60), st.integers(0, 3))
def test_the_newest_lines_are_all_there_in_their_order(lengths: list[int], size: int, kept: int) -> None:
    import tempfile  # noqa: PLC0415 - a fixture would outlive the examples

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        file = LogFile(path, size, kept)
        lines = [f"{number:x}".ljust(length, ".") + "\n" for number, length in enumerate(lengths)]
        for line in lines:
            file.write(line.encode())
        file.close()
        names = [*(f"x.{number}" for number in range(kept, 0, -1)), "x"]
        found = "".join(text.read_text() for name in names if (text := Path(folder) / name).exists())
        assert "".join(lines).endswith(found)
        assert not lines or found.endswith(lines[-1])
        sizes = [(Path(folder) / name).stat().st_size for name in names if (Path(folder) / name).exists()]
        assert all(length <= max(size, 31) for length in sizes)


@pytest.mark.parametrize("refused", ["x.log", "x.log.0", "x.log.2", "x.log.5"])
def test_a_rotation_that_fails_on_the_way_eats_no_older_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    for number in range(1, 5):
        (tmp_path / f"x.log.{number}").write_text(f"old {number}\n")
    replace, tries = Path.replace, []

    def sticky(self: Path, target: Path) -> Path:
        if refused in (self.name, target.name):
            tries.append(self)
            raise OSError(errno.EBUSY, "Device or resource busy")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", sticky)
    file = LogFile(tmp_path / "x.log", 50, 5)
    lines = [f"line {number:03}\n" for number in range(60)]
    for line in lines:
        file.write(line.encode())
    found = contents(tmp_path)
    assert "".join(found[name] for name in sorted(found, reverse=True) if name != "x.log") == "".join(
        f"old {number}\n" for number in range(4, 0, -1)
    )
    assert found["x.log"] == "".join(lines)
    assert len(tries) < len(lines), "not at each line"
    monkeypatch.undo()
    for line in lines[:2]:
        file.write(line.encode())
    file.close()
    assert (tmp_path / "x.log.1").read_text().startswith("line 000\n"), "it is tried again"
    assert (tmp_path / "x.log.5").read_text() == "old 4\n"


def test_only_files_up_to_the_first_gap_move(tmp_path: Path) -> None:
    for number in (1, 3):
        (tmp_path / f"x.log.{number}").write_text(f"old {number}\n")
    file = LogFile(tmp_path / "x.log", 1, 3)
    file.write(b"one\n")
    file.write(b"two\n")
    file.close()
    assert contents(tmp_path) == {
        "x.log": "two\n",
        "x.log.1": "one\n",
        "x.log.2": "old 1\n",
        "x.log.3": "old 3\n",
    }


def test_a_rotation_that_the_end_of_the_program_interrupted_is_finished(tmp_path: Path) -> None:
    (tmp_path / "x.log.0").write_text("set aside\n")
    (tmp_path / "x.log.1").write_text("old 1\n")
    file = LogFile(tmp_path / "x.log", 1, 3)
    file.write(b"one\n")
    file.write(b"two\n")
    file.close()
    assert contents(tmp_path) == {
        "x.log": "two\n",
        "x.log.1": "one\n",
        "x.log.2": "set aside\n",
        "x.log.3": "old 1\n",
    }
