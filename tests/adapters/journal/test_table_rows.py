"""The tables against a plain model, and their retention."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.journal.journal import Journal
from adapters.journal.projection import Write
from adapters.journal.table_rows import Retention
from messages.account import OrderFacts, OrderStatus
from messages.conditions import ConditionChanged
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.journal import Commit, Owner, Record, SaveAccount
from messages.orders import Accepted, Amended, Cancel, Canceled, Filled, OrderEvent, PartiallyFilled, Place, Rejected
from simulators.paper.saved_account import PaperOrder, encode
from tests.adapters.journal.samples import NOW, accepted, cancel, commit, place, record, rows

ORDERS = ("a", "b", "c")
AMOUNTS = st.integers(0, 8).map(lambda n: Decimal(n) / 4)
TIMES = st.integers(1, 5)


def commits() -> st.SearchStrategy[Write]:
    places = st.builds(place, st.sampled_from(ORDERS), st.sampled_from(("50000.1", "49000")), time=TIMES)
    cancels = st.builds(cancel, st.sampled_from(ORDERS))
    return st.builds(
        lambda number, commands, strategy, time: commit(number, *commands, strategy=strategy, time=time),
        st.integers(1, 3),
        st.lists(places | cancels, max_size=3),
        st.sampled_from((1, 2)),
        TIMES,
    )


def records() -> st.SearchStrategy[Write]:
    order, exchange, fill = st.sampled_from(ORDERS), st.sampled_from(("X", "")), st.sampled_from(("T1", "T2", ""))
    cumulative = (AMOUNTS, AMOUNTS, AMOUNTS)
    return st.one_of(
        st.builds(Accepted, order, exchange, TIMES),
        st.builds(PartiallyFilled, order, exchange, fill, *cumulative, TIMES),
        st.builds(Filled, order, exchange, fill, *cumulative, TIMES),
        st.builds(Canceled, order, exchange, *cumulative, st.just("by hand"), TIMES),
        st.builds(Rejected, order, st.just("funds"), st.just("no USD"), TIMES),
    ).map(record)


def accounts() -> st.SearchStrategy[Write]:
    orders = st.dictionaries(st.sampled_from(("X1", "X2")), st.sampled_from(("one", "two")))
    return st.builds(SaveAccount, st.integers(1, 3), st.sampled_from(("account 1", "account 2")), orders)


class Model:
    """The tables as dictionaries, one message at a time, written without a look at the code under test."""

    def __init__(self) -> None:
        self.cores: dict[int, str] = {}
        self.status: dict[str, str] = {}
        self.price: dict[str, Decimal | None] = {}
        self.volume: dict[str, Decimal] = {}
        """Of orders whose command or change is known; of others only the event says whether they are complete."""
        self.sums: dict[str, tuple[Decimal, Decimal, Decimal]] = {}
        self.seen_at_exchange: set[str] = set()
        self.events: set[Record | ConditionChanged | tuple[object, ...]] = set()
        self.account: str | None = None
        self.paper: dict[str, str] = {}

    def take(self, message: Write) -> None:
        if isinstance(message, SaveAccount):
            self.account = message.account
            self.paper |= message.orders
            return
        if not isinstance(message, Owner):
            self.events.add(_told(message) if isinstance(message, Commit) else message)
        if isinstance(message, Commit):
            self.cores[message.strategy] = message.state
            for command in message.commands:
                self.command(command)
        elif isinstance(message, Record):
            self.event(message)

    def command(self, command: Place | Cancel) -> None:
        name = command.order_id
        status = self.status.get(name)
        if isinstance(command, Cancel):
            if status in ("requested", "open"):
                self.status[name] = "canceling"
        elif status in (None, "rejected"):
            self.status[name], self.price[name] = "requested", command.price
            self.volume[name] = command.volume
            self.sums.setdefault(name, (Decimal(0), Decimal(0), Decimal(0)))
        elif self.price[name] is None:
            self.price[name] = command.price
            self.volume[name] = command.volume

    def event(self, message: Record) -> None:
        event = message.event
        name = event.order_id
        status = self.status.setdefault(name, "requested")
        self.price.setdefault(name, None)
        sums = self.sums.setdefault(name, (Decimal(0), Decimal(0), Decimal(0)))
        if isinstance(event, Rejected):
            if status in ("requested", "canceling") and name not in self.seen_at_exchange:
                self.status[name] = "rejected"
            return
        if event.exchange_id:
            self.seen_at_exchange.add(name)
        if isinstance(event, Amended):
            self.price[name], self.volume[name] = event.price, event.volume
        elif not isinstance(event, Accepted):
            self.sums[name] = max(sums, (event.filled, event.cost, event.fee))
        if self.is_complete(event):
            self.status[name] = "filled"
        elif isinstance(event, Canceled):
            self.status[name] = status if status == "filled" else "canceled"
        elif status in ("requested", "rejected") and not isinstance(event, Amended):
            self.status[name] = "open"

    def is_complete(self, event: OrderEvent) -> bool:
        """The quantity decides, whatever the event is called."""
        if not isinstance(event, PartiallyFilled | Filled | Canceled):
            return False
        volume = self.volume.get(event.order_id)
        return isinstance(event, Filled) if volume is None else event.filled >= volume

    def check(self, journal: Journal) -> None:
        assert rows(journal, "SELECT userref, state FROM core_states ORDER BY 1") == sorted(self.cores.items())
        found = rows(journal, "SELECT order_id, status, price, filled, cost, fee FROM orders ORDER BY 1")
        assert found == [(name, self.status[name], self.price[name], *self.sums[name]) for name in sorted(self.status)]
        fills = rows(journal, "SELECT order_id, sum(volume), sum(cost), sum(fee) FROM fills GROUP BY 1 ORDER BY 1")
        assert fills == [(name, *sums) for name, sums in sorted(self.sums.items()) if any(sums)]
        assert rows(journal, "SELECT count(*) FROM events") == [(len(self.events),)]
        assert journal.load_account() == (self.account, self.paper)


def _told(commit: Commit) -> tuple[object, ...]:
    """What the line of a decision tells; the orders' own rows have the rest."""
    placed, canceled = (
        tuple(command.order_id for command in commit.commands if isinstance(command, kind)) for kind in (Place, Cancel)
    )
    return commit.strategy, commit.number, commit.time, commit.handled, placed, canceled


