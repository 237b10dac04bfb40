"""Every way a database can be unusable is told in one sentence, and nothing foreign is touched."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from adapters.journal.journal import Journal
from adapters.journal.table_schema import MIGRATIONS
from tests.adapters.journal.samples import NOW, USERREF, commit, die_with_a_log, files_in, run
from trading.ports import DatabaseUnusable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid.duckdb"


def problem(path: Path) -> str:
    with pytest.raises(DatabaseUnusable) as caught:
        Journal.open(path, NOW)
    text = str(caught.value)
    assert text.startswith(f"the database {path} ")
    assert "\n" not in text
    return text


def refused_untouched(path: Path) -> str:
    before = files_in(path.parent)
    text = problem(path)
    assert files_in(path.parent) == before
    return text


def test_a_new_file_carries_our_mark_and_nothing_else_is_left_beside_it(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.close()
    with duckdb.connect(path, read_only=True) as connection:
        found = connection.execute("SELECT program, schema_version, lineage, created FROM meta").fetchall()
    assert found == [("infinity-grid-trio", 3, journal.lineage, NOW)]
    assert [name for name, _ in files_in(path.parent)] == ["grid.duckdb"]


def test_two_databases_have_two_lineages(tmp_path: Path) -> None:
    one, two = Journal.open(tmp_path / "one.duckdb", NOW), Journal.open(tmp_path / "two.duckdb", NOW)
    assert one.lineage != two.lineage
    one.close()
    two.close()


def test_an_empty_file_becomes_a_new_database(path: Path) -> None:
    path.touch()
    journal = Journal.open(path, NOW)
    assert journal.fresh
    journal.close()


def test_a_file_system_without_hard_links_serves_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(target))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    Journal.open(path, NOW).close()
    assert [name for name, _ in files_in(path.parent)] == ["grid.duckdb"]


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path / 'no'} does not exist" in problem(tmp_path / "no" / "grid.duckdb")


def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f"{tmp_path / 'file'} is a file" in problem(tmp_path / "file" / "grid.duckdb")


def test_a_directory_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert "is a directory" in problem(tmp_path)


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs a device file")
def test_a_device_is_refused() -> None:
    assert "is not an ordinary file" in problem(Path("/dev/null"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory in which nobody can make a file")
def test_a_directory_that_takes_no_files_is_refused() -> None:
    assert "cannot be used (" in problem(Path("/proc/self/grid.duckdb"))


# Rights do not stop root, so the child gives them up; relative paths, because it then cannot see its parents.
WITHOUT_RIGHTS = """
import os, sys
from pathlib import Path
from trading.ports import DatabaseUnusable
from adapters.journal.journal import Journal
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setuid(65534)
try:
    Journal.open(Path("grid.duckdb"), 1)
except DatabaseUnusable as error:
    print(error)
"""


def test_a_directory_without_write_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    assert "grid.duckdb is not writable for the user of this program (" in run(WITHOUT_RIGHTS, str(tmp_path))


def test_a_file_without_write_permission_is_refused(path: Path) -> None:
    Journal.open(path, NOW).close()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    assert "grid.duckdb is not writable for the user of this program (" in run(WITHOUT_RIGHTS, str(path.parent))


READ_ONLY_DISK = """
set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
exec "$2" -c "$3" "$1"
"""

OPEN_AND_TELL = """
import sys
from pathlib import Path
from trading.ports import DatabaseUnusable
from adapters.journal.journal import Journal
try:
    Journal.open(Path(sys.argv[1]) / "grid.duckdb", 1)
except DatabaseUnusable as error:
    print(error)
"""


@pytest.mark.parametrize("exists", [False, True])
def test_a_read_only_disk_is_told(path: Path, exists: bool) -> None:
    if exists:
        Journal.open(path, NOW).close()
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", READ_ONLY_DISK, "sh"]
    probe = subprocess.run(
        [*command, str(path.parent), sys.executable, OPEN_AND_TELL], capture_output=True, text=True, check=False
    )
    if probe.returncode:
        pytest.skip(f"no private mount possible here: {probe.stderr.strip()}")
    assert f"the database {path} lies on a read-only disk (" in probe.stdout


FULL_DISK = (
    """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
