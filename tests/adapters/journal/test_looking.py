"""A look at a database shows what its next opening would find, and leaves everything as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from adapters.journal.journal import Journal
from adapters.journal.looking import NotNow, contents
from messages.journal import Owner, SaveAccount
from tests.adapters.journal.samples import NOW, accepted, commit, filled, in_use, place
from tests.supervision.old_journal import old
from trading.ports import DatabaseUnusable


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Every file is the same afterwards, and there is no other one."""
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    yield
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before


@pytest.mark.parametrize("settled", [True, False])
def test_it_shows_what_the_next_opening_would_find(tmp_path: Path, settled: bool) -> None:
    path = tmp_path / "it's.duckdb"
    journal = Journal.open(path, NOW)
    journal.write([Owner("kraken", False, "account", "key")])
    journal.write([commit(1, place("order-1"), place("order-2", price="49000.1"))])
    journal.write([accepted("order-1"), accepted("order-2"), filled("0.002", "100", "0.1")])
    if settled:
        journal.settle()
    journal.close()
    with untouched(tmp_path):
        held = contents(path)
    again = Journal.open(path, NOW)
    assert (held.owner, held.pasts, held.play_money) == (again.owner, again.pasts(), False)
    assert len(held.pasts[0].orders) == 1
    again.close()


def test_what_stands_only_in_the_write_ahead_log_counts_too(tmp_path: Path) -> None:
    path, copy = tmp_path / "grid.duckdb", tmp_path / "copy"
    copy.mkdir()
    journal = Journal.open(path, NOW)
    journal.write([SaveAccount(1, "{}", {})])
    journal.write([commit(1, place())])
    for file in tmp_path.glob("grid.duckdb*"):  # as kill -9 leaves them
        (copy / file.name).write_bytes(file.read_bytes())
    assert len(list(copy.iterdir())) == 2
    with untouched(copy):
        held = contents(copy / "grid.duckdb")
    assert (held.pasts, held.play_money) == (journal.pasts(), True)
    journal.close()


@pytest.mark.parametrize("play_money", [True, False])
def test_a_file_of_the_first_version_is_read_too(tmp_path: Path, play_money: bool) -> None:
    path = tmp_path / "grid.duckdb"
    old(path, play_money=play_money)
    with untouched(tmp_path):
        held = contents(path)
    journal = Journal.open(path, NOW)
    assert (held.owner, held.pasts, held.play_money) == (None, journal.pasts(), play_money)
    assert [past.symbol for past in held.pasts] == ["BTC/USD"]
    journal.close()


def test_a_file_in_use_is_none_of_its_business(tmp_path: Path) -> None:
    path = tmp_path / "grid.duckdb"
    Journal.open(path, NOW).close()
    with in_use(path), untouched(tmp_path), pytest.raises(NotNow, match="is in use by process"):
        contents(path)


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "grid.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")
    with untouched(tmp_path), pytest.raises(DatabaseUnusable, match="belongs to another program") as refused:
        contents(path)
    assert not isinstance(refused.value, NotNow)


def test_a_log_that_the_next_opening_repairs_is_left_to_it(tmp_path: Path) -> None:
    path, copy = tmp_path / "grid.duckdb", tmp_path / "copy"
    copy.mkdir()
    journal = Journal.open(path, NOW)
    journal.write([commit(1, place())])
    for file in tmp_path.glob("grid.duckdb*"):
        (copy / file.name).write_bytes(file.read_bytes())
    journal.close()
    log = copy / "grid.duckdb.wal"
    log.write_bytes(log.read_bytes()[:-40] + b"garbage!" * 5)
    with untouched(copy), pytest.raises(NotNow):
        contents(copy / "grid.duckdb")
