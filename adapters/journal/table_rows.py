"""Reading and writing the rows of the journal's tables."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from duckdb import DuckDBPyConnection
from msgspec import Struct

from adapters.journal.projection import CONDITION, EventRow, FillRow, OrderRow, RowChanges, Write, concerned
from adapters.journal.withdrawn import KIND as WITHDRAWN
from messages.ids import ClientOrderId
from messages.journal import Commit, Origin, Owner, Past, PastOrder
from messages.money import ZERO, Side

_PRUNE_EVERY = 1_000
"""Rows between two looks at the retention."""


class Retention(Struct, frozen=True):
    """How many rows stay of what would otherwise grow without end. Orders and fills are all kept."""

    events: int = 200_000
    paper_orders: int = 50_000
    """Closed ones; open ones all stay."""


class _Facts(Struct, frozen=True):
    status: str


class _PaperOrder(Struct, frozen=True):
    """The one thing in the text of a paper order that matters here."""

    facts: _Facts


class _State(Struct, frozen=True):
    """What matters here in the text of a strategy's state."""

    orders: dict[ClientOrderId, msgspec.Raw] = {}


def _past_order(
    side: Side, price: Decimal, volume: Decimal, order_id: ClientOrderId, filled: Decimal | None
) -> PastOrder:
    filled = (filled or ZERO).normalize()
    return PastOrder(side, price.normalize(), (volume - filled).normalize(), order_id, filled)


