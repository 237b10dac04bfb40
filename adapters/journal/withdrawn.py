"""Cancels of this program's own that a restored database does not know of: the replaced one does, and hands them on.

The exchange calls such a cancel its user's. Without this knowledge the restored database would take orders that a stop
withdrew for orders that the account owner cancelled, and would not place their sells again.
"""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
from duckdb import DuckDBPyConnection
from msgspec import Struct

from adapters.journal.opening import SETTINGS
from adapters.journal.projection import Write
from messages.ids import ClientOrderId
from messages.journal import Commit, Record
from messages.orders import Cancel, Canceled, Place

KIND = "withdrawn"
"""Kind of the rows in the table `events` that keep what was handed on; at time 0, so that none is the newest."""
RESTORED = "restored"
"""Kind of the row that says from where on a restored database goes on, and how many decisions its log still adds behind
it by strategy; at time 0, too."""

_MESSAGES = msgspec.json.Decoder(list[Write])


class SellsSince(Struct, frozen=True):
    """What has become of sells since a backup, as the replaced database knows it: prices, from the lowest up."""

    withdrawn: tuple[Decimal, ...] = ()
    """The program itself cancelled their newest attempts: they are due again."""
    by_hand: tuple[Decimal, ...] = ()
    """The account owner did: they stay away."""


class _Attempt(Struct, frozen=True):
    """The newest of the sells that answer one fill."""

    number: int
    order_id: ClientOrderId
    price: Decimal
    by_hand: bool = False


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


def is_restored(connection: DuckDBPyConnection, userref: int) -> bool:
    """Whether an open database was restored, and this strategy has decided nothing since."""
    row = connection.execute(
        "SELECT sequence, payload FROM events WHERE kind = ? ORDER BY sequence DESC LIMIT 1", [RESTORED]
    ).fetchone()
    if row is None:
        return False
    of_backup = msgspec.json.decode(row[1], type=dict[int, int]).get(userref, 0)
    query = "SELECT count(*) FROM events WHERE kind = 'decision' AND userref = ? AND sequence > ?"
    later = connection.execute(query, [userref, row[0]]).fetchone()
    return later is not None and later[0] <= of_backup


def mark_restored(draft: Path) -> None:
    """Note in a closed database that it was restored. Blocks; raises DuckDB's errors."""
    with duckdb.connect(draft, config=SETTINGS) as connection:
        in_log = Counter(message.strategy for message in _logged(connection) if isinstance(message, Commit))
        _note(connection, 0, RESTORED, msgspec.json.encode(dict(in_log)).decode())
        connection.execute("CHECKPOINT")


def _logged(connection: DuckDBPyConnection) -> list[Write]:
    """Messages that the tables do not show yet."""
    rows = connection.execute("SELECT messages FROM log ORDER BY sequence").fetchall()
    return [message for (text,) in rows for message in _MESSAGES.decode(text)]


def by_hand_in(database: Path) -> frozenset[ClientOrderId]:
    """Orders that the account owner has cancelled, as a database at rest knows it. Blocks; raises DuckDB's errors."""
    with duckdb.connect(database, read_only=True, config=SETTINGS) as connection:
        return frozenset(_by_hand(connection))


def sells_since(
    database: Path, handed_on: AbstractSet[ClientOrderId], before: AbstractSet[ClientOrderId]
) -> SellsSince:
    """What a database at rest says of sells. Blocks; raises DuckDB's errors.

    `handed_on` and `before`: what the program has cancelled since the backup, and the account owner before it.
    """
    with duckdb.connect(database, read_only=True, config=SETTINGS) as connection:
        newest = _newest_sells(connection)
    withdrawn = sorted(sell.price for sell in newest if not sell.by_hand and sell.order_id in handed_on)
    by_hand = sorted(sell.price for sell in newest if sell.by_hand and sell.order_id not in before)
    return SellsSince(tuple(withdrawn), tuple(by_hand))


def hand_on(known: Mapping[int, frozenset[ClientOrderId]], draft: Path) -> frozenset[ClientOrderId]:
    """Write into a closed database what it does not know itself; returns these orders. Blocks.

    Raises DuckDB's errors.
    """
    with duckdb.connect(draft, config=SETTINGS) as connection:
        before = _known(connection)
        news = {userref: ids - before.get(userref, frozenset()) for userref, ids in known.items()}
        rows = [(userref, sorted(ids)) for userref, ids in sorted(news.items()) if ids]
        for userref, ids in rows:
            _note(connection, userref, KIND, msgspec.json.encode(ids).decode())
        connection.execute("CHECKPOINT")
    return frozenset(order_id for _, ids in rows for order_id in ids)


def _note(connection: DuckDBPyConnection, userref: int, kind: str, payload: str) -> None:
    insert = "INSERT INTO events SELECT coalesce(max(sequence), 0) + 1, 0, 0, ?, '', ?, ? FROM events"
    connection.execute(insert, [userref, kind, payload])


def _known(connection: DuckDBPyConnection) -> dict[int, frozenset[ClientOrderId]]:
    found: dict[int, set[ClientOrderId]] = {}
    rows = "SELECT userref, order_id FROM orders WHERE status = 'canceling' OR reason = 'requested'"
    for userref, order_id in connection.execute(rows).fetchall():
        found.setdefault(userref, set()).add(order_id)
    decisions = "SELECT userref, payload FROM events WHERE kind = 'decision'"
    for userref, text in connection.execute(decisions).fetchall():
        found.setdefault(userref, set()).update(msgspec.json.decode(text, type=_Decision).canceled)
    for message in _logged(connection):
        if isinstance(message, Commit):
            cancels = (command.order_id for command in message.commands if isinstance(command, Cancel))
            found.setdefault(message.strategy, set()).update(cancels)
    for userref, ids in withdrawn_in(connection).items():
        found.setdefault(userref, set()).update(ids)
    return {userref: frozenset(ids) for userref, ids in found.items() if ids}


def _by_hand(connection: DuckDBPyConnection) -> set[ClientOrderId]:
    """Orders that the account owner has cancelled, and whose cancel the program had not decided itself."""
    rows = connection.execute("SELECT order_id FROM orders WHERE status = 'canceled' AND reason = 'by hand'").fetchall()
    found = {ClientOrderId(order_id) for (order_id,) in rows}
    for message in _logged(connection):
        event = message.event if isinstance(message, Record) else None
        if isinstance(event, Canceled) and event.reason == "by hand":
            found.add(event.order_id)
    return found.difference(*_known(connection).values())


def _newest_sells(connection: DuckDBPyConnection) -> list[_Attempt]:
    """The newest attempt for each fill that a sell answers or has answered."""
    asked = "SELECT order_id, cause, price FROM orders WHERE side = 'sell' AND kind = 'counter' AND cause IS NOT NULL"
    rows = [(ClientOrderId(row[0]), str(row[1]), Decimal(row[2])) for row in connection.execute(asked).fetchall()]
    for message in _logged(connection):
        places = (one for one in message.commands if isinstance(one, Place)) if isinstance(message, Commit) else ()
        rows += [(p.order_id, p.cause, p.price) for p in places if (p.side, p.kind) == ("sell", "counter")]
    by_hand = _by_hand(connection)
    newest: dict[str, _Attempt] = {}
    for order_id, cause, price in rows:
        fill, _, number = cause.partition("#")
        attempt = _Attempt(int(number or 0), order_id, price, order_id in by_hand)
        if fill not in newest or newest[fill].number < attempt.number:
            newest[fill] = attempt
    return list(newest.values())
