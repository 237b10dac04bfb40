"""After a power cut the journal opens with every whole commit before the damage."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from adapters.journal.journal import Journal
from tests.adapters.journal.samples import NOW, USERREF, commit, die_with_a_log, files_in, rows, run
from trading.ports import DatabaseUnusable

COMMITS = 30
DICE = random.Random(1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid.duckdb"


@pytest.fixture
def log(path: Path) -> Path:
    die_with_a_log(path, COMMITS)
    return path.with_name("grid.duckdb.wal")


def newest(journal: Journal) -> int:
    state = journal.load_core(USERREF)
    assert state is not None
    return int(json.loads(state)["commit"])


def zeroed(content: bytes) -> bytes:
    return content[:-100] + bytes(100)


def flipped(content: bytes) -> bytes:
    return content[:-40] + bytes([content[-40] ^ 1]) + content[-39:]


def garbage(content: bytes) -> bytes:
    return content[:-200] + DICE.randbytes(200)


@pytest.mark.parametrize("damage", [zeroed, flipped, garbage])
def test_a_damaged_end_is_cut_off_and_copies_are_kept(path: Path, log: Path, damage: Callable[[bytes], bytes]) -> None:
    damaged = damage(log.read_bytes())
    log.write_bytes(damaged)
    database = path.read_bytes()
    journal = Journal.open(path, NOW)
    assert newest(journal) == COMMITS - 1
    assert journal.repaired is not None
    assert f"the end of {log} was damaged" in journal.repaired
    assert "grid.duckdb.broken-1 and grid.duckdb.wal.broken-1" in journal.repaired
    assert path.with_name("grid.duckdb.broken-1").read_bytes() == database
    assert path.with_name("grid.duckdb.wal.broken-1").read_bytes() == damaged
    journal.write([commit(COMMITS)])
    journal.close()
    again = Journal.open(path, NOW)
    assert again.repaired is None
    assert newest(again) == COMMITS
    again.close()


def test_an_end_that_is_missing_needs_no_repair(path: Path, log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-20])
    journal = Journal.open(path, NOW)
    assert journal.repaired is None
    assert newest(journal) == COMMITS - 1
    journal.close()


@pytest.mark.parametrize("tail", [bytes(3000), DICE.randbytes(3000)])
def test_rubbish_behind_a_whole_log_loses_nothing(path: Path, log: Path, tail: bytes) -> None:
    log.write_bytes(log.read_bytes() + tail)
    journal = Journal.open(path, NOW)
    assert newest(journal) == COMMITS
    journal.close()


def test_whatever_the_damage_the_database_opens_with_a_prefix_of_the_commits(path: Path, log: Path) -> None:
    database, whole = path.read_bytes(), log.read_bytes()
    chance = random.Random(3)
    for _ in range(12):
        damaged = bytearray(whole)
        start = chance.randrange(len(whole) // 2, len(whole))
        length = min(chance.choice([1, 8, 100, 4096]), len(whole) - start)
        damaged[start : start + length] = chance.choice([bytes(length), chance.randbytes(length)])
        path.write_bytes(database)
        log.write_bytes(damaged)
        journal = Journal.open(path, NOW)
        found = newest(journal)
        assert rows(journal, "SELECT count(*) FROM events") == [(found,)]
        journal.close()


def test_only_the_newest_copies_stay(path: Path, log: Path) -> None:
    database, damaged = path.read_bytes(), zeroed(log.read_bytes())
    for _ in range(7):
        path.write_bytes(database)
        log.write_bytes(damaged)
        Journal.open(path, NOW).close()
    names = [name for name, _ in files_in(path.parent)]
    assert names == [
        "grid.duckdb",
        *(f"grid.duckdb.broken-{n}" for n in range(3, 8)),
        *(f"grid.duckdb.wal.broken-{n}" for n in range(3, 8)),
    ]


FOREIGN = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE theirs (text TEXT)")
connection.execute("CHECKPOINT")
for number in range(30):
    connection.execute("INSERT INTO theirs VALUES (?)", ["x" * 100])
os._exit(0)
"""


def test_a_foreign_database_with_a_damaged_log_is_left_alone(path: Path) -> None:
    run(FOREIGN, str(path))
    log = path.with_name("grid.duckdb.wal")
    log.write_bytes(zeroed(log.read_bytes()))
    with pytest.raises(duckdb.Error, match="Corrupt WAL"):
        duckdb.connect(path, read_only=True)
    before = files_in(path.parent)
    with pytest.raises(DatabaseUnusable, match="belongs to another program"):
        Journal.open(path, NOW)
    assert files_in(path.parent) == before


def test_a_disk_too_full_for_the_copies_leaves_the_log_as_it_is(path: Path, log: Path) -> None:
    log.write_bytes(zeroed(log.read_bytes()))
    before = files_in(path.parent)
    script = """
import resource, sys
from pathlib import Path
from trading.ports import DatabaseUnusable
from adapters.journal.journal import Journal
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    Journal.open(Path(sys.argv[1]), 1)
except DatabaseUnusable as error:
    print(error)
"""
    assert "is full" in run(script, str(path))
    assert files_in(path.parent) == before
