"""The whole program, replaying a file on the paper exchange at speed 0, does what the backtest says: order by order."""

from decimal import Decimal, localcontext
from pathlib import Path

import duckdb
import pytest

from messages.money import EXACT
from tests.backtesting.stage import KINDS, read, run_file, text
from tests.data import market_data
from tests.process import running

MADE_UP = running.ROOT / "config" / "prices" / "trades.csv"
"""A day that every clone has; the real ones beside the checkout are longer."""
GEMINI = "gemini-ethusd-trades-2021070{day}.csv.gz"

# A whole day takes ten seconds on an idle machine.
pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]

WAYS = [
    *(((kind,), 20000) for kind in KINDS),
    (KINDS, 20000),
    (KINDS, 900),  # scarce: orders wait for cancelled ones, strategies for each other
]


@pytest.mark.parametrize(("kinds", "usd"), WAYS[-2:])
def test_program_and_backtest_agree(kinds: tuple[str, ...], usd: int, tmp_path: Path) -> None:
    agree(MADE_UP, kinds, usd, tmp_path)


@pytest.mark.parametrize(
    ("day", "kinds", "usd"),
    [
        *((1 + number % 2, (kind,), 20000) for number, kind in enumerate(KINDS)),
        (1, KINDS, 20000),
        (2, KINDS, 900),
    ],
)
def test_program_and_backtest_agree_on_real_days(day: int, kinds: tuple[str, ...], usd: int, tmp_path: Path) -> None:
    agree(market_data(GEMINI.format(day=day)), kinds, usd, tmp_path)


def agree(prices: Path, kinds: tuple[str, ...], usd: int, tmp_path: Path) -> None:
    """Replay the file through the program, run the back-test over it, and compare all that is left."""
    config_text = text(prices, kinds, usd=usd)
    (tmp_path / "trial.toml").write_text(config_text)
    ended = running.run_to_end(tmp_path, "trial.toml")
    assert ended.returncode == 0, ended.stderr
    with localcontext(EXACT):
        tested = run_file(read(config_text))
    journal = tmp_path / "trial.duckdb"
    assert len(tested.fills) > 20
    assert sorted(
        (o.exchange_id, o.strategy, o.side, o.price, o.volume, o.kind, o.status) for o in tested.orders
    ) == _ask(
        journal, "SELECT exchange_id, userref, side, price, volume, kind, status FROM orders WHERE exchange_id <> ''"
    )
    assert sorted((o.exchange_id, o.volume, o.cost, o.fee, o.closed) for o in tested.fills) == _ask(
        journal, "SELECT exchange_id, f.volume, f.cost, f.fee, f.time FROM fills f JOIN orders USING (order_id)"
    )
    account = running.paper_account(journal)
    assert account == tested.balances
    assert account["USD"] != Decimal(usd)


def _ask(journal: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(journal), read_only=True) as connection:
        return sorted(connection.execute(query).fetchall())
