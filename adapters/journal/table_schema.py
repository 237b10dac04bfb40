"""Tables of the journal, and how an older file becomes a newer one."""

from collections.abc import Callable, Sequence

from duckdb import DuckDBPyConnection

PROGRAM = "infinity-grid-trio"
"""Our mark in the table `meta`: a file without it belongs to another program."""

Migration = Callable[[DuckDBPyConnection], object]


def _know_whose_it_is(connection: DuckDBPyConnection) -> None:
    """Version 2: whose the journal is, and what each state was made for.

    The owner of an older file is found out by whoever opens it.
    """
    for column in ("exchange TEXT", "simulated BOOLEAN", "account TEXT", "key TEXT"):
        connection.execute(f"ALTER TABLE meta ADD COLUMN {column}")
    connection.execute("ALTER TABLE core_states ADD COLUMN symbol TEXT DEFAULT ''")
    connection.execute("ALTER TABLE core_states ADD COLUMN era INTEGER DEFAULT 0")
    know_pairs(connection)


def know_pairs(connection: DuckDBPyConnection) -> None:
    """Note the pair of each state of schema version 1, which is that of its newest order."""
    connection.execute(
        "UPDATE core_states SET symbol = coalesce((SELECT arg_max(o.symbol, o.created) FROM orders o "
        "WHERE o.userref = core_states.userref AND o.symbol IS NOT NULL), '')"
    )


def _keep_books(connection: DuckDBPyConnection) -> None:
    """Version 3: the guard's own account of each strategy. Those of an older file follow from its states."""
    connection.execute("ALTER TABLE core_states ADD COLUMN books TEXT DEFAULT ''")


MIGRATIONS: Sequence[Migration] = (_know_whose_it_is, _keep_books)
"""`MIGRATIONS[n]` turns schema version n + 1 into n + 2, inside one transaction.

A change of the messages `Commit`, `Record` or `SaveAccount` that old JSON does not fit needs one too,
because the table `log` may hold some after a crash.
"""

_MONEY = "DECIMAL(38, 18)"

TABLES = (
    """CREATE TABLE meta (
        program TEXT, schema_version INTEGER, lineage TEXT, created BIGINT, opened BIGINT,
        exchange TEXT, simulated BOOLEAN, account TEXT, key TEXT)""",
    "CREATE TABLE log (sequence BIGINT, messages TEXT)",
    """CREATE TABLE core_states (
        userref BIGINT PRIMARY KEY, name TEXT, kind TEXT, state TEXT, number BIGINT, time BIGINT,
        symbol TEXT DEFAULT '', era INTEGER DEFAULT 0, books TEXT DEFAULT '')""",
    f"""CREATE TABLE orders (
        order_id TEXT PRIMARY KEY, userref BIGINT, symbol TEXT, side TEXT, price {_MONEY}, volume {_MONEY},
        post_only BOOLEAN, kind TEXT, cause TEXT, status TEXT, exchange_id TEXT, filled {_MONEY},
        cost {_MONEY}, fee {_MONEY}, reason TEXT, created BIGINT, updated BIGINT)""",
    f"""CREATE TABLE fills (
        order_id TEXT, fill_id TEXT, userref BIGINT, time BIGINT, volume {_MONEY}, cost {_MONEY}, fee {_MONEY},
        PRIMARY KEY (order_id, fill_id))""",
    # No index: DuckDB would keep one in memory and pay for it at every prune.
    """CREATE TABLE events (
        sequence BIGINT, digest BIGINT, time BIGINT, userref BIGINT, order_id TEXT, kind TEXT, payload TEXT)""",
    "CREATE TABLE paper_account (slot INTEGER PRIMARY KEY, account TEXT)",
    "CREATE TABLE paper_orders (exchange_id TEXT PRIMARY KEY, paper_order TEXT, closed BOOLEAN, changed BIGINT)",
)


def create_tables(connection: DuckDBPyConnection, lineage: str, now_ns: int, version: int) -> None:
    """Make an empty journal in an empty database."""
    for table in TABLES:
        connection.execute(table)
    connection.execute(
        "INSERT INTO meta VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL, NULL)", [PROGRAM, version, lineage, now_ns, now_ns]
    )


def migrate(connection: DuckDBPyConnection, found: int, migrations: Sequence[Migration]) -> None:
    """Bring a file of schema version `found` up to date, one committed version at a time."""
    for version in range(found, len(migrations) + 1):
        connection.execute("BEGIN")
        migrations[version - 1](connection)
        connection.execute("UPDATE meta SET schema_version = ?", [version + 1])
        connection.execute("COMMIT")
    if found <= len(migrations):
        # The version must be readable even when the write-ahead log is damaged later.
        connection.execute("CHECKPOINT")
