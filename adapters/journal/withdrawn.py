"""Cancels of this program's own that a restored database does not know of: the replaced one does, and hands them on.

The exchange calls such a cancel its user's. Without this knowledge the restored database would take orders that a stop
withdrew for orders that the account owner cancelled, and would not place their sells again.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import msgspec
from duckdb import DuckDBPyConnection
from msgspec import Struct

from adapters.journal.opening import SETTINGS
from adapters.journal.projection import Write
from messages.ids import ClientOrderId
from messages.journal import Commit
from messages.orders import Cancel

KIND = "withdrawn"
"""Kind of the rows in the table `events` that keep what was handed on; at time 0, so that none is the newest."""

_MESSAGES = msgspec.json.Decoder(list[Write])


class _Decision(Struct, frozen=True):
    canceled: frozenset[ClientOrderId] = frozenset()


def withdrawn_in(connection: DuckDBPyConnection) -> dict[int, frozenset[ClientOrderId]]:
    """What was handed on to an open database, by userref."""
    query = "SELECT userref, payload FROM events WHERE kind = ?"
    found: dict[int, frozenset[ClientOrderId]] = {}
    for userref, text in connection.execute(query, [KIND]).fetchall():
        ids = msgspec.json.decode(text, type=frozenset[ClientOrderId])
        found[userref] = found.get(userref, frozenset()) | ids
    return found


def known_by(database: Path) -> dict[int, frozenset[ClientOrderId]] | None:
    """Every order that this program ever decided to cancel, as a database at rest knows it; None for one that cannot be
    read. Blocks, and changes nothing."""
    try:
        with duckdb.connect(database, read_only=True, config=SETTINGS) as connection:
            return _known(connection)
    except (duckdb.Error, OSError, msgspec.MsgspecError):
        return None


def hand_on(known: Mapping[int, frozenset[ClientOrderId]], draft: Path) -> int:
    """Write into a closed database what it does not know itself; returns how many orders those are. Blocks.

    Raises DuckDB's errors.
    """
    with duckdb.connect(draft, config=SETTINGS) as connection:
        before = _known(connection)
        news = {userref: ids - before.get(userref, frozenset()) for userref, ids in known.items()}
        rows = [(userref, sorted(ids)) for userref, ids in sorted(news.items()) if ids]
        for userref, ids in rows:
            connection.execute(
                "INSERT INTO events SELECT coalesce(max(sequence), 0) + 1, 0, 0, ?, '', ?, ? FROM events",
                [userref, KIND, msgspec.json.encode(ids).decode()],
            )
        connection.execute("CHECKPOINT")
    return sum(len(ids) for _, ids in rows)


def _known(connection: DuckDBPyConnection) -> dict[int, frozenset[ClientOrderId]]:
    found: dict[int, set[ClientOrderId]] = {}
    rows = "SELECT userref, order_id FROM orders WHERE status = 'canceling' OR reason = 'requested'"
    for userref, order_id in connection.execute(rows).fetchall():
        found.setdefault(userref, set()).add(order_id)
    decisions = "SELECT userref, payload FROM events WHERE kind = 'decision'"
    for userref, text in connection.execute(decisions).fetchall():
        found.setdefault(userref, set()).update(msgspec.json.decode(text, type=_Decision).canceled)
    for (text,) in connection.execute("SELECT messages FROM log").fetchall():
        for message in _MESSAGES.decode(text):
            if isinstance(message, Commit):
                cancels = (command.order_id for command in message.commands if isinstance(command, Cancel))
                found.setdefault(message.strategy, set()).update(cancels)
    for userref, ids in withdrawn_in(connection).items():
        found.setdefault(userref, set()).update(ids)
    return {userref: frozenset(ids) for userref, ids in found.items() if ids}
