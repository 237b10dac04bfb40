"""F. Database: one file, one writer."""

import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from supervision.restart import root_cause
from supervision.stop_request import ProgramFailed
from tests.faults.world import opened
from tests.oracle.foretold import Grid
from tests.pains.worlds import shown
from trading.ports import DatabaseUnusable

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


async def test_pain_28_a_file_in_other_hands_is_a_sentence_and_not_a_lock_error(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as world:
        world.disk = None
        with subprocess.Popen(  # noqa: ASYNC220 - the clock of this test stands still meanwhile
            [sys.executable, "-c", HOLD, str(world.database)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdout is not None
            assert other.stdin is not None
            other.stdout.readline()
            try:
                with pytest.raises(BaseException, match=r".") as raised:
                    async with world.program("GridHODL"):
                        pass
            finally:
                other.stdin.close()
        cause = root_cause(raised.value)
        assert isinstance(cause, DatabaseUnusable)
        assert str(world.database) in str(cause)
        assert world.control.requests() == []


async def test_pain_29_a_copy_of_the_one_file_is_a_backup(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("GridSell")
    async with opened(tmp_path) as world:
        world.disk = None
        async with world.trading("GridSell"):
            await shown(world, grid.trade("50000.0"))
            world.move("49500.0")
            await shown(world, grid.trade("49500.0"))
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {"trial.duckdb", "trial.duckdb.nonce"}
        shutil.move(world.database, tmp_path / "backup")
        shutil.copy(tmp_path / "backup", world.database)
        async with world.trading("GridSell"):
            world.move("50000.0")
            await shown(world, grid.trade("50000.0"))
            await world.until(lambda: world.report.sells_filled == 1, 10, lambda: world.report)
            assert world.report.buys_filled == 1


async def test_pain_30_a_restart_acts_on_the_price_of_now(tmp_path: Path, autojump_clock: MockClock) -> None:
    grid = Grid("GridHODL")
    async with opened(tmp_path) as world:
        async with world.trading("GridHODL"):
            await shown(world, grid.trade("50000.0"))
        world.move("60000.0")
        async with world.trading("GridHODL"):
            await shown(world, grid.trade("60000.0"))
        placed = [order.price for order in world.control.open_orders()]
        assert min(placed) > Decimal(57000)
        assert world.disk is not None
        assert '"ticker"' not in world.disk.cores[1001]


async def test_pain_30_nonces_that_cannot_be_read_end_with_code_6(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with opened(tmp_path) as world:
        (tmp_path / "trial.duckdb.nonce").write_text("not a number")
        with pytest.raises(BaseException, match=r".") as raised:
            async with world.program("GridHODL"):
                await trio.sleep(300)
        failure = root_cause(raised.value)
        assert isinstance(failure, ProgramFailed)
        assert (failure.exit_code, "nonces" in failure.reason) == (6, True)
