"""The whole program over a day of trades: what it did must add up to the last unit."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.data import market_data
from tests.process import running

pytestmark = pytest.mark.process

START_USD, START_ETH = Decimal(20000), Decimal(5)


MADE_UP = running.ROOT / "config" / "prices" / "trades.csv"


@pytest.fixture(params=["made up", "real"])
def replayed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The journal after the ready-made replay, over its own day or over 2021-07-02."""
    prices = MADE_UP if request.param == "made up" else market_data("gemini-ethusd-trades-20210702.csv.gz")
    text = (running.ROOT / "config" / "replay.toml").read_text()
    (tmp_path / "replay.toml").write_text(text.replace('"prices/trades.csv"', f'"{prices}"'))
    ended = running.run_to_end(tmp_path, "replay.toml")
    assert ended.returncode == 0, ended.stderr
    return tmp_path / "infinity-grid-replay.duckdb"


def test_balances_orders_and_fills_of_a_day_agree(replayed: Path) -> None:
    fills = running.fills(replayed)
    assert len(fills) > 30
    base = quote = Decimal(0)
    for _, side, _, volume, cost, fee, _ in fills:
        assert isinstance(volume, Decimal)
        assert isinstance(cost, Decimal)
        assert isinstance(fee, Decimal)
        sign = 1 if side == "buy" else -1
        base += sign * volume
        quote -= sign * cost + fee
    assert running.paper_account(replayed) == {"USD": START_USD + quote, "ETH": START_ETH + base}
    assert running.placed_twice(replayed) == []
    answers = running.counter_sells(replayed)
    for userref in (1001, 1002, 1003):
        assert answers[userref] == sum(f[0] == userref and f[1] == "buy" for f in fills) > 0
