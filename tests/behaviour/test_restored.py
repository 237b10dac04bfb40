"""A backup from before a stop that cancelled everything is restored: what the stop cancelled is placed again."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import trio

from adapters.journal.backing_up import at_rest, save
from adapters.journal.restoring import put_in_place
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
