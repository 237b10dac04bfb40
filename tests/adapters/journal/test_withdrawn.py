"""A restored database hears which orders the one that it replaces has cancelled since."""

import gzip
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.journal.backing_up import save
from adapters.journal.journal import Journal
from adapters.journal.restoring import Restored, put_in_place
from adapters.journal.withdrawn import SellsSince, hand_on, known_by
from messages.ids import ClientOrderId, VenueOrderId, counter_cause
from messages.orders import Place
from tests.adapters.journal.samples import NOW, USERREF, cancel, canceled, commit, place
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
    assert hand_on({USERREF: frozenset([ClientOrderId("of-later")])}, path) == {"of-later"}
    assert "of-later" in (known_by(path) or {})[USERREF]
    with closing(Journal.open(path, NOW)) as journal:
        assert "of-later" in journal.load_cores([USERREF])[0][1].withdrawn


def a_sell(fill: str, attempt: int, price: str) -> Place:
    cause = counter_cause(VenueOrderId(fill), attempt)
    return replace(place(f"{fill}-{attempt}", price), side="sell", kind="counter", cause=cause)


@pytest.mark.parametrize("settled", [True, False])
def test_of_each_sell_the_newest_attempt_says_what_becomes_of_it(path: Path, settled: bool) -> None:
    backup = path.with_name("backup")
    with closing(Journal.open(path, NOW)) as journal:
        journal.write([commit(1, a_sell("A", 0, "50"), a_sell("B", 0, "60"), a_sell("C", 0, "70"), place("buy"))])
        save(journal.snapshot(), backup)
        journal.write([commit(2, *(cancel(one) for one in ("A-0", "B-0", "C-0", "buy")))])
        journal.write([commit(3, a_sell("A", 1, "50"), a_sell("B", 1, "60.5"), a_sell("C", 1, "70"))])
        journal.write([canceled(order_id="A-1"), commit(4, cancel("B-1")), canceled(order_id="B-1")])
        if settled:
            journal.settle()
    done = put_in_place(backup, path, NOON)
    assert done.withdrawn == 5
    assert done.sells == SellsSince(withdrawn=(Decimal("60.5"),), by_hand=(Decimal(50),))
    assert withdrawn(path) == {"A-0", "B-0", "C-0", "buy", "B-1"}


@pytest.mark.parametrize("lost", [True, False])
def test_a_strategy_hears_of_the_restore_until_it_has_decided(path: Path, lost: bool) -> None:
    backup = backed_up(path)
    if lost:
        path.unlink()
    put_in_place(backup, path, NOON)
    with closing(Journal.open(path, NOW)) as journal:
        assert journal.origin(USERREF).restored
        journal.write([commit(9)])
        assert not journal.origin(USERREF).restored
    path.unlink()
    put_in_place(backup, path, NOON, at_exchange=False)
    with closing(Journal.open(path, NOW)) as journal:
        assert not journal.origin(USERREF).restored
