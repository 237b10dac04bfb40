"""One journal, one world; one userref, one pair, one kind: told in words and exit codes by the real program."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.process.at_kraken import BTC, OTHER_ACCOUNT, SECOND_KEY, Desk, desk, strategy
from tests.process.running import placed_twice

pytestmark = pytest.mark.process

DRY = "dry_run = true"
PAPER = 'adapter = "paper"\n[exchange.paper]\nbalances = { USD = 10000 }'


async def lived(desk: Desk, *strategies: str, fill: bool = False) -> None:
    """One life that leaves three buys of each strategy at the venue, and a sell besides if one is filled."""
    desk.configure(*strategies)
    with desk.program() as life:
        await life.trades(3 * max(1, len(strategies)))
        if fill:
            await life.falls("49500.0", 1)
        assert await life.stop() == 0


async def test_another_exchange_is_refused_before_any_request(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken)
        before, requests = kraken.orders(), kraken.requests()
        kraken.configure(bot="", exchange=PAPER)
        words = await kraken.refused()
        assert 'belongs to real orders on "kraken", while the adapter "paper" is configured' in words
        assert words.count("error: ") == 1
        assert (kraken.orders(), kraken.requests()) == (before, requests)


async def test_a_dry_run_and_the_live_program_mix_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken, fill=True)
        before, requests = kraken.orders(), kraken.requests()
        kraken.configure(bot=DRY)
        with kraken.program() as life:
            await life.until(lambda: "state: RUNNING" in life.said())
            assert (await life.status())["simulated"]
            assert await life.stop() == 0
        assert (kraken.orders(), kraken.requests()) == (before, requests)
        assert (tmp_path / "trial.dry-run.duckdb").exists()
        kraken.configure()
        with kraken.program() as life:
            await life.trades()
            assert await life.stop() == 0
        assert kraken.orders() == before


@pytest.mark.parametrize("with_database", ["trial.duckdb", "trial.dry-run.duckdb"])
async def test_a_file_of_the_other_kind_under_this_name_is_refused(tmp_path: Path, with_database: str) -> None:
    async with desk(tmp_path) as kraken:
        bot = DRY if "dry" in with_database else "dry_run = false"
        kraken.configure(bot=bot)
        with kraken.program() as life:
            await life.until(lambda: "state: RUNNING" in life.said())
            assert await life.stop() == 0
        other = "trial.duckdb" if "dry" in with_database else "trial.dry-run.duckdb"
        (tmp_path / with_database).rename(tmp_path / other)
        requests = kraken.requests()
        kraken.configure(bot="dry_run = false" if "dry" in with_database else DRY)
        words = await kraken.refused()
        assert 'real orders on "kraken"' in words
        assert 'a dry run of "kraken"' in words
        assert kraken.requests() == requests


async def test_another_account_is_refused_and_another_key_of_the_same_one_goes_on(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken, fill=True)
        before = kraken.orders()
        kraken.key = OTHER_ACCOUNT
        words = await kraken.refused()
        assert "exchange.api_public_key" in words
        assert "while trial.duckdb belongs to the account" in words
        assert kraken.kraken.control.open_orders("other") == []
        kraken.key = SECOND_KEY
        with kraken.program() as life:
            await life.trades()
            assert "another API key of the same account" in life.said()
            assert await life.stop() == 0
        assert kraken.orders() == before
    assert placed_twice(tmp_path / "trial.duckdb") == []


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        (strategy(base="ETH"), "base_currency"),
        (strategy(kind="GridHODL"), "kind"),
    ],
    ids=["pair", "kind"],
)
async def test_another_pair_or_kind_under_a_userref_is_refused_and_the_check_says_so(
    tmp_path: Path, changed: str, key: str
) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken, fill=True)
        before, requests = kraken.orders(), kraken.requests()
        kraken.configure(changed)
        words = await kraken.refused()
        checked = kraken.check()
        assert checked.returncode == 2
        assert words.endswith(checked.stderr)
        assert key in checked.stderr
        for word in (
            "userref 1001",
            "GridSell on BTC/USD",
            "4 open orders",
            "BTC that it bought",
            "another userref",
        ):
            assert word in words
        assert (kraken.orders(), kraken.requests()) == (before, requests)


async def test_a_strategy_that_is_gone_is_told_at_the_start_in_the_status_and_at_the_end(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken, strategy("trial"), strategy("second", base="ETH", userref=1002))
        kraken.configure(strategy("second", base="ETH", userref=1002), bot='dry_run = false\non_stop = "cancel-all"')
        with kraken.program() as life:
            await life.until(lambda: "state: RUNNING" in life.said())
            (told,) = [row for row in (await life.status())["conditions"] if row["code"] == "not covered"]
            assert "trial (userref 1001, BTC/USD): 3 open orders" in told["detail"]
            assert await life.stop() == 0
        words = life.said()
        assert "trial: not covered by any strategy" in words
        last = words.rstrip().splitlines()[-1]
        assert "not covered and left as it is: trial (userref 1001, BTC/USD): 3 open orders" in last
        assert [pair for pair, _, _ in kraken.orders()] == ["XXBTZUSD"] * 3


async def test_a_stop_that_cancels_all_names_orders_and_base_of_the_one_that_is_gone(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken, fill=True)
        left = kraken.orders()
        kraken.configure(strategy("second", base="ETH", userref=1002), bot='dry_run = false\non_stop = "cancel-all"')
        with kraken.program() as life:
            await life.until(lambda: "state: RUNNING" in life.said())
            assert await life.stop() == 0
        last = life.said().rstrip().splitlines()[-1]
        for words in (life.said().split("state: RUNNING")[0], last):
            assert "userref 1001, BTC/USD" in words
            assert ": 4 open orders (" in words
            assert "BTC that it bought" in words
        assert "all open orders of its strategies are cancelled; not covered and left as it is" in last
        assert kraken.orders() == left


async def test_orders_that_nobody_knows_stop_the_start_and_adopt_takes_them(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken)
        (tmp_path / "away").mkdir()
        newer = kraken.orders()
        with duckdb.connect(str(tmp_path / "trial.duckdb")) as connection:
            # As an older copy of the file: it knows the strategy, and none of its orders.
            state = connection.execute("SELECT state FROM core_states").fetchone()
            assert state is not None
            connection.execute("DELETE FROM orders")
            connection.execute("UPDATE core_states SET state = ?, books = NULL", [_without_orders(str(state[0]))])
        words = await kraken.refused()
        assert "is a second instance running? If not, start once with --adopt" in words
        assert kraken.orders() == newer
        with kraken.program("--adopt") as life:
            await life.trades()
            assert await life.stop() == 0
        assert kraken.orders() == newer


def _without_orders(state: str) -> str:
    return json.dumps({**json.loads(state), "orders": {}})


async def test_a_released_sell_is_taken_back_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        kraken.configure()
        with kraken.program() as life:
            await life.trades()
            await life.falls("49500.0", 1)
            (sell,) = [order for order in kraken.kraken.control.open_orders("demo") if order.side == "sell"]
            kraken.kraken.control.cancel(sell.txid)
            await life.until(lambda: "sell released" in life.said())  # the folder has one of these words in its name
            assert await life.stop() == 0
        assert kraken.sides() == (3, 0)
        with kraken.program("--take-back", "trial") as life:
            await life.until(lambda: kraken.sides() == (3, 1))
            assert await life.stop() == 0
        with kraken.program("--take-back", "trial") as life:
            await life.trades()
            assert await life.stop() == 0
        assert kraken.sides() == (3, 1)
        words = await kraken.refused("--take-back", "nobody")
        assert "--take-back" in words
        assert '"trial"' in words


async def test_an_order_of_another_program_under_the_userref_stops_the_first_start(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        kraken.kraken.control.place(BTC, "buy", Decimal("49000.0"), Decimal("0.002"), userref=1001, account="demo")
        kraken.configure()
        words = await kraken.refused()
        assert "userref 1001" in words
        assert kraken.sides() == (1, 0)


async def test_a_swing_has_to_say_whether_it_sells_what_is_there(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        kraken.configure(strategy(kind="SWING"))
        words = await kraken.refused()
        assert "sell_existing_base" in words
        assert "it must be stated for SWING with real money" in words
        assert kraken.requests() == 0
        for stated in ("true", "false"):
            kraken.configure(strategy(kind="SWING") + f"sell_existing_base = {stated}\n")
            checked = kraken.check()
            assert checked.returncode == 0
            assert ("that the account held before" if stated == "true" else "that it has not bought") in checked.stdout


def as_the_first_version_left_it(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        for column in ("exchange", "simulated", "account", "key"):
            connection.execute(f"ALTER TABLE meta DROP COLUMN {column}")
        for column in ("symbol", "era", "books"):
            connection.execute(f"ALTER TABLE core_states DROP COLUMN {column}")
        connection.execute("UPDATE meta SET schema_version = 1")


async def test_an_old_live_journal_is_moved_over_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        await lived(kraken, fill=True)
        before = kraken.orders()
        as_the_first_version_left_it(tmp_path / "trial.duckdb")
        for times in (1, 0):
            with kraken.program() as life:
                await life.trades()
                assert await life.stop() == 0
            assert life.said().count("the journal: ") == times
            assert kraken.orders() == before
    assert placed_twice(tmp_path / "trial.duckdb") == []


@pytest.mark.parametrize("then", [DRY, "dry_run = false"])
async def test_an_old_dry_run_becomes_a_file_of_its_own(tmp_path: Path, then: str) -> None:
    async with desk(tmp_path) as kraken:
        kraken.configure(bot=DRY)
        with kraken.program() as life:
            await life.until(lambda: "state: RUNNING" in life.said())
            assert await life.stop() == 0
        as_the_first_version_left_it(tmp_path / "trial.dry-run.duckdb")
        (tmp_path / "trial.dry-run.duckdb").rename(tmp_path / "trial.duckdb")
        kraken.configure(bot=then)
        with kraken.program() as life:
            await life.until(lambda: "state: RUNNING" in life.said())
            assert await life.stop() == 0
        assert "trial.duckdb held a dry run of an earlier version: it is now trial.dry-run.duckdb" in life.said()
        assert (tmp_path / "trial.dry-run.duckdb").exists()
        assert (tmp_path / "trial.duckdb").exists() == (then != DRY)
        assert kraken.sides() == ((0, 0) if then == DRY else (3, 0))
