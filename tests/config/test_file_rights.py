"""A refused file names the user, the file's mode and its owner."""

import os
from pathlib import Path

import pytest

from config.file_rights import denied

OWNER = os.geteuid()
STRANGER = 54_321


def refused(path: Path) -> str:
    """What is said of a path that the kernel has refused."""
    return denied(PermissionError(13, "Permission denied", str(path)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a directory of its own, with the way to it open to everybody."""
    folder = tmp_path / "config"
    folder.mkdir(mode=0o755)
    path = folder / "config.toml"
    path.touch(mode=0o600)
    return path


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process belongs to another user, in no group of ours; pytest's own directories are open to it."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == OWNER and not folder.stat().st_mode & 0o1:
            folder.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    monkeypatch.setattr(os, "getegid", lambda: STRANGER)
    monkeypatch.setattr(os, "getgroups", list)


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400, 0o660])
def test_the_mode_and_the_owner_are_told(file: Path, mode: int) -> None:
    file.chmod(mode)
    owner = f"{OWNER}:{file.stat().st_gid}"
    assert refused(file) == (
        f"permission denied for user {STRANGER}: the file has mode {mode:04o} and belongs to {owner}"
    )


@pytest.mark.usefixtures("stranger")
def test_a_directory_that_bars_the_way_is_told_without_its_name(file: Path) -> None:
    file.parent.chmod(0o700)
    said = refused(file)
    assert "a directory on its way has mode 0700 and belongs to" in said
    assert "config" not in said


@pytest.mark.usefixtures("stranger")
def test_what_its_mode_allows_is_refused_by_something_else(file: Path) -> None:
    file.chmod(0o644)
    assert refused(file).endswith("which lets it be read: is it SELinux or AppArmor?")


@pytest.mark.parametrize("mode", [0o044, 0o000])
def test_the_owner_does_not_profit_from_the_rights_of_others(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert f"has mode {mode:04o}" in refused(file)
    assert "SELinux" not in refused(file)


def test_the_group_is_looked_at_before_the_others(file: Path, monkeypatch: pytest.MonkeyPatch, stranger: None) -> None:
    monkeypatch.setattr(os, "getgroups", lambda: [file.stat().st_gid])
    file.chmod(0o604)
    assert "SELinux" not in refused(file)
    file.chmod(0o640)
    assert "SELinux" in refused(file)


def test_what_cannot_be_looked_at_is_told_all_the_same(tmp_path: Path) -> None:
    assert refused(tmp_path / "absent") == f"permission denied for user {OWNER}"
    assert denied(PermissionError("by hand")) == f"permission denied for user {OWNER}"
    assert refused(Path("a\0b")) == f"permission denied for user {OWNER}"
