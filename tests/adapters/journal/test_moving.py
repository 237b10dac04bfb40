"""A look alters nothing, and a move overwrites nothing, wherever it is interrupted."""

import shutil
from pathlib import Path

import duckdb
import pytest

from adapters.journal.journal import Journal
from adapters.journal.moving import Glance, glance, move_aside
from messages.journal import Owner, SaveAccount
from tests.adapters.journal.samples import NOW, commit
from trading.ports import DatabaseUnusable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid.duckdb"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], Glance(owned=False, play_money=False)),
        ([commit(1)], Glance(owned=False, play_money=False)),
        ([SaveAccount(1, "{}", {})], Glance(owned=False, play_money=True)),
        ([Owner("kraken", simulated=True), SaveAccount(1, "{}", {})], Glance(owned=True, play_money=True)),
    ],
)
@pytest.mark.parametrize("settled", [True, False])
def test_a_look_shows_whose_it_is_also_in_the_log(
    path: Path, messages: list[SaveAccount], expected: Glance, *, settled: bool
) -> None:
    journal = Journal.open(path, NOW)
    for message in messages:
        journal.write([message])
    if settled or Owner in map(type, messages):
        journal.settle()
    journal.close()
    before = path.read_bytes()
    assert glance(path) == expected
    assert path.read_bytes() == before


def test_a_look_at_nothing_of_ours_shows_nothing(path: Path) -> None:
    assert glance(path) is None
    path.write_text("not a database")
    assert glance(path) is None
    path.unlink()
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE meta (n INTEGER)")
    assert glance(path) is None


def test_a_move_keeps_everything(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1)])
    journal.checkpoint()
    journal.close()
    to = path.with_name("aside.duckdb")
    move_aside(path, to)
    assert [file.name for file in path.parent.iterdir()] == ["aside.duckdb"]
    moved = Journal.open(to, NOW)
    assert (moved.lineage, moved.load_core(1001)) == (journal.lineage, commit(1).state)
    moved.close()


def test_a_move_that_a_crash_left_with_both_names_is_finished(path: Path) -> None:
    Journal.open(path, NOW).close()
    to = path.with_name("aside.duckdb")
    to.hardlink_to(path)
    move_aside(path, to)
    assert [file.name for file in path.parent.iterdir()] == ["aside.duckdb"]


def test_a_move_overwrites_nothing(path: Path) -> None:
    Journal.open(path, NOW).close()
    to = path.with_name("aside.duckdb")
    shutil.copy(path, to)
    with pytest.raises(FileExistsError):
        move_aside(path, to)
    to.unlink()
    to.with_name("aside.duckdb.wal").touch()
    with pytest.raises(FileExistsError):
        move_aside(path, to)
    assert path.exists()


def test_a_file_with_a_log_is_not_moved(path: Path) -> None:
    Journal.open(path, NOW).close()
    path.with_name("grid.duckdb.wal").touch()
    with pytest.raises(DatabaseUnusable, match="write-ahead log"):
        move_aside(path, path.with_name("aside.duckdb"))
