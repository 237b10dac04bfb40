"""Decision to durable: how long a strategy waits for `Committed`, through the actor and its real file.

Run with `python -m tests.benchmarks.bench_journal`. Prints figures, asserts nothing.
"""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

import duckdb
import trio

from actors.mailbox import Mailbox
from actors.persistence import run_persistence
from adapters.journal.journal import Journal
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.journal import AccountLoaded, AccountSaved, Close, Commit, Committed, CoreLoaded, Record
from messages.mailboxes import PersistenceMail
from messages.orders import Accepted, Place

STATE = "x" * 4_000
"""A core's state with some twenty open orders is about this long."""

ROUNDS = 500

ROUNDS_PER_BURST = 50
"""Then the market pauses, and persistence uses the pause."""


def place(number: int, index: int) -> Place:
    return Place(
        1,
        ClientOrderId(f"g000001{number:06d}{index:05d}"),
        "BTC/USD",
        "buy",
        Decimal("50000.1"),
        Decimal("0.00200000"),
        True,
        "counter",
        f"OABCDE-FGHIJ-{number:06d}",
        Nanos(time.time_ns()),
    )


def commit(number: int, orders: int) -> Commit:
    places = tuple(place(number, index) for index in range(orders))
    return Commit(1, number, "btc", "GridHODL", time.time_ns(), STATE + str(number), ("event",), places)


def accepted(number: int, orders: int) -> list[Record]:
    return [
        Record(
            1,
            Accepted(
                order_id=place(number, index).order_id, exchange_id=VenueOrderId("OX"), time=Nanos(time.time_ns())
            ),
        )
        for index in range(orders)
    ]


def show(name: str, seconds: Sequence[float]) -> None:
    ordered = sorted(seconds)
    p50, p99 = (1e3 * ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    print(f"{name:<52} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   max {1e3 * ordered[-1]:6.2f} ms")


PACE = 0.01
"""Seconds between two decisions: a warm loop would flatter every figure."""


def timed(action: Callable[[], object]) -> float:
    time.sleep(PACE)
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def bench_disk(directory: Path) -> None:
    with (directory / "raw").open("ab", buffering=0) as file:

        def append() -> None:
            file.write(bytes(4096))
            os.fdatasync(file.fileno())

        show("4 KiB append + fdatasync, the wall", [timed(append) for _ in range(ROUNDS)])


def bench_insert(directory: Path) -> None:
    with duckdb.connect(directory / "bare.duckdb", config={"threads": 1}) as connection:
        connection.execute("CREATE TABLE bare (number BIGINT, text TEXT)")
        insert = partial(connection.execute, "INSERT INTO bare VALUES (?, ?)", [1, STATE])
        show("DuckDB alone: one row of the same size, committed", [timed(insert) for _ in range(ROUNDS)])


def bench_journal(directory: Path) -> None:
    journal = Journal.open(directory / "direct.duckdb", time.time_ns())
    writes, settles = [], []
    for number in range(1, ROUNDS + 1):
        batch = [commit(number, 1)]
        writes.append(timed(partial(journal.write, batch)))
        settles.append(timed(journal.settle))
    show("journal alone: write of one commit, one order", writes)
    show("journal alone: settling it, where nobody waits", settles)
    journal.close()


async def bench_actor(directory: Path, orders: int) -> None:
    mailbox: Mailbox[PersistenceMail] = Mailbox("persistence")
    send, receive = trio.open_memory_channel[object](16)

    def reply(_: str, answer: Committed | CoreLoaded | AccountSaved | AccountLoaded) -> None:
        send.send_nowait(answer)

    path = directory / f"actor-{orders}.duckdb"
    waits = []
    async with trio.open_nursery() as nursery:
        await nursery.start(run_persistence, partial(Journal.open, path, time.time_ns()), mailbox, reply)
        for number in range(1, ROUNDS + 1):
            message = commit(number, orders)
            begin = time.perf_counter()
            mailbox.post(message)
            await receive.receive()
            waits.append(time.perf_counter() - begin)
            for record in accepted(number, orders):
                mailbox.post(record)
            # Decisions come one by one; the records of the last one are written by then.
            await trio.sleep(PACE if number % ROUNDS_PER_BURST else 1.2)
        mailbox.post(Close())
    show(f"decision to durable through the actor, {orders} order(s)", waits)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        directory = Path(name)
        bench_disk(directory)
        bench_insert(directory)
        bench_journal(directory)
        for orders in (1, 5):
            trio.run(bench_actor, directory, orders)


if __name__ == "__main__":
    main()
