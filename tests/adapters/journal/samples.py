"""Messages and helpers that the journal's tests share."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from adapters.journal.journal import Journal
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.journal import Commit, Record
from messages.orders import Accepted, Cancel, Canceled, Command, Filled, OrderEvent, PartiallyFilled, Place, Rejected

NOW = 1_700_000_000_000_000_000
USERREF = 1001
ORDER = ClientOrderId("order-1")


def place(order_id: str = "order-1", price: str = "50000.1", volume: str = "0.00200000", time: int = 7) -> Place:
    return Place(
        USERREF,
        ClientOrderId(order_id),
        "BTC/USD",
        "buy",
        Decimal(price),
        Decimal(volume),
        True,
        "ladder",
        f"cause of {order_id}",
        Nanos(time),
    )


def cancel(order_id: str = "order-1") -> Cancel:
    return Cancel(USERREF, ClientOrderId(order_id))


def commit(number: int, *commands: Command, state: str | None = None, time: int = 7, strategy: int = USERREF) -> Commit:
    text = f'{{"commit":{number}}}' if state is None else state
    return Commit(strategy, number, "btc", "GridHODL", time, text, ("event-1",), commands)


def record(event: OrderEvent) -> Record:
    return Record(USERREF, event)


def accepted(order_id: str = "order-1", time: int = 8) -> Record:
    return record(
        Accepted(order_id=ClientOrderId(order_id), exchange_id=VenueOrderId(f"X-{order_id}"), time=Nanos(time))
    )


def partially(filled: str, cost: str, fee: str, fill_id: str = "T1", order_id: str = "order-1") -> Record:
    return record(
        PartiallyFilled(
            order_id=ClientOrderId(order_id),
            exchange_id=VenueOrderId(f"X-{order_id}"),
            fill_id=fill_id,
            filled=Decimal(filled),
            cost=Decimal(cost),
            fee=Decimal(fee),
            time=Nanos(9),
        )
    )


def filled(amount: str, cost: str, fee: str, fill_id: str = "T2", order_id: str = "order-1") -> Record:
    return record(
        Filled(
            order_id=ClientOrderId(order_id),
            exchange_id=VenueOrderId(f"X-{order_id}"),
            fill_id=fill_id,
            filled=Decimal(amount),
            cost=Decimal(cost),
            fee=Decimal(fee),
            time=Nanos(10),
        )
    )


def canceled(amount: str = "0", cost: str = "0", fee: str = "0", order_id: str = "order-1") -> Record:
    return record(
        Canceled(
            order_id=ClientOrderId(order_id),
            exchange_id=VenueOrderId(f"X-{order_id}"),
            filled=Decimal(amount),
            cost=Decimal(cost),
            fee=Decimal(fee),
            reason="by hand",
            time=Nanos(11),
        )
    )


def rejected(order_id: str = "order-1", time: int = 8) -> Record:
    return record(Rejected(order_id=ClientOrderId(order_id), reason="funds", text="not enough USD", time=Nanos(time)))


def rows(journal: Journal, query: str) -> list[tuple[object, ...]]:
    """What a query finds once everything written is in the tables."""
    journal.settle()
    return journal._connection.execute(query).fetchall()


def run(script: str, *arguments: str) -> str:
    """Run a script in another process and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


_DIE_WITH_A_LOG = """
import os, signal, sys
from pathlib import Path
from adapters.journal.journal import Journal
from tests.adapters.journal.samples import commit
journal = Journal.open(Path(sys.argv[1]), 1)
for number in range(1, int(sys.argv[2]) + 1):
    journal.write([commit(number)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def die_with_a_log(path: Path, commits: int) -> None:
    """Write commits 1 to `commits` in a process that is killed, so that they stand in the write-ahead log."""
    done = subprocess.run([sys.executable, "-c", _DIE_WITH_A_LOG, str(path), str(commits)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def files_in(directory: Path) -> Sequence[tuple[str, bytes]]:
    """Everything in a directory, byte by byte."""
    return [(path.name, path.read_bytes()) for path in sorted(directory.iterdir())]


_HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print(flush=True)
sys.stdin.read()
"""


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Another process has the file open, which it makes if there is none."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            yield
        finally:
            holder.kill()
