"""A backup is the database at one moment, whole and verified, or there is none."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from adapters.journal import backing_up
from adapters.journal.backing_up import at_rest, save, target_of, wanted_path
from adapters.journal.journal import Journal
from adapters.journal.snapshot import BackupFailed, Snapshot, sums_of
from tests.adapters.journal.samples import NOW, USERREF, accepted, commit, place
from trading.ports import DatabaseUnusable

NOON = datetime(2026, 11, 28, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid.duckdb"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal.open(path, NOW)
    yield opened
    opened.close()


def write(journal: Journal, number: int) -> None:
    order = f"order-{number}"
    journal.write([commit(number, place(order, time=number), time=number, state=f'{{"commit":{number}}}')])
    journal.write([accepted(order, time=number)])


def held(path: Path) -> str | None:
    with closing(Journal.open(path, NOW + 9)) as journal:
        return journal.load_core(USERREF)


def left(directory: Path, *known: str) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name not in known)


@pytest.mark.parametrize("settle", [True, False])
@pytest.mark.parametrize("checkpoint", [True, False])
def test_it_holds_all_that_was_written_before_and_nothing_later(
    journal: Journal, tmp_path: Path, settle: bool, checkpoint: bool
) -> None:
    write(journal, 1)
    if settle:
        journal.settle()
    if checkpoint:
        journal.checkpoint()
    write(journal, 2)
    snapshot = journal.snapshot()
    write(journal, 3)
    journal.settle()
    made = save(snapshot, tmp_path / "backup")
    assert made.bytes == (tmp_path / "backup").stat().st_size
    assert held(tmp_path / "backup") == '{"commit":2}'
    assert journal.load_core(USERREF) == '{"commit":3}'


def test_it_is_one_private_file(journal: Journal, path: Path, tmp_path: Path) -> None:
    write(journal, 1)
    (tmp_path / "here").mkdir()
    mask = os.umask(0)
    try:
        save(journal.snapshot(), tmp_path / "here" / "backup")
    finally:
        os.umask(mask)
    assert left(tmp_path / "here") == ["backup"]
    assert (tmp_path / "here" / "backup").stat().st_mode & 0o777 == 0o600


def test_each_of_many_backups_of_a_busy_journal_is_one_moment(
    journal: Journal, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the writer settles and checkpoints at every opportunity: it never fails."""
    monkeypatch.setattr("adapters.journal.journal._CHECKPOINT_AT", 1)
    enough = threading.Event()
    written = [0]

    def trade() -> None:
        while not enough.is_set():
            written[0] += 1
            write(journal, written[0])
            journal.settle()

    thread = threading.Thread(target=trade)
    thread.start()
    try:
        for n in range(12):
            before = written[0] - 1
            save(journal.snapshot(), tmp_path / f"backup-{n}")
            with closing(Journal.open(tmp_path / f"backup-{n}", NOW)) as copy:
                commits = int((copy.load_core(USERREF) or '{"commit":0}')[10:-1])
                orders = copy._connection.execute("SELECT count(*) FROM orders").fetchall()[0][0]
            assert before <= commits <= written[0]
            assert orders == commits
    finally:
        enough.set()
        thread.join()
    assert held_after(journal, path) == f'{{"commit":{written[0]}}}'


def held_after(journal: Journal, path: Path) -> str | None:
    journal.close()
    return held(path)