class Tables:
    """The tables that the log is turned into."""

    def __init__(self, connection: DuckDBPyConnection, retention: Retention) -> None:
        self._connection = connection
        self._retention = retention
        self._newest_event = self._number("SELECT max(sequence) FROM events")
        self._newest_paper = self._number("SELECT max(changed) FROM paper_orders")

    def apply(self, messages: Sequence[Write]) -> None:
        """Bring all rows up to date. To be called inside a transaction."""
        changes = RowChanges(self._orders(concerned(messages)))
        for message in messages:
            changes.apply(message)
        self._write_cores(changes)
        self._write_orders(changes)
        self._write_events(list(changes.events.values()))
        self._write_account(changes)
        if changes.owner is not None:
            owner = changes.owner
            self._connection.execute(
                "UPDATE meta SET exchange = ?, simulated = ?, account = ?, key = ?",
                [owner.exchange, owner.simulated, owner.account, owner.key],
            )

    def owner(self) -> Owner | None:
        """Whose the journal is, as far as it was ever written."""
        row = self._connection.execute("SELECT exchange, simulated, account, key FROM meta").fetchone()
        return Owner(row[0], bool(row[1]), row[2] or "", row[3] or "") if row and row[0] else None

    def origins(self, userrefs: Sequence[int]) -> dict[int, Origin]:
        """What the strategies' states were made for; of unknown ones nothing."""
        query = "SELECT userref, kind, symbol, era, books FROM core_states WHERE userref IN (SELECT unnest(?))"
        rows = self._connection.execute(query, [list(userrefs)]).fetchall() if userrefs else []
        return {row[0]: Origin(row[1] or "", row[2] or "", row[3] or 0, row[4] or "") for row in rows}

    def pasts(self) -> list[Past]:
        """What there is of every userref, by userref."""
        rows = self._connection.execute(
            "SELECT userref, name, kind, symbol, state FROM core_states ORDER BY userref"
        ).fetchall()
        orders: dict[int, list[PastOrder]] = {}
        for userref, *order in self._connection.execute(
            "SELECT userref, side, price, volume, order_id, filled FROM orders "
            "WHERE status IN ('requested', 'open', 'canceling') AND symbol IS NOT NULL ORDER BY price DESC"
        ).fetchall():
            orders.setdefault(userref, []).append(_past_order(*order))
        bought = self._connection.execute(
            "SELECT o.userref, sum(CASE WHEN side = 'buy' THEN filled ELSE -filled END) FROM orders o "
            "JOIN core_states c ON c.userref = o.userref AND c.symbol = o.symbol GROUP BY o.userref"
        ).fetchall()
        owned = {userref: Decimal(amount).normalize() for userref, amount in bought}
        return [
            Past(
                userref,
                name,
                kind,
                symbol,
                state,
                tuple(orders.get(userref, ())),
                owned.get(userref, ZERO),
                self._ended(state),
            )
            for userref, name, kind, symbol, state in rows
        ]

    def _ended(self, state: str) -> frozenset[ClientOrderId]:
        """Client ids of orders that the state holds although they have ended."""
        try:
            ids = list(msgspec.json.decode(state, type=_State).orders)
        except msgspec.DecodeError:
            return frozenset()  # a plug-in's own form
        query = "SELECT order_id FROM orders WHERE status IN ('filled', 'canceled') AND order_id IN (SELECT unnest(?))"
        rows = self._connection.execute(query, [ids]).fetchall() if ids else []
        return frozenset(row[0] for row in rows)

    def load_cores(self, userrefs: Sequence[int]) -> dict[int, str]:
        """The strategies' states as JSON texts; of unknown ones nothing."""
        query = "SELECT userref, state FROM core_states WHERE userref IN (SELECT unnest(?))"
        return dict(self._connection.execute(query, [list(userrefs)]).fetchall()) if userrefs else {}

    def newest_time(self) -> int:
        """Time of the newest order event or decision, in nanoseconds UTC; 0 when there is none."""
        return self._number(f"SELECT max(time) FROM events WHERE kind <> '{CONDITION}'")  # noqa: S608 - a constant

    def load_account(self) -> tuple[str | None, dict[str, str]]:
        """The paper exchange's account and its orders, in the order of their last change."""
        row = self._connection.execute("SELECT account FROM paper_account").fetchone()
        orders = self._connection.execute("SELECT exchange_id, paper_order FROM paper_orders ORDER BY changed")
        return (None if row is None else str(row[0])), dict(orders.fetchall())

    def _orders(self, ids: Sequence[ClientOrderId]) -> dict[ClientOrderId, OrderRow]:
        if not ids:
            return {}
        query = "SELECT * FROM orders WHERE order_id IN (SELECT unnest(?))"
        rows = self._connection.execute(query, [list(ids)]).fetchall()
        return {row[0]: OrderRow(*row) for row in rows}

    def _write_cores(self, changes: RowChanges) -> None:
        before = self.origins(list(changes.cores))
        rows = [
            (
                c.strategy,
                c.name,
                c.kind,
                c.state,
                c.number,
                c.time,
                *_made_for(c, before.get(c.strategy, Origin())),
                c.books,
            )
            for c in changes.cores.values()
        ]
        self._insert("INSERT OR REPLACE INTO core_states", rows)

    def _write_orders(self, changes: RowChanges) -> None:
        self._insert("INSERT OR REPLACE INTO orders", [_values(row) for row in changes.orders.values()])
        # Two executions may share an id when one event sums them up; then the sums are what is true.
        self._insert(
            "INSERT INTO fills",
            [_values(row) for row in changes.fills.values()],
            "ON CONFLICT DO UPDATE SET time = excluded.time, volume = fills.volume + excluded.volume, "
            "cost = fills.cost + excluded.cost, fee = fills.fee + excluded.fee",
        )

    def _write_events(self, events: list[EventRow]) -> None:
        if not events:
            return
        query = "SELECT digest FROM events WHERE digest IN (SELECT unnest(?))"
        found = self._connection.execute(query, [[event.digest for event in events]]).fetchall()
        known = {digest for (digest,) in found}
        new = [event for event in events if event.digest not in known]
        first = self._newest_event + 1
        self._insert("INSERT INTO events", [(first + n, *_values(event)) for n, event in enumerate(new)])
        if self._newest_event // _PRUNE_EVERY < (self._newest_event + len(new)) // _PRUNE_EVERY:
            oldest = self._newest_event + len(new) - self._retention.events
            self._connection.execute("DELETE FROM events WHERE sequence <= ? AND kind <> ?", [oldest, WITHDRAWN])
        self._newest_event += len(new)

    def _write_account(self, changes: RowChanges) -> None:
        if changes.account is not None:
            self._insert("INSERT OR REPLACE INTO paper_account", [(1, changes.account)])
        first = self._newest_paper + 1
        rows = [
            (exchange_id, text, _is_closed(text), first + n)
            for n, (exchange_id, text) in enumerate(changes.paper_orders.items())
        ]
        self._insert("INSERT OR REPLACE INTO paper_orders", rows)
        if self._newest_paper // _PRUNE_EVERY < (self._newest_paper + len(rows)) // _PRUNE_EVERY:
            self._connection.execute(
                "DELETE FROM paper_orders WHERE closed AND exchange_id NOT IN "
                "(SELECT exchange_id FROM paper_orders WHERE closed ORDER BY changed DESC LIMIT ?)",
                [self._retention.paper_orders],
            )
        self._newest_paper += len(rows)

    def _insert(self, head: str, rows: Sequence[tuple[Any, ...]], tail: str = "") -> None:
        """Insert all rows with one statement of one list per column.

        Ten times as fast as one parameter per value, and a hundred times as fast as `executemany`.
        """
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        marks = ", ".join(_mark(column) for column in columns)
        lists = [[_text(value) for value in column] for column in columns]
        self._connection.execute(f"{head} SELECT {marks} {tail}", lists)

    def _number(self, query: str) -> int:
        row = self._connection.execute(query).fetchone()
        return row[0] if row is not None and row[0] is not None else 0


def _made_for(commit: Commit, before: Origin) -> tuple[str, int]:
    """Pair and era: another kind or pair under the same userref begins a new one."""
    symbol = commit.symbol or before.symbol
    changed = before.kind not in ("", commit.kind) or before.symbol not in ("", symbol)
    return symbol, before.era + changed


def _values(row: OrderRow | FillRow | EventRow) -> tuple[Any, ...]:
    return msgspec.structs.astuple(row)


def _mark(column: Sequence[object]) -> str:
    if any(isinstance(value, Decimal) for value in column):
        return "unnest(?::VARCHAR[])::DECIMAL(38, 18)"
    if all(value is None for value in column):
        return "unnest(?::VARCHAR[])"
    return "unnest(?)"


def _text(value: object) -> object:
    """Money as text: DuckDB guesses one type for a whole list, and might guess a float."""
    return f"{value:f}" if isinstance(value, Decimal) else value


def _is_closed(paper_order: str) -> bool:
    try:
        status = msgspec.json.decode(paper_order, type=_PaperOrder).facts.status
    except msgspec.DecodeError:
        return False  # what is not understood is kept
    return status != "open"
