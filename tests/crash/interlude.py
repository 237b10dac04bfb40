"""Between two lives something around the program changes, and the life that meets it first is killed at a step."""

import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Literal

import duckdb
import trio
from msgspec import Struct

from simulators.kraken import DEMO_PRIVATE, KeySettings
from tests.crash.life import PATIENCE
from tests.crash.points import Point
from tests.crash.script import STAGES, START, SYMBOL
from tests.crash.session import Reference, Session, Stuck, opened
from tests.crash.verdict import Problem

AFTER = 4
"""The stage after which it happens: some orders are open, some were filled."""
SECOND_KEY = "second-key"
FIRST_KEPT_NO = {"meta": {"exchange", "simulated", "account", "key"}, "core_states": {"symbol", "era", "books"}}
"""Columns that came with later schemas."""

Ends = Literal["at rest", "running", "refused"]


class Interlude(Struct, frozen=True):
    """What changes, and how the life ends that meets it."""

    name: str
    enter: Callable[[Session], None]
    leave: Callable[[Session], None]
    """Before the session goes on."""
    ends: Ends
    """`running`: it trades elsewhere; `refused`: with exit code 2. Both must not touch an order."""


def _nothing(session: Session) -> None:
    """What has changed stays."""


def _dry(session: Session) -> None:
    session.configure(("dry_run = false", "dry_run = true"), more="[exchange.paper]\nbalances = { USD = 100000 }\n")


def _another_key(session: Session) -> None:
    session.kraken.control.add_key(KeySettings(SECOND_KEY, DEMO_PRIVATE))
    session.key = SECOND_KEY


def _rules(session: Session) -> None:
    """Other minimums, which no order meets: what is decided afterwards is the same."""
    pair = session.kraken.venue.catalogue.pair(SYMBOL)
    session.kraken.control.rules(SYMBOL, ordermin=pair.ordermin * 2, costmin=pair.costmin * 2)


def _of_schema_1(session: Session) -> None:
    """The journal as the first version kept it: it does not say whose it is."""
    with duckdb.connect(session.folder / "trial.duckdb") as connection:
        for table, columns in FIRST_KEPT_NO.items():
            there = {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
            for column in columns & there:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("UPDATE meta SET schema_version = 1")


def _another_kind(session: Session) -> None:
    other = "GridSell" if session.kind != "GridSell" else "GridHODL"
    session.configure((f'kind = "{session.kind}"', f'kind = "{other}"'))


def _another_pair(session: Session) -> None:
    session.configure(('base_currency = "BTC"', 'base_currency = "ETH"'))


def _as_before(session: Session) -> None:
    session.configure()


INTERLUDES = (
    Interlude("a dry run", _dry, _as_before, "running"),
    Interlude("another key", _another_key, _nothing, "at rest"),
    Interlude("other rules", _rules, _nothing, "at rest"),
    Interlude("a journal of schema 1", _of_schema_1, _nothing, "at rest"),
    Interlude("another kind", _another_kind, _as_before, "refused"),
    Interlude("another pair", _another_pair, _as_before, "refused"),
)


async def steps_of(kind: str, interlude: Interlude, reference: Reference) -> list[Point]:
    """What the life goes through that meets it."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(kind) as session:
            await _begin(session, reference)
            interlude.enter(session)
            session.record(Path(folder) / "steps.txt")
            session.live()
            await _meet(session, interlude)
            return session.points()


async def played(kind: str, interlude: Interlude, point: Point | None, reference: Reference) -> list[Problem]:
    """The session with it, the life that meets it killed at `point`; what went wrong."""
    problems: list[Problem] = []
    async with opened(kind) as session:
        try:
            price = await _begin(session, reference)
            interlude.enter(session)
            before = _orders(session)
            session.live_until(point)
            await _meet(session, interlude)
            if interlude.ends != "at rest" and _orders(session) != before:
                problems.append(Problem("orphan", f"{interlude.name} touched orders: {_orders(session)}, not {before}"))
            interlude.leave(session)
            session.live()
            await _go_on(session, price, reference)
        except Stuck as error:
            problems.append(Problem("stuck", f"{error}\n{session.told()[-2000:]}"))
        return problems + session.problems()


async def _begin(session: Session, reference: Reference) -> Decimal:
    """Up to the interlude; the price at which trades go on."""
    session.live()
    price = START
    for index in range(AFTER + 1):
        price = session.move(index)
        await session.reaches(price, reference.pictures[index])
    session.kill()
    return price


async def _meet(session: Session, interlude: Interlude) -> None:
    """Until it is killed, has ended, or has got where it should; then it is gone."""
    match interlude.ends:
        case "refused":
            code = await session.ended()
            if code != 2 and not session.was_killed:
                raise Stuck(f"{interlude.name} ended with {code}, not with 2")
        case "running":
            await _running(session)
        case "at rest":
            with trio.move_on_after(PATIENCE):
                await _running(session)
    session.kill()


async def _running(session: Session) -> None:
    with trio.move_on_after(PATIENCE):
        while not session.is_over:
            page = await session.page()
            if page is not None and page.state == "RUNNING":
                await trio.sleep(0.2)
                return
            await trio.sleep(0.02)
    if session.is_over and not session.was_killed:
        raise Stuck("it ended by itself")


async def _go_on(session: Session, price: Decimal, reference: Reference) -> None:
    await session.reaches(price, reference.pictures[AFTER])
    for index in range(AFTER + 1, len(STAGES)):
        await session.reaches(session.move(index), reference.pictures[index])
    await session.stop()


def _orders(session: Session) -> list[tuple[str, Decimal, Decimal]]:
    """Everything that is open."""
    return sorted((o.txid, o.price, o.volume) for o in session.kraken.control.open_orders())