def test_the_lock_on_the_database_outlives_a_backup(journal: Journal, path: Path, tmp_path: Path) -> None:
    write(journal, 1)
    save(journal.snapshot(), tmp_path / "backup")
    child = os.fork()
    if not child:
        try:
            Journal.open(path, NOW)
        except DatabaseUnusable:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_checkpoints_go_on_afterwards(
    journal: Journal, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.journal.journal._CHECKPOINT_AT", 1)
    log = path.with_name("grid.duckdb.wal")
    snapshot = journal.snapshot()
    write(journal, 1)
    journal.settle()
    assert log.stat().st_size
    save(snapshot, tmp_path / "backup")
    write(journal, 2)
    journal.settle()
    assert not log.exists()


def test_only_one_at_a_time(journal: Journal, tmp_path: Path) -> None:
    snapshot = journal.snapshot()
    with pytest.raises(BackupFailed, match="another one is being made"):
        journal.snapshot()
    save(snapshot, tmp_path / "backup")
    journal.snapshot().close()


def test_a_closed_journal_ends_a_backup_in_the_middle(journal: Journal, path: Path, tmp_path: Path) -> None:
    for number in range(1, 20):
        write(journal, number)
    journal.checkpoint()
    snapshot = journal.snapshot()
    journal.close()
    with pytest.raises(BackupFailed, match="the program was stopped"):
        save(snapshot, tmp_path / "backup")
    assert left(tmp_path, "grid.duckdb") == []
    with pytest.raises(BackupFailed, match="not open"):
        journal.snapshot()
    assert held(path) == '{"commit":19}'


def test_a_log_that_is_removed_in_the_middle_comes_first(journal: Journal, path: Path, tmp_path: Path) -> None:
    """Then everything has to go into the file at once, and the copy would not be of one moment."""
    write(journal, 1)
    snapshot = journal.snapshot()
    path.with_name("grid.duckdb.wal").unlink()
    write(journal, 2)
    with pytest.raises(BackupFailed, match="secured first"):
        save(snapshot, tmp_path / "backup")
    assert "backup" not in left(tmp_path)
    assert journal.load_core(USERREF) == '{"commit":2}'
    save(journal.snapshot(), tmp_path / "backup")
    assert held(tmp_path / "backup") == '{"commit":2}'


def test_a_file_that_changes_in_the_middle_is_noticed(journal: Journal, path: Path, tmp_path: Path) -> None:
    """Whoever changes it."""
    write(journal, 1)
    snapshot = journal.snapshot()
    os.utime(path)
    with pytest.raises(BackupFailed, match="was changed while it was copied"):
        save(snapshot, tmp_path / "backup")
    assert left(tmp_path, "grid.duckdb", "grid.duckdb.wal") == []


def test_a_copy_that_differs_is_none(journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason: here the log was not copied."""
    write(journal, 1)
    journal.checkpoint()
    write(journal, 2)
    monkeypatch.setattr(Snapshot, "log_chunks", lambda self: iter(()))
    with pytest.raises(BackupFailed, match=r"differs .* in log"):
        save(journal.snapshot(), tmp_path / "backup")
    assert left(tmp_path, "grid.duckdb", "grid.duckdb.wal") == []


def test_nothing_is_overwritten(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("mine")
    with pytest.raises(BackupFailed, match="exists already"):
        save(journal.snapshot(), tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "mine"
    journal.snapshot().close()


def test_a_missing_directory_is_told(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r"the directory .*/away does not exist"):
        save(journal.snapshot(), tmp_path / "away" / "backup")


def test_a_disk_without_room_for_both_is_left_alone(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "RESERVE", 10**18)
    with pytest.raises(BackupFailed, match=r"needs [\d,]+ MB, and .* has [\d,]+ MB free"):
        save(journal.snapshot(), tmp_path / "backup")
    assert left(tmp_path, "grid.duckdb", "grid.duckdb.wal") == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_fails_in_the_middle_does_nothing_to_the_journal(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    write(journal, 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(BackupFailed, match=os.strerror(number)):
            save(journal.snapshot(), tmp_path / "backup")
    assert left(tmp_path, "grid.duckdb", "grid.duckdb.wal") == []
    write(journal, 2)
    save(journal.snapshot(), tmp_path / "backup")
    assert held(tmp_path / "backup") == '{"commit":2}'


def test_what_a_kill_left_is_removed_once_it_is_old(journal: Journal, tmp_path: Path) -> None:
    old, new, foreign = (tmp_path / name for name in ("grid.duckdb.backup-new-1", "grid.duckdb.backup-new-2", "other"))
    for file in (old, new, foreign):
        file.touch()
    for file in (old, foreign):
        os.utime(file, (0, 0))
    save(journal.snapshot(), tmp_path / "backup")
    assert left(tmp_path, "grid.duckdb", "grid.duckdb.wal", "backup") == [new.name, foreign.name]


def test_a_database_at_rest_is_left_as_it_is(path: Path, tmp_path: Path) -> None:
    journal = Journal.open(path, NOW)
    write(journal, 1)
    journal.close()
    before = path.read_bytes()
    with at_rest(path) as snapshot:
        made = save(snapshot, tmp_path / "backup")
    assert path.read_bytes() == before
    assert left(tmp_path, "grid.duckdb", "backup") == []
    assert made.rows["log"] + made.rows["orders"] >= 1
    assert held(tmp_path / "backup") == '{"commit":1}'


def test_no_database_is_told(path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="there is no database"), at_rest(path):
        pass


def test_a_database_in_use_is_told(journal: Journal, path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="already open in this process"), at_rest(path):
        pass


@pytest.mark.parametrize("name", ["grid.duckdb", "grid"])
def test_the_name_tells_the_time(tmp_path: Path, name: str) -> None:
    stamped = "grid.backup-20261128T120005Z.duckdb"
    assert target_of(tmp_path / name, None, NOON) == tmp_path / stamped
    (tmp_path / "there").mkdir()
    assert target_of(tmp_path / name, tmp_path / "there", NOON) == tmp_path / "there" / stamped
    assert target_of(tmp_path / name, tmp_path / "mine", NOON) == tmp_path / "mine"


def test_a_target_that_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r"no backup was made: .* too long"):
        target_of(tmp_path / "grid.duckdb", tmp_path / ("n" * 300), NOON)


def test_checkpoints_go_on_while_the_copy_is_verified(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And do not end it; but another backup waits for its end."""
    write(journal, 1)
    journal.checkpoint()
    snapshot = journal.snapshot()
    read = sums_of

    def verify(connection: duckdb.DuckDBPyConnection, before: Callable[[], object]) -> object:
        assert snapshot.released
        with pytest.raises(BackupFailed, match="another one is being made"):
            journal.snapshot()
        write(journal, 2)
        journal.checkpoint()
        return read(connection, before)

    monkeypatch.setattr(backing_up, "sums_of", verify)
    save(snapshot, tmp_path / "backup")
    assert held(tmp_path / "backup") == '{"commit":1}'
    journal.snapshot().close()


def test_a_closed_journal_ends_the_verification_too(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(journal, 1)
    read = sums_of

    def verify(connection: duckdb.DuckDBPyConnection, before: Callable[[], object]) -> object:
        journal.close()
        return read(connection, before)

    monkeypatch.setattr(backing_up, "sums_of", verify)
    with pytest.raises(BackupFailed, match="the program was stopped"):
        save(journal.snapshot(), tmp_path / "backup")
    assert left(tmp_path, "grid.duckdb", "grid.duckdb.wal") == []


def test_closing_interrupts_what_began_after_the_first_interrupt(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that falls between two queries ends neither of them."""
    between = threading.Event()
    told: list[BackupFailed] = []

    def read(connection: duckdb.DuckDBPyConnection, before: object) -> Iterator[tuple[str, object]]:
        between.set()
        assert interrupted.wait(5)
        connection.execute("SELECT sum(hash(range)) FROM range(1000000000000)").fetchall()
        yield from ()

    def sum_up() -> None:
        try:
            snapshot.sums()
        except BackupFailed as error:
            told.append(error)

    interrupted = threading.Event()
    snapshot = journal.snapshot()
    monkeypatch.setattr("adapters.journal.snapshot.sums_of", read)
    threads = [threading.Thread(target=work, daemon=True) for work in (sum_up, snapshot.close)]
    threads[0].start()
    assert between.wait(5)
    threads[1].start()
    threads[1].join(0.2)
    interrupted.set()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert ["the program was stopped" in str(error) for error in told] == [True]


def no_links(path: Path, target: Path) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_nothing_is_overwritten_without_hard_links_either(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the name was free when it began."""

    def too_late(path: Path, target: Path) -> None:
        path.write_text("mine")
        no_links(path, target)

    write(journal, 1)
    monkeypatch.setattr(Path, "hardlink_to", too_late)
    with pytest.raises(BackupFailed, match="File exists"):
        save(journal.snapshot(), tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "mine"
    monkeypatch.setattr(Path, "hardlink_to", no_links)
    save(journal.snapshot(), tmp_path / "another")
    assert held(tmp_path / "another") == '{"commit":1}'


def test_without_hard_links_what_fails_leaves_no_name(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "hardlink_to", no_links)
    monkeypatch.setattr(Path, "replace", no_links)
    with pytest.raises(BackupFailed, match="not permitted"):
        save(journal.snapshot(), tmp_path / "backup")
    assert left(tmp_path, "grid.duckdb", "grid.duckdb.wal") == []


@pytest.mark.parametrize("method", ["iterdir", "unlink"])
def test_what_a_kill_left_refuses_no_backup(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Somebody else's draft, or a directory that may be written and not listed."""
    old = tmp_path / "grid.duckdb.backup-new-1"
    old.touch()
    os.utime(old, (0, 0))
    way = getattr(Path, method)

    def refuse(path: Path, **more: bool) -> object:
        if path in (old, tmp_path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return way(path, **more)

    write(journal, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Path, method, refuse)
        save(journal.snapshot(), tmp_path / "backup")
    assert held(tmp_path / "backup") == '{"commit":1}'


def test_a_database_at_rest_may_be_opened_while_its_copy_is_verified(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Journal.open(path, NOW).close()
    opens = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('CHECKPOINT')"
    read = sums_of

    def verify(connection: duckdb.DuckDBPyConnection, before: Callable[[], object]) -> object:
        subprocess.run([sys.executable, "-c", opens, str(path)], check=True)
        return read(connection, before)

    monkeypatch.setattr(backing_up, "sums_of", verify)
    with at_rest(path) as snapshot:
        save(snapshot, tmp_path / "backup")


def test_a_journal_that_is_closed_behind_the_last_chunk_is_told_as_such(journal: Journal, path: Path) -> None:
    """Its file has no number any more."""
    chunks = journal.snapshot().chunks()
    assert next(chunks)
    journal.close()
    with pytest.raises(BackupFailed, match="the program was stopped"):
        list(chunks)


@pytest.mark.parametrize("name", ["x.nonce", "x.sock", "x.wal", "x.broken-1", "a.before-restore-20261128T120005Z"])
def test_a_name_of_the_programs_own_is_refused(tmp_path: Path, name: str) -> None:
    with closing(Journal.open(tmp_path / "grid.duckdb", NOW)) as journal:
        snapshot = journal.snapshot()
        with pytest.raises(BackupFailed, match="is how the program names a file of its own beside a database"):
            save(snapshot, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_path_that_ends_like_a_directory_is_one(tmp_path: Path) -> None:
    assert wanted_path("") is None
    assert wanted_path(f"{tmp_path}/") == tmp_path
    assert wanted_path(str(tmp_path / "new")) == tmp_path / "new"
    for missing in ("none/", "none/.", "none/.."):
        with pytest.raises(BackupFailed, match="does not exist; make it first"):
            wanted_path(f"{tmp_path}/{missing}")
