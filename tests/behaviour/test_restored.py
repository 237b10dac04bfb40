"""A backup from before a stop that cancelled everything is restored: what the stop cancelled is placed again."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import trio

from adapters.journal.backing_up import at_rest, save
from adapters.journal.restoring import Restored, put_in_place
from adapters.journal.withdrawn import SellsSince
from tests.behaviour.accounts import account
from tests.behaviour.desk import opened, until

pytestmark = pytest.mark.process

D = Decimal


@pytest.mark.parametrize("again", [False, True])
async def test_sells_that_a_stop_cancelled_after_the_backup_are_placed_again(tmp_path: Path, again: bool) -> None:
    """Once: also where the program has placed them again itself before the backup is restored (`again`)."""
    database, backup = tmp_path / "trial.duckdb", tmp_path / "backup"

    def back_up() -> None:
        with at_rest(database) as snapshot:
            save(snapshot, backup)

    def restore() -> None:
        put_in_place(backup, database, datetime(2026, 11, 28, tzinfo=UTC))

    async with opened(tmp_path, accounts=account(ZUSD="10000", XXBT="0")) as desk:

        def sells() -> list[Decimal]:
            return sorted(order.price for order in desk.own() if order.side == "sell")

        async with desk.trading("GridHODL", buys="3"):
            await until(lambda: len(desk.own()) == 3, desk.ladder)
            desk.kraken.control.price("BTC/USD", D("49504.9"))
            await until(lambda: len(sells()) == 1, desk.ladder)
        before = sells()
        await trio.to_thread.run_sync(back_up)
        async with desk.trading("GridHODL", buys="3", on_stop="cancel-all"):
            await until(lambda: len(desk.own()) == 4, desk.ladder)
        assert desk.own() == []
        if again:
            async with desk.trading("GridHODL", buys="3"):
                await until(lambda: sells() == before, desk.ladder)
        await trio.to_thread.run_sync(restore)
        async with desk.trading("GridHODL", buys="3") as handle:
            await until(lambda: sells() == before and len(desk.own()) == 4, desk.ladder)
            (report,) = handle.status().strategies
            assert not [one for one in report.waiting if "released" in one]


@pytest.mark.parametrize("is_lost", [False, True])
async def test_sells_come_first_and_none_that_was_cancelled_by_hand(tmp_path: Path, is_lost: bool) -> None:
    """At once, in a market that is quiet, and never beyond `max_investment`; `is_lost`: the replaced database is."""
    database, backup = tmp_path / "trial.duckdb", tmp_path / "backup"
    terms = {"investment": "620", "on_stop": "cancel-all"}

    def back_up() -> None:
        with at_rest(database) as snapshot:
            save(snapshot, backup)

    def restore() -> Restored:
        if is_lost:
            database.unlink()
        return put_in_place(backup, database, datetime(2026, 11, 28, tzinfo=UTC))

    async with opened(tmp_path, accounts=account(ZUSD="10000", XXBT="0")) as desk:

        def sells() -> list[Decimal]:
            return sorted(order.price for order in desk.own() if order.side == "sell")

        async with desk.trading("GridHODL", investment="620"):
            await until(lambda: len(desk.own()) == 5, desk.ladder)
            desk.move("49504.9")
            await until(lambda: len(sells()) == 1, desk.ladder)
            desk.move("49014.6")
            await until(lambda: len(sells()) == 2 and len(desk.own()) == 6, desk.ladder)
        near, far = sells()
        await trio.to_thread.run_sync(back_up)
        async with desk.trading("GridHODL", **terms):
            await until(lambda: len(desk.own()) == 6, desk.ladder)
        async with desk.trading("GridHODL", **terms) as handle:
            await until(lambda: len(desk.own()) == 6, desk.ladder)
            desk.kraken.control.cancel(next(order.txid for order in desk.own() if order.price == near))
            await until(lambda: any("released" in one for one in handle.status().strategies[0].waiting), desk.ladder)
        done = await trio.to_thread.run_sync(restore)
        assert done.sells == (SellsSince() if is_lost else SellsSince((far,), (near,)))
        async with desk.trading("GridHODL", investment="620") as handle:
            await until(lambda: len(desk.own()) == (5 if is_lost else 6), desk.ladder, patience=5)
            assert sells() == ([] if is_lost else [far])
            (report,) = handle.status().strategies
            assert report.investment < Decimal(620)
            released = [one for one in report.waiting if "released" in one]
            assert len(released) == (2 if is_lost else 1)
            assert all("--take-back trial" in one for one in released)
            assert not [row for row in report.held_up if row.code == "sell waits"]
