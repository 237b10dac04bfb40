from pathlib import Path

import pytest

from adapters.journal.snapshot import BackupFailed
from console.backup_command import _by_the_program


def test_a_directory_of_another_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "lstat", refuse)
    with pytest.raises(BackupFailed, match="may be used by the user of the program only"):
        _by_the_program(tmp_path / "grid.duckdb", None)


def test_a_database_whose_name_is_too_long_for_a_socket_has_none(tmp_path: Path) -> None:
    assert _by_the_program(tmp_path / ("n" * 253), None) is None
