"""Reading what a database holds without touching it: it is copied into memory, and its log is applied there."""

from pathlib import Path

import duckdb
import msgspec
from msgspec import Struct

from adapters.journal.file_problems import explained, is_locked
from adapters.journal.opening import SETTINGS, read_mark
from adapters.journal.projection import CONDITION, Write
from adapters.journal.repair import damaged_at
from adapters.journal.table_rows import Retention, Tables
from adapters.journal.table_schema import MIGRATIONS, create_tables, know_pairs
from messages.journal import Owner, Past
from trading.ports import DatabaseUnusable

_COPIED = ("log", "core_states", "orders", "fills", "paper_account")
_IN_MEMORY = {"threads": SETTINGS["threads"], "memory_limit": "1GB", "temp_directory": ""}


class NotNow(DatabaseUnusable):
    """It cannot be read at the moment, which says nothing about the next start."""


class Contents(Struct, frozen=True):
    """What a journal holds, as its next opening would find it."""

    owner: Owner | None
    """None for a file of an older version."""
    pasts: list[Past]
    play_money: bool
    """Whether it holds the account of a simulated exchange."""
    newest: int = 0
    """Time of its newest order event or decision, in nanoseconds UTC; 0 when there is none."""
    orders: int = 0
    """Number of orders ever decided."""
    fills: int = 0
    """Number of executions."""


def contents(path: Path) -> Contents:
    """Read the file, which stays as it is; nothing is created beside it.

    Raises `NotNow` for one that is in use or that its next opening has to repair, `DatabaseUnusable` for any other
    that cannot be read.
    """
    try:
        with explained(path):
            return _read(path)
    except DatabaseUnusable as error:
        cause = error.__cause__
        if isinstance(cause, Exception) and (is_locked(cause) or damaged_at(cause) is not None):
            raise NotNow(str(error)) from error
        raise


def _read(path: Path) -> Contents:
    version = read_mark(path, len(MIGRATIONS) + 1).schema_version
    with duckdb.connect(":memory:", config=_IN_MEMORY) as memory:
        create_tables(memory, "", 0, version)
        memory.execute(f"ATTACH {_quoted(path)} AS file (READ_ONLY)")
        memory.execute("DELETE FROM meta")
        for table in ("meta", *_COPIED):
            memory.execute(f"INSERT INTO {table} BY NAME SELECT * FROM file.{table}")  # noqa: S608 - constants
        if version == 1:
            know_pairs(memory)
        tables = Tables(memory, Retention())
        for (text,) in memory.execute("SELECT messages FROM log ORDER BY sequence").fetchall():
            tables.apply(msgspec.json.decode(text, type=list[Write]))
        in_file = memory.execute("SELECT max(time) FROM file.events WHERE kind <> ?", [CONDITION]).fetchone()
        newest = max(tables.newest_time(), in_file[0] or 0 if in_file else 0)
        counts = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM fills)"
        ((orders, fills),) = memory.execute(counts).fetchall()
        play_money = tables.load_account()[0] is not None
        return Contents(tables.owner(), tables.pasts(), play_money, newest, orders, fills)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
