"""A database as the first version of the program left it."""

from pathlib import Path

import duckdb


def old(path: Path, *, play_money: bool) -> None:
    """A file as schema version 1 left it."""
    with duckdb.connect(path) as connection:
        for statement in (
            "CREATE TABLE meta (program TEXT, schema_version INTEGER, lineage TEXT, created BIGINT, opened BIGINT)",
            "INSERT INTO meta VALUES ('infinity-grid-trio', 1, 'the-lineage', 1, 1)",
            "CREATE TABLE log (sequence BIGINT, messages TEXT)",
            (
                "CREATE TABLE core_states (userref BIGINT PRIMARY KEY, name TEXT, kind TEXT, state TEXT, "
                "number BIGINT, time BIGINT)"
            ),
            "INSERT INTO core_states VALUES (1001, 'btc', 'GridHODL', '{}', 3, 7)",
            (
                "CREATE TABLE orders (order_id TEXT PRIMARY KEY, userref BIGINT, symbol TEXT, side TEXT, "
                "price DECIMAL(38, 18), volume DECIMAL(38, 18), post_only BOOLEAN, kind TEXT, cause TEXT, status TEXT, "
                "exchange_id TEXT, filled DECIMAL(38, 18), cost DECIMAL(38, 18), fee DECIMAL(38, 18), reason TEXT, "
                "created BIGINT, updated BIGINT)"
            ),
            (
                "INSERT INTO orders VALUES "
                "('o1', 1001, 'ETH/USD', 'buy', 100, 2, true, 'ladder', 'c', 'open', 'X', 0, 0, 0, '', 4, 4), "
                "('o2', 1001, 'BTC/USD', 'buy', 90, 2, true, 'ladder', 'c', 'open', 'X', 0, 0, 0, '', 5, 5)"
            ),
            (
                "CREATE TABLE fills (order_id TEXT, fill_id TEXT, userref BIGINT, time BIGINT, volume DECIMAL(38, 18), "
                "cost DECIMAL(38, 18), fee DECIMAL(38, 18), PRIMARY KEY (order_id, fill_id))"
            ),
            (
                "CREATE TABLE events (sequence BIGINT, digest BIGINT, time BIGINT, userref BIGINT, order_id TEXT, "
                "kind TEXT, payload TEXT)"
            ),
            "CREATE TABLE paper_account (slot INTEGER PRIMARY KEY, account TEXT)",
            (
                "CREATE TABLE paper_orders (exchange_id TEXT PRIMARY KEY, paper_order TEXT, closed BOOLEAN, "
                "changed BIGINT)"
            ),
            *(["INSERT INTO paper_account VALUES (1, '{}')"] if play_money else []),
        ):
            connection.execute(statement)
