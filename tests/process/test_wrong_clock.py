"""A machine whose clock is wrong: what it does while it is, and that nothing is spoilt once it is right."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.process.at_kraken import BTC, desk
from tests.process.running import placed_twice

pytestmark = pytest.mark.process

DAY = 86_400.0


@pytest.mark.parametrize("ahead", [-365 * DAY, -3600.0, 3600.0, 365 * DAY])
async def test_a_first_start_with_a_wrong_clock_spoils_nothing_for_the_next_one(tmp_path: Path, ahead: float) -> None:
    async with desk(tmp_path) as kraken:
        kraken.configure()
        with kraken.program(world={"clock": ahead}) as life:
            await life.trades()
            await life.falls("49500.0", 1)
            assert "s off the exchange's; is NTP on?" in life.said()
            assert await life.stop() == 0
        kraken.kraken.control.price(BTC, Decimal("49000.0"))
        with kraken.program() as life:
            await life.until(lambda: kraken.sides() == (3, 2))
            assert "Invalid nonce" not in life.said()
            assert await life.stop() == 0
        refused = [entry.outcome for entry in kraken.kraken.control.requests() if "nonce" in entry.params]
        assert set(refused) == {"ok"}
    assert placed_twice(tmp_path / "trial.duckdb") == []


async def test_another_folder_with_the_same_key_goes_on_right_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with desk(tmp_path / "one") as kraken:
        kraken.configure()
        for _ in range(2):
            with kraken.program() as life:
                await life.trades()
        for order in kraken.kraken.control.open_orders("demo"):
            kraken.kraken.control.cancel(order.txid)
        kraken.folder = tmp_path / "two"
        kraken.configure()
        with kraken.program() as life:
            await life.trades()
            assert "Invalid nonce" not in life.said()
            assert await life.stop() == 0
