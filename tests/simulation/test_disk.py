"""The simulated disk keeps what the journal keeps: one is held against the other, over crashes."""

import random
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.journal.journal import Journal
from adapters.journal.projection import Write
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.journal import Commit, Record
from messages.orders import Accepted, Cancel, Canceled, Filled, OrderEvent, PartiallyFilled, Place, Rejected
from tests.simulation.disk import Disk

IDS = [ClientOrderId(f"g0000rt{number:011}") for number in range(6)]


def message(chance: random.Random, number: int) -> Write:
    """A commit or a record about one of a few orders, in any order."""
    order_id, filled = chance.choice(IDS), Decimal(chance.randint(0, 5))
    if chance.random() < 0.5:
        place = Place(
            1,
            order_id,
            "BTC/USD",
            "buy",
            Decimal(50_000),
            Decimal(5),
            True,
            "ladder",
            "cause",
            Nanos(number),
        )
        command = place if chance.random() < 0.7 else Cancel(1, order_id)
        return Commit(chance.choice((1, 2)), number, "grid", "GridHODL", number, f"state {number}", (), (command,))
    events: list[OrderEvent] = [
        Accepted(order_id=order_id, exchange_id=VenueOrderId("O"), time=Nanos(number)),
        PartiallyFilled(
            order_id=order_id,
            exchange_id=VenueOrderId("O"),
            fill_id=f"T{number}",
            filled=filled,
            cost=filled * 2,
            fee=filled / 8,
            time=Nanos(number),
        ),
        Filled(
            order_id=order_id,
            exchange_id=VenueOrderId("O"),
            fill_id=f"T{number}",
            filled=Decimal(5),
            cost=Decimal(10),
            fee=Decimal("0.625"),
            time=Nanos(number),
        ),
        Canceled(
            order_id=order_id,
            exchange_id=VenueOrderId("O"),
            filled=filled,
            cost=filled * 2,
            fee=filled / 8,
            reason="by hand",
            time=Nanos(number),
        ),
        Rejected(order_id=order_id, reason="refused", text="no", time=Nanos(number)),
    ]
    return Record(1, chance.choice(events))


@pytest.mark.parametrize("seed", range(3))
def test_both_keep_the_same(seed: int, tmp_path: Path) -> None:
    chance, disk, path = random.Random(seed), Disk("lineage"), tmp_path / "grid.duckdb"
    journal, memory = Journal.open(path, 1), disk.open_journal(path, 1)
    for number in range(1, 16):
        messages = [message(chance, number) for _ in range(chance.randint(1, 5))]
        journal.write(messages)
        memory.write(messages)
        if chance.random() < 0.2:
            journal.close()
            journal, memory = Journal.open(path, 1), disk.open_journal(path, 1)
        assert [journal.load_core(userref) for userref in (1, 2, 3)] == [
            memory.load_core(userref) for userref in (1, 2, 3)
        ]
    rows = journal._connection.execute("SELECT order_id, status, exchange_id, filled, cost, fee FROM orders").fetchall()
    journal.close()
    kept = {(r.order_id, r.status, r.exchange_id, r.filled, r.cost, r.fee) for r in disk.orders.values()}
    assert set(rows) == kept
