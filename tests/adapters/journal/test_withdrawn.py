"""A restored database hears which orders the one that it replaces has cancelled since."""

import gzip
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.journal.backing_up import save
from adapters.journal.journal import Journal
from adapters.journal.restoring import Restored, put_in_place
from adapters.journal.withdrawn import hand_on, known_by
from messages.ids import ClientOrderId
from tests.adapters.journal.samples import NOW, USERREF, cancel, commit, place
from tests.adapters.journal.test_restoring import FORMATS

NOON = datetime(2026, 11, 28, 12, 0, 5, tzinfo=UTC)


def withdrawn(path: Path) -> frozenset[str]:
    with closing(Journal.open(path, NOW)) as journal:
        return frozenset(journal.load_cores([USERREF])[0][1].withdrawn)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid.duckdb"


def backed_up(path: Path, *, settled: bool = True) -> Path:
    """After order 1 was cancelled; then order 2 is."""
    target = path.with_name("backup")
    with closing(Journal.open(path, NOW)) as journal:
        journal.write([commit(1, place("order-1"), place("order-2")), commit(2, cancel("order-1"))])
        save(journal.snapshot(), target)
        journal.write([commit(3, cancel("order-2"))])
        if settled:
            journal.settle()
    return target


@pytest.mark.parametrize("settled", [True, False])
def test_what_was_cancelled_since_is_handed_on(path: Path, settled: bool) -> None:
    backup = backed_up(path, settled=settled)
    assert put_in_place(backup, path, NOON).withdrawn == 1
    assert withdrawn(path) == {"order-2"}


def test_a_second_restore_and_a_backup_of_the_restored_one_keep_it(path: Path) -> None:
    backup = backed_up(path)
    put_in_place(backup, path, NOON)
    with closing(Journal.open(path, NOW)) as journal:
        save(journal.snapshot(), path.with_name("second"))
    put_in_place(backup, path, NOON.replace(second=6))
    assert withdrawn(path) == {"order-2"}
    path.unlink()
    assert put_in_place(path.with_name("second"), path, NOON) == Restored()
    assert withdrawn(path) == {"order-2"}


def test_a_simulated_account_goes_back_in_time_and_hears_nothing(path: Path) -> None:
    backup = backed_up(path)
    assert put_in_place(backup, path, NOON, at_exchange=False).withdrawn is None
    assert withdrawn(path) == frozenset()


def test_what_cannot_be_read_knows_nothing(path: Path) -> None:
    backup = backed_up(path)
    path.write_bytes(b"x" * 5000)
    assert put_in_place(backup, path, NOON).withdrawn is None


@pytest.mark.parametrize("released", sorted(FORMATS.glob("*.duckdb.gz")), ids=lambda file: file.name)
def test_every_released_format_takes_it(path: Path, released: Path) -> None:
    path.write_bytes(gzip.decompress(released.read_bytes()))
    assert hand_on({USERREF: frozenset([ClientOrderId("of-later")])}, path) == 1
    assert "of-later" in (known_by(path) or {})[USERREF]
    with closing(Journal.open(path, NOW)) as journal:
        assert "of-later" in journal.load_cores([USERREF])[0][1].withdrawn