"""
    + OPEN_AND_TELL
)


def test_a_disk_too_full_for_a_new_database_is_told_and_nothing_is_left(path: Path) -> None:
    assert "the disk (or its quota) is full (" in run(FULL_DISK, str(path.parent), "20000")
    assert not files_in(path.parent)


def test_a_disk_too_full_for_the_first_write_is_told_at_the_opening(path: Path) -> None:
    Journal.open(path, NOW).close()
    assert "the disk (or its quota) is full (" in run(FULL_DISK, str(path.parent), "0")


HOLD = """
import sys
from pathlib import Path
from adapters.journal.journal import Journal
journal = Journal.open(Path(sys.argv[1]), 1)
print("open", flush=True)
sys.stdin.read()
"""


def test_a_database_that_another_process_holds_is_told_with_its_pid(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        assert f"is in use by process {holder.pid} (python" in problem(path)
        holder.kill()
    Journal.open(path, NOW).close()


def test_a_database_that_this_process_holds_is_refused_and_goes_on(path: Path) -> None:
    journal = Journal.open(path, NOW)
    assert "is already open in this process" in problem(path)
    journal.write([commit(1)])
    assert journal.load_core(USERREF) == commit(1).state
    journal.close()


def test_a_text_file_is_not_a_database(path: Path) -> None:
    path.write_text("[bot]\nname = 'my grids'\n" * 1000)
    assert "is not a DuckDB file" in refused_untouched(path)


def test_a_sqlite_file_is_not_a_database(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00" + bytes(8176))
    assert "is not a DuckDB file" in refused_untouched(path)


@pytest.mark.parametrize(
    "content",
    [
        "CREATE TABLE prices (price DOUBLE)",
        "CREATE TABLE meta (key TEXT, value TEXT)",
        "CREATE TABLE meta AS SELECT 'other' AS program, 1 AS schema_version, 'x' AS lineage",
        "CREATE TABLE meta (program TEXT, schema_version INTEGER, lineage TEXT)",
    ],
)
def test_a_database_of_another_program_is_left_alone(path: Path, content: str) -> None:
    with duckdb.connect(path) as connection:
        connection.execute(content)
    assert "belongs to another program" in refused_untouched(path)


def test_a_newer_schema_is_left_alone(path: Path) -> None:
    Journal.open(path, NOW, migrations=[lambda connection: None] * 6).close()
    assert "has schema version 7, this program knows versions up to 3" in refused_untouched(path)


def test_a_newer_schema_is_left_alone_with_its_log(path: Path) -> None:
    die_with_a_log(path, 3)
    with duckdb.connect(path) as connection:
        connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        connection.execute("UPDATE meta SET schema_version = 4")
    assert path.with_name("grid.duckdb.wal").exists()
    assert "has schema version 4" in refused_untouched(path)


def test_a_log_without_its_database_is_left_alone(path: Path) -> None:
    die_with_a_log(path, 3)
    path.unlink()
    assert "is missing, but its write-ahead log grid.duckdb.wal is there" in refused_untouched(path)


def test_a_log_of_another_database_is_left_alone(tmp_path: Path, path: Path) -> None:
    other = tmp_path / "other.duckdb"
    die_with_a_log(other, 3)
    Journal.open(path, NOW).close()
    other.with_name("other.duckdb.wal").rename(tmp_path / "grid.duckdb.wal")
    assert "write-ahead log (.wal) of another database" in refused_untouched(path)


def test_a_log_damaged_at_its_start_is_left_alone(path: Path) -> None:
    die_with_a_log(path, 3)
    log = path.with_name("grid.duckdb.wal")
    damaged = bytearray(log.read_bytes())
    damaged[8] ^= 0xFF
    log.write_bytes(damaged)
    assert "has a write-ahead log (.wal) that cannot be read from its start on" in refused_untouched(path)


@pytest.mark.parametrize(("first", "last"), [(4096, 12288), (12288, None)])
def test_a_damaged_database_is_told(path: Path, first: int, last: int | None) -> None:
    Journal.open(path, NOW).close()
    content = bytearray(path.read_bytes())
    content[first:last] = bytes(len(content[first:last]))
    path.write_bytes(content)
    assert "is damaged (" in refused_untouched(path)


def test_a_database_cut_short_is_told(path: Path) -> None:
    Journal.open(path, NOW).close()
    os.truncate(path, path.stat().st_size // 2)
    assert "is damaged (" in refused_untouched(path)


def test_an_older_schema_is_migrated_step_by_step_and_keeps_its_data(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1)])
    journal.close()
    steps = [
        *MIGRATIONS,
        lambda connection: connection.execute("CREATE TABLE second (n INTEGER)"),
        lambda connection: connection.execute("INSERT INTO second VALUES (3)"),
    ]
    migrated = Journal.open(path, NOW, migrations=steps)
    assert (migrated.lineage, migrated.fresh) == (journal.lineage, False)
    assert migrated.load_core(USERREF) == commit(1).state
    migrated.close()
    Journal.open(path, NOW, migrations=steps).close()
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT schema_version, n FROM meta, second").fetchall() == [(5, 3)]


def test_a_migration_that_fails_leaves_the_version_before_it(path: Path) -> None:
    Journal.open(path, NOW).close()
    steps = [
        *MIGRATIONS,
        lambda connection: connection.execute("CREATE TABLE second (n INTEGER)"),
        lambda connection: connection.execute("CREATE TABLE half (n INTEGER); SELECT * FROM missing"),
    ]
    with pytest.raises(DatabaseUnusable, match="missing"):
        Journal.open(path, NOW, migrations=steps)
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT schema_version FROM meta").fetchall() == [(4,)]
        assert ("half",) not in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
