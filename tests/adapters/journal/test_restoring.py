"""A backup takes the place of a database that nobody uses, and nothing that was there is lost."""

import errno
import gzip
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from adapters.journal import restoring
from adapters.journal.backing_up import at_rest, save
from adapters.journal.journal import Journal
from adapters.journal.restoring import Restored, put_in_place, read_all
from tests.adapters.journal.samples import NOW, USERREF, commit, in_use
from trading.ports import DatabaseUnusable

FORMATS = Path(__file__).parent / "formats"
NOON = datetime(2026, 11, 28, 12, 0, 5, tzinfo=UTC)
KEPT = "grid.duckdb.before-restore-20261128T120005Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid.duckdb"


@pytest.fixture
def backup(path: Path, tmp_path: Path) -> Path:
    """After commit 1; the database has 2."""
    target = tmp_path / "backup"
    with closing(Journal.open(path, NOW)) as journal:
        journal.write([commit(1)])
        save(journal.snapshot(), target)
        journal.write([commit(2)])
    return target


def held(path: Path) -> str | None:
    with closing(Journal.open(path, NOW + 9)) as journal:
        return journal.load_core(USERREF)


def listing(tmp_path: Path) -> set[str]:
    return {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("links", [True, False])
def test_what_was_there_is_kept(
    path: Path, backup: Path, tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    before = backup.read_bytes()
    assert put_in_place(backup, path, NOON) == Restored(tmp_path / KEPT, 0)
    assert listing(tmp_path) == {"grid.duckdb", "backup", KEPT}
    assert (tmp_path / KEPT).stat().st_mode & 0o777 == path.stat().st_mode & 0o777 == 0o600
    assert backup.read_bytes() == before
    assert held(path) == '{"commit":1}'
    assert held(tmp_path / KEPT) == '{"commit":2}'


def test_what_a_kill_left_in_the_log_is_kept_too(path: Path, backup: Path, tmp_path: Path) -> None:
    connection = duckdb.connect(path)
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    connection.execute("UPDATE meta SET created = 42")
    connection.close()
    assert "grid.duckdb.wal" in listing(tmp_path)
    put_in_place(backup, path, NOON)
    assert "grid.duckdb.wal" not in listing(tmp_path)
    assert held(path) == '{"commit":1}'
    with duckdb.connect(tmp_path / KEPT) as kept:
        assert kept.execute("SELECT created FROM meta").fetchall() == [(42,)]


def test_a_damaged_database_is_replaced_and_kept_as_it_is(path: Path, backup: Path, tmp_path: Path) -> None:
    path.write_bytes(b"x" * 5000)
    path.with_name("grid.duckdb.wal").write_bytes(b"y" * 50)
    put_in_place(backup, path, NOON)
    assert held(path) == '{"commit":1}'
    assert (tmp_path / KEPT).read_bytes() == b"x" * 5000
    assert (tmp_path / f"{KEPT}.wal").read_bytes() == b"y" * 50


def test_where_nothing_was_it_is_put(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert put_in_place(backup, tmp_path / "new" / "grid.duckdb", NOON) == Restored()
    assert listing(tmp_path / "new") == {"grid.duckdb"}
    assert held(tmp_path / "new" / "grid.duckdb") == '{"commit":1}'


def test_a_database_in_use_is_left_alone(path: Path, backup: Path, tmp_path: Path) -> None:
    with in_use(path), pytest.raises(DatabaseUnusable, match="is in use: stop the program that uses it first"):
        put_in_place(backup, path, NOON)
    assert held(path) == '{"commit":2}'
    assert listing(tmp_path) == {"grid.duckdb", "backup"}


def test_a_program_that_starts_in_the_middle_is_noticed(
    path: Path, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "_empty_log", lambda database: None)
    with in_use(path), pytest.raises(DatabaseUnusable, match="is in use"):
        put_in_place(backup, path, NOON)
    assert held(path) == '{"commit":2}'
    assert listing(tmp_path) == {"grid.duckdb", "backup"}


@pytest.mark.parametrize("step", ["hardlink_to", "replace"])
def test_a_disk_that_fails_leaves_the_database(
    path: Path, backup: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, step, fail)
        if step == "hardlink_to":
            patch.setattr(os, "pread", fail)
        with pytest.raises(DatabaseUnusable, match=r"disk .* is full|No space left"):
            put_in_place(backup, path, NOON)
    assert held(path) == '{"commit":2}'


def test_the_database_is_no_backup_of_itself(path: Path, backup: Path) -> None:
    del backup
    with pytest.raises(DatabaseUnusable, match="is that file itself"):
        put_in_place(path, path, NOON)


def test_a_log_without_its_database_is_told(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "new.duckdb.wal").write_bytes(b"x")
    with pytest.raises(DatabaseUnusable, match=r"its log new\.duckdb\.wal is there: move that away"):
        put_in_place(backup, tmp_path / "new.duckdb", NOON)


def test_every_row_of_a_backup_is_read(backup: Path) -> None:
    assert read_all(backup)


def test_a_damaged_or_cut_one_is_told(backup: Path) -> None:
    whole = backup.read_bytes()
    with duckdb.connect(backup, read_only=True) as connection:
        connection.execute("SELECT 1")
    for size in (0, 100, len(whole) // 2):
        backup.write_bytes(whole[:size])
        with pytest.raises(DatabaseUnusable, match=r"^the backup .*(take another)"):
            read_all(backup)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE meta SET schema_version = 99", "schema version 99, .*: update this program or take another backup"),
        ("UPDATE meta SET program = 'x'", "belongs to another program: leave it alone or take another backup"),
    ],
)
def test_one_of_a_newer_version_or_another_program_is_told(backup: Path, change: str, words: str) -> None:
    with duckdb.connect(backup) as connection:
        connection.execute(change)
    with pytest.raises(DatabaseUnusable, match=f"^the backup .*{words}"):
        read_all(backup)


@pytest.mark.parametrize("released", sorted(FORMATS.glob("*.duckdb.gz")), ids=lambda path: path.name)
def test_every_released_format_is_backed_up_as_it_is_and_opened_once_restored(tmp_path: Path, released: Path) -> None:
    """Before an upgrade the backup has to be one that the older version can go back to."""
    path, backup, database = (tmp_path / name for name in ("old.duckdb", "backup", "grid.duckdb"))
    path.write_bytes(gzip.decompress(released.read_bytes()))
    with at_rest(path) as snapshot:
        save(snapshot, backup)
    with duckdb.connect(backup, read_only=True) as connection:
        assert connection.execute("SELECT schema_version FROM meta").fetchall() == [(int(released.name[0]),)]
    put_in_place(backup, database, NOON)
    with closing(Journal.open(path, NOW)) as old, closing(Journal.open(database, NOW)) as restored:
        assert restored.pasts() == old.pasts() != []
        assert restored.lineage == old.lineage


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_replaced(path: Path, backup: Path, tmp_path: Path, there: bool) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "link.duckdb"
    if there:
        path.rename(tmp_path / "disk" / "grid.duckdb")
    else:
        path.unlink()
    link.symlink_to(tmp_path / "disk" / "grid.duckdb")
    done = put_in_place(backup, link, NOON)
    assert done.kept == (tmp_path / "disk" / KEPT if there else None)
    assert link.is_symlink()
    assert held(link) == held(tmp_path / "disk" / "grid.duckdb") == '{"commit":1}'


def test_links_in_a_circle_are_one_sentence(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(DatabaseUnusable, match=r"^the database .*a cannot be used .*symbolic links"):
        put_in_place(backup, tmp_path / "a", NOON)
    with pytest.raises(DatabaseUnusable, match=r"backup"):
        read_all(tmp_path / "a")


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    for place in (tmp_path, Path("/dev/null")):
        with pytest.raises(DatabaseUnusable, match=r"is not an ordinary file: name the file that `backup` made"):
            read_all(place)


class _FullDisk:
    free = 0


def test_a_full_disk_is_no_failed_backup(path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda place: _FullDisk())
    with pytest.raises(DatabaseUnusable, match=r"^nothing was restored: it needs"):
        put_in_place(backup, path, NOON)
