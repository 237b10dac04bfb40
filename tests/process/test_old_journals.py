"""A journal of any format that ever was: opened by today's program, which goes on with its orders.

`python -m tests.process.test_old_journals FOLDER` writes one of today's format.
"""

import gzip
import math
import re
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from adapters.journal.table_schema import MIGRATIONS
from tests.process import running

pytestmark = pytest.mark.process

FORMATS = running.ROOT / "tests" / "adapters" / "journal" / "formats"
NEWEST = len(MIGRATIONS) + 1
VERSIONS = range(1, NEWEST + 1)

START = 1_700_000_000
LIVED, MORE = 1500, 200
"""Rows of prices, one every ten seconds, that the journals have seen, and that follow."""

TEXT = """
[bot]
name = "kept"
[exchange]
adapter = "paper"
[exchange.paper]
balances = {{ USD = 20000, ETH = 5 }}
maker_fee = 0.0005
taker_fee = 0.0010
prices = "{prices}"
speed = 0
[exchange.paper.pairs."ETH/USD"]
tick_size = 0.01
lot_decimals = 8
min_volume = 0.001
min_cost = 0.5
[persistence]
database = "journal.duckdb"
[metrics]
enabled = false
"""

STRATEGY = """
[[strategy]]
name = "{kind}"
kind = "{kind}"
base_currency = "ETH"
quote_currency = "USD"
userref = {userref}
amount_per_grid = 100
interval = 0.01
n_open_buy_orders = 3
max_investment = 3000
"""

Row = tuple[object, ...]


def wave(first: int, number: int) -> str:
    """Made-up trades through some grid levels; row n is the same in every call."""
    rows = (
        f"{START + row * 10},{2000 * (1 + 0.03 * math.sin(row / 90) + 0.012 * math.sin(row / 17)):.2f},0.5"
        for row in range(first, first + number)
    )
    return "time_seconds,price,volume\n" + "\n".join(rows) + "\n"


def live(folder: Path, first: int, number: int) -> str:
    """Run the program over these rows; returns its log."""
    folder.mkdir(exist_ok=True)
    prices = f"from-{first}.csv"  # the paper exchange goes on in a file of the same name where it was
    text = TEXT.format(prices=prices) + "".join(
        STRATEGY.format(kind=kind, userref=userref) + ("sell_existing_base = true\n" if kind == "SWING" else "")
        for userref, kind in enumerate(running.KINDS, 1)
    )
    (folder / "kept.toml").write_text(text, "utf-8")
    (folder / prices).write_text(wave(first, number), "utf-8")
    ended = running.run_to_end(folder, "kept.toml")
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def unpacked(folder: Path, version: int) -> Path:
    """The journal of this format, in a folder of its own."""
    path = folder / "journal.duckdb"
    path.write_bytes(gzip.decompress((FORMATS / f"{version}.duckdb.gz").read_bytes()))
    path.chmod(0o600)
    return path


def rows(path: Path, query: str) -> list[Row]:
    """What the journal answers."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


CLOSED = """SELECT userref, side, price, volume, status, exchange_id, filled, cost, fee, created, updated
    FROM orders WHERE status NOT IN ('open', 'requested') ORDER BY exchange_id, userref, created"""
FILLS = "SELECT userref, fill_id, time, volume, cost, fee FROM fills ORDER BY fill_id"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_file_of_each_format_is_one(version: int, tmp_path: Path) -> None:
    """Raising the schema version without adding the file of the last one fails here."""
    assert rows(unpacked(tmp_path, version), "SELECT schema_version FROM meta") == [(version,)]


def test_a_journal_of_each_format_trades_on(tmp_path: Path) -> None:
    """And as if today's program alone had written it, over the same prices."""
    folder = tmp_path / "uninterrupted"
    live(folder, 0, LIVED)
    live(folder, LIVED, MORE)
    for version in VERSIONS:
        place = tmp_path / str(version)
        place.mkdir()
        trades_on(place, version, folder / "journal.duckdb")


def trades_on(folder: Path, version: int, uninterrupted: Path) -> None:
    """Fails unless the journal of this format goes on as the uninterrupted one did."""
    path = unpacked(folder, version)
    closed, fills = rows(path, CLOSED), rows(path, FILLS)
    assert len(fills) > 100
    log = live(folder, LIVED, MORE)
    assert not re.search("ERROR|halt|cannot|lost", log), log
    assert rows(path, "SELECT schema_version FROM meta") == [(NEWEST,)]
    assert [row for row in rows(path, CLOSED) if row in set(closed)] == closed, "what was over stays as it was"
    assert rows(path, FILLS)[: len(fills)] == fills
    assert rows(path, FILLS) == rows(uninterrupted, FILLS), "and goes on as if it had always been today's"
    assert rows(path, CLOSED) == rows(uninterrupted, CLOSED)
    assert running.paper_account(path) == running.paper_account(uninterrupted)
    assert running.placed_twice(path) == []
    usd = Decimal(20000)
    for _, side, _, _, cost, fee, _ in running.fills(path):
        assert isinstance(cost, Decimal)
        assert isinstance(fee, Decimal)
        usd += (cost if side == "sell" else -cost) - fee
    assert running.paper_account(path)["USD"] == usd


if __name__ == "__main__":
    live(Path(sys.argv[1]), 0, LIVED)