@contextmanager
def journal_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory) / "grid.duckdb"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new journal to copy, which is faster than to make one per example."""
    path = tmp_path_factory.mktemp("journal") / "grid.duckdb"
    Journal.open(path, NOW).close()
    return path


@settings(max_examples=30, deadline=None)
@given(
    batches=st.lists(st.lists(commits() | records() | accounts(), min_size=1, max_size=6), max_size=6), data=st.data()
)
def test_any_history_leaves_the_tables_as_a_plain_model_has_them(
    template: Path, batches: list[list[Write]], data: st.DataObject
) -> None:
    model = Model()
    with journal_file() as path:
        shutil.copyfile(template, path)
        journal = Journal.open(path, NOW)
        for batch in batches:
            journal.write(batch)
            for message in batch:
                model.take(message)
            what = data.draw(st.sampled_from(("go on", "settle", "crash")))
            if what == "settle":
                journal.settle()
            elif what == "crash":  # nothing but the connection goes: no settling
                journal.close()
                journal = Journal.open(path, NOW)
        model.check(journal)
        journal.close()


def test_only_the_newest_events_stay() -> None:
    with journal_file() as path:
        journal = Journal.open(path, NOW, retention=Retention(events=300))
        for start in range(0, 2_200, 100):
            journal.write([accepted(f"order-{n}", time=n) for n in range(start, start + 100)])
            journal.settle()
        assert rows(journal, "SELECT count(*), min(time), max(time) FROM events") == [(500, 1_700, 2_199)]
        journal.close()


def paper_order(status: OrderStatus) -> str:
    zero = Decimal(0)
    facts = OrderFacts(
        order_id=ClientOrderId("g"),
        exchange_id=VenueOrderId("P"),
        symbol="BTC/USD",
        side="buy",
        price=zero,
        volume=zero,
        status=status,
        filled=zero,
        cost=zero,
        fee=zero,
        reason="requested",
        time=Nanos(1),
    )
    return encode(PaperOrder(facts, 1, zero, zero, 1))


def test_closed_paper_orders_go_when_they_are_many_and_open_ones_never() -> None:
    with journal_file() as path:
        journal = Journal.open(path, NOW, retention=Retention(paper_orders=300))
        journal.write([SaveAccount(1, "", {"odd": "not JSON", "open": paper_order("open")})])
        for start in range(0, 2_200, 100):
            status: OrderStatus = "filled" if start % 200 else "canceled"
            journal.write([SaveAccount(2, "", {f"P{n}": paper_order(status) for n in range(start, start + 100)})])
            journal.settle()
        _, orders = journal.load_account()
        assert len(orders) < 2 + 300 + 1_000
        assert list(orders)[:2] == ["odd", "open"]
        assert list(orders)[-300:] == [f"P{n}" for n in range(1_900, 2_200)]
        journal.close()


def test_the_file_stays_small_however_often_a_state_is_written() -> None:
    with journal_file() as path:
        journal = Journal.open(path, NOW, retention=Retention(events=1_000))
        state = msgspec.json.encode("x" * 20_000).decode()
        for number in range(1, 1_001):
            journal.write([commit(number, state=state)])
        journal.close()
        assert sum(file.stat().st_size for file in path.parent.iterdir()) < 20_000_000
