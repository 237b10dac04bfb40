"""What is written can be loaded again, once and exactly."""

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from actors.persistence import JournalPort
from adapters.journal.journal import Journal
from adapters.journal.projection import Write
from messages.journal import Origin, SaveAccount
from tests.adapters.journal.samples import NOW, USERREF, accepted, commit, filled, place, record, rows, run
from trading.ports import DatabaseUnusable


class Counted:
    """A connection that counts statements."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.count = 0

    def execute(self, *arguments: object) -> object:
        self.count += 1
        return self._connection.execute(*arguments)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid.duckdb"


def test_it_fits_the_port_of_the_persistence_actor(path: Path) -> None:
    journal: JournalPort = Journal.open(path, NOW)
    journal.close()


def test_a_core_state_survives_a_new_opening(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1, place()), commit(2, state='{"é":"\\u0000"}')])
    journal.close()
    again = Journal.open(path, NOW + 1)
    assert again.load_core(USERREF) == '{"é":"\\u0000"}'
    assert again.load_core(2002) is None
    assert again.lineage == journal.lineage
    assert (journal.fresh, again.fresh) == (True, False)
    again.close()


def test_many_strategies_cost_as_few_questions_as_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.open(path, NOW)
    asked = Counted(journal._connection)
    monkeypatch.setattr(journal._tables, "_connection", asked)
    costs = []
    for strategies in ([USERREF], range(1, 101)):
        asked.count = 0
        journal.write([commit(1, strategy=userref, state=f"state {userref}") for userref in strategies])
        journal.settle()
        assert [state for state, _ in journal.load_cores(list(strategies))] == [f"state {n}" for n in strategies]
        costs.append(asked.count)
    assert costs[0] == costs[1]
    assert journal.load_cores([7, 5555, 7]) == [
        ("state 7", journal.origin(7)),
        (None, Origin()),
        ("state 7", journal.origin(7)),
    ]
    journal.close()


def test_what_was_written_is_durable_before_it_is_settled(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1, place()), accepted()])
    assert journal.unsettled == 2
    journal.close()
    again = Journal.open(path, NOW)
    assert again.unsettled == 0
    assert rows(again, "SELECT order_id, status FROM orders") == [("order-1", "open")]
    assert rows(again, "SELECT count(*) FROM log") == [(0,)]
    again.close()


def test_money_is_kept_to_the_last_digit(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1, place(price="12345678901234567890.000000000000000001", volume="0.1"))])
    found = rows(journal, "SELECT price::TEXT, volume::TEXT FROM orders")
    assert found == [("12345678901234567890.000000000000000001", "0.100000000000000000")]
    journal.close()


def test_a_batch_written_twice_changes_nothing(path: Path) -> None:
    journal = Journal.open(path, NOW)
    batch: list[Write] = [commit(1, place()), accepted(), filled("0.002", "100", "0.25"), commit(2, place("order-2"))]
    everything = ("SELECT * FROM orders ORDER BY ALL", "SELECT * FROM fills", "SELECT * FROM events ORDER BY ALL")
    journal.write(batch)
    before = [rows(journal, query) for query in everything]
    journal.write(batch)
    assert [rows(journal, query) for query in everything] == before
    assert journal.load_core(USERREF) == commit(2).state
    journal.close()


def test_thousands_of_messages_in_one_batch_are_all_there(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(n, place(f"order-{n}"), time=n) for n in range(1, 2_001)])
    journal.write([accepted(f"order-{n}") for n in range(1, 2_001)])
    assert rows(journal, "SELECT count(*) FROM orders WHERE status = 'open'") == [(2_000,)]
    assert rows(journal, "SELECT count(*), count(DISTINCT sequence) FROM events") == [(4_000, 4_000)]
    journal.close()


def test_the_log_is_settled_before_it_grows_long(path: Path) -> None:
    journal = Journal.open(path, NOW)
    for number in range(1, 1_202):
        journal.write([commit(number)])
    assert journal.unsettled <= 500
    journal.close()


def test_the_paper_account_survives_with_every_order_that_ever_changed(path: Path) -> None:
    journal = Journal.open(path, NOW)
    assert journal.load_account() == (None, {})
    journal.write([SaveAccount(1, "account 1", {"A": "a1", "B": "b1"}), SaveAccount(2, "account 2", {"A": "a2"})])
    journal.close()
    again = Journal.open(path, NOW)
    assert again.load_account() == ("account 2", {"A": "a2", "B": "b1"})
    again.write([SaveAccount(1, "account 3", {"B": "b3"})])
    assert again.load_account() == ("account 3", {"A": "a2", "B": "b3"})
    again.close()


def test_entries_of_a_version_that_spoke_differently_are_refused_with_advice(path: Path) -> None:
    Journal.open(path, NOW).close()
    with duckdb.connect(path) as connection:
        connection.execute('INSERT INTO log VALUES (0, \'[{"type":"Commit"}]\')')
    with pytest.raises(DatabaseUnusable, match="start the version that wrote them"):
        Journal.open(path, NOW)


KILLED_WRITER = """
import sys
from pathlib import Path
from adapters.journal.journal import Journal
from tests.adapters.journal.samples import commit, place
journal = Journal.open(Path(sys.argv[1]), 1)
number = int(sys.argv[2])
while True:
    number += 1
    journal.write([commit(number, place(f"order-{number}"), state=str(number))])
    print(number, flush=True)
"""


def test_a_kill_never_loses_an_acknowledged_commit(path: Path) -> None:
    Journal.open(path, NOW).close()
    acknowledged = 0
    for acknowledgements in (1, 7, 40, 640):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED_WRITER, str(path), str(acknowledged)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(acknowledgements):
                acknowledged = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            acknowledged = max([acknowledged, *(int(line) for line in writer.stdout if line.endswith("\n"))])
        journal = Journal.open(path, NOW)
        state = journal.load_core(USERREF)
        assert state is not None
        assert acknowledged <= int(state) <= acknowledged + 1
        acknowledged = int(state)
        assert rows(journal, "SELECT count(*) FROM orders") == [(acknowledged,)]
        journal.close()


# A limit on file sizes is what a full disk looks like to the process, and needs no rights.
FULL_DISK = """
import resource, sys
from pathlib import Path
from trading.ports import DatabaseUnusable
from adapters.journal.journal import Journal
from tests.adapters.journal.samples import commit
path = Path(sys.argv[1])
journal = Journal.open(path, 1)
room = path.stat().st_size + 40_000
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
written = 0
try:
    while True:
        journal.write([commit(written + 1, state="x" * 5_000 + str(written + 1))])
        written += 1
except DatabaseUnusable as error:
    print(written)
    print(error)
journal.close()
"""


def test_a_full_disk_fails_the_write_and_keeps_what_was_acknowledged(path: Path) -> None:
    written, problem = run(FULL_DISK, str(path)).splitlines()
    assert int(written) > 0
    assert problem.startswith(f"the database {path} cannot be written because the disk (or its quota) is full (")
    assert problem.endswith("): free some space.")
    journal = Journal.open(path, NOW)
    assert journal.load_core(USERREF) == "x" * 5_000 + written
    journal.close()


def test_a_record_of_an_order_that_nobody_asked_for_does_no_harm(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([filled("0.002", "100", "0.25", order_id="stranger")])
    journal.write([record(accepted("other").event)])
    assert rows(journal, "SELECT order_id, symbol, status, filled::TEXT FROM orders ORDER BY 1") == [
        ("other", None, "open", "0.000000000000000000"),
        ("stranger", None, "filled", "0.002000000000000000"),
    ]
    journal.close()
