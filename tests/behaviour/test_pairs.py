"""Two strategies, one pair in trouble: the other one trades on, whatever the venue says, at the start and later."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import trio

import supervisor
from actors import venue_watch
from assembly import registry
from config import parse
from messages.status import StrategyReport
from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, Sandbox, Settings, open_sandbox
from simulators.kraken.model.catalogue import PairStatus
from tests.behaviour.accounts import account
from tests.behaviour.desk import until

pytestmark = pytest.mark.process

HEAD = """
[bot]
dry_run = {dry}
on_stop = "keep"
[exchange]
adapter = "kraken"
api_public_key = "{key}"
api_secret_key = "{private}"
rest_url = "{rest}"
ws_url = "{ws}"
ws_auth_url = "{auth}"
[exchange.paper]
balances = {{ USD = 100000 }}
[persistence]
database = "{database}"
[metrics]
enabled = false
[supervisor]
backoff_seconds = 0.1
"""
STRATEGY = """
[[strategy]]
name = "{name}"
kind = "GridHODL"
base_currency = "{base}"
quote_currency = "USD"
userref = {userref}
amount_per_grid = {amount}
interval = 0.02
n_open_buy_orders = 3
max_investment = 5000
"""


@pytest.fixture
def looks_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least time between two looks at the listing, which tests/actors/test_venue_watch.py holds it to."""
    monkeypatch.setattr(venue_watch, "SHORTEST_GAP_SECONDS", 0.5)


class Two:
    """A venue, and one program with a grid on BTC/USD and one on SOL/USD."""

    def __init__(self, kraken: Sandbox, folder: Path) -> None:
        self.kraken = kraken
        self.control = kraken.control
        self._folder = folder

    @asynccontextmanager
    async def running(
        self, *, sol: str = "SOL", amount: int = 100, dry: bool = False, alone: bool = False
    ) -> AsyncIterator["Two"]:
        """The program until the end of the block; `alone`: with BTC/USD only."""
        head = HEAD.format(
            dry="true" if dry else "false",
            key=DEMO_KEY,
            private=DEMO_PRIVATE,
            rest=self.kraken.rest_url,
            ws=self.kraken.ws_url,
            auth=self.kraken.ws_auth_url,
            database=self._folder / "two.duckdb",
        )
        strategies = (("btc", "BTC", 1001, 100), ("sol", sol, 1002, amount))
        rows = [
            STRATEGY.format(name=name, base=base, userref=userref, amount=money)
            for name, base, userref, money in strategies[: 1 if alone else 2]
        ]
        config = parse(head + "".join(rows), "two.toml", {}, registry.known())
        async with trio.open_nursery() as nursery:
            self._handle: supervisor.Handle = await nursery.start(supervisor.run, config)
            await self.state("RUNNING")
            yield self
            nursery.cancel_scope.cancel()

    async def state(self, wanted: str) -> None:
        await until(lambda: self._handle.status().state == wanted, self._handle.status)

    def report(self, name: str) -> StrategyReport:
        return next(row for row in self._handle.status().strategies if row.name == name)

    def conditions(self) -> list[tuple[int, str, bool]]:
        return [(row.strategy, row.code, row.blocks) for row in self._handle.status().conditions]

    async def phase(self, name: str, wanted: str, words: str = "") -> None:
        def reached() -> bool:
            row = self.report(name)
            return row.phase == wanted and words in row.reason

        await until(reached, self._handle.status)

    async def buys(self, symbol: str, count: int) -> None:
        """Wait for so many open buys."""
        pair = next(market.pair.id for market in self.control.venue.markets.values() if market.pair.symbol == symbol)

        def reached() -> bool:
            own = [order for order in self.control.open_orders() if order.pair == pair and order.side == "buy"]
            return len(own) == count

        await until(reached, self._handle.status)

    async def btc_still_trades(self) -> None:
        """The highest buy of BTC/USD fills and is answered."""

        def buys() -> list[Decimal]:
            own = [order for order in self.control.open_orders() if order.pair == "XXBTZUSD"]
            return [order.price for order in own if order.side == "buy"]

        await until(lambda: bool(buys()), self._handle.status)
        before, best = self.report("btc").buys_filled, max(buys())
        self.control.price("BTC/USD", best)

        def answered() -> bool:
            sells = [o for o in self.control.open_orders() if o.pair == "XXBTZUSD" and o.side == "sell"]
            return self.report("btc").buys_filled == before + 1 and bool(sells)

        await until(answered, self._handle.status)

    def asked_for_alone(self, symbol: str) -> int:
        """How many orders of the pair were asked for in a request of their own."""
        alone = [entry.params for entry in self.control.requests() if entry.name == "add_order"]
        return len({params["cl_ord_id"] for params in alone if params.get("symbol") == symbol})

    def asked_for_sol(self) -> int:
        """How many requests with orders of SOL/USD there were."""
        adds = (entry for entry in self.control.requests() if "add" in entry.name.lower())
        return sum(entry.params.get("symbol") == "SOL/USD" for entry in adds)


@asynccontextmanager
async def two(folder: Path) -> AsyncIterator[Two]:
    """A venue with two pairs at round prices."""
    prices = {"BTC/USD": Decimal("61250.0"), "SOL/USD": Decimal("150.00")}
    settings = Settings(accounts=account(ZUSD="100000"), prices=prices)
    async with open_sandbox(settings=settings) as kraken:
        yield Two(kraken, folder)


@pytest.mark.usefixtures("looks_again_soon")
async def test_a_delisted_pair_halts_its_strategy_now_and_after_a_restart_until_it_is_listed_again(
    tmp_path: Path,
) -> None:
    async with two(tmp_path) as venue:
        async with venue.running():
            await venue.buys("BTC/USD", 3)
            await venue.buys("SOL/USD", 3)
            venue.control.delist("SOL/USD")
            await venue.phase("sol", "halted", "Kraken does not list SOL/USD any more")
            assert (1002, "pair", True) in venue.conditions()
            await venue.btc_still_trades()
            await venue.control.drop("public")
            await trio.sleep(2)
            await venue.btc_still_trades()
        async with venue.running():
            await venue.phase("sol", "halted", "SOL/USD")
            await venue.btc_still_trades()
            venue.control.relist("SOL/USD")
            await venue.phase("sol", "trading")
            venue.control.price("SOL/USD", Decimal("151.00"))
            await venue.buys("SOL/USD", 3)
            assert venue.conditions() == []


@pytest.mark.usefixtures("looks_again_soon")
@pytest.mark.parametrize("status", ["cancel_only", "reduce_only", "maintenance", "work_in_progress", "delisted"])
async def test_a_suspended_pair_halts_its_strategy_and_resumes_it_within_seconds(
    tmp_path: Path, status: PairStatus
) -> None:
    async with two(tmp_path) as venue, venue.running():
        await venue.buys("SOL/USD", 3)
        venue.control.pair_status("SOL/USD", status)
        await venue.phase("sol", "halted", status)
        await venue.buys("BTC/USD", 3)
        sent = venue.asked_for_sol()
        assert sent > 0
        for price in ("155.00", "160.00", "165.00"):
            venue.control.price("SOL/USD", Decimal(price))
            await trio.sleep(0.3)
        assert venue.asked_for_sol() == sent
        await venue.btc_still_trades()
        venue.control.pair_status("SOL/USD", "online")
        await venue.phase("sol", "trading")
        venue.control.price("SOL/USD", Decimal("165.10"))
        await venue.buys("SOL/USD", 3)

        def moved_up() -> bool:
            prices = [order.price for order in venue.control.open_orders() if order.pair == "SOLUSD"]
            return bool(prices) and min(prices) > Decimal(150)  # between cancels and new buys there are none

        await until(moved_up, venue.conditions)


@pytest.mark.parametrize("status", ["post_only", "limit_only"])
async def test_a_pair_that_takes_limit_orders_is_traded(tmp_path: Path, status: PairStatus) -> None:
    async with two(tmp_path) as venue:
        venue.control.pair_status("SOL/USD", status)
        async with venue.running():
            await venue.phase("sol", "trading")
            await venue.buys("SOL/USD", 3)


@pytest.mark.usefixtures("looks_again_soon")
async def test_a_pair_that_is_suspended_at_the_first_start_halts_only_its_strategy(tmp_path: Path) -> None:
    async with two(tmp_path) as venue:
        venue.control.pair_status("SOL/USD", "cancel_only")
        async with venue.running():
            await venue.phase("sol", "halted", "cancel_only")
            await venue.btc_still_trades()
            venue.control.pair_status("SOL/USD", "online")
            await venue.buys("SOL/USD", 3)


@pytest.mark.usefixtures("looks_again_soon")
@pytest.mark.parametrize(
    ("without", "changes", "words"),
    [
        (["lot_decimals"], {}, "lot_decimals is missing"),
        ([], {"ordermin": "a lot"}, "ordermin is"),
        ([], {"lot_decimals": None}, "lot_decimals is missing"),
    ],
)
async def test_an_odd_row_halts_the_strategies_of_its_pair_and_names_the_field(
    tmp_path: Path, without: list[str], changes: dict[str, object], words: str
) -> None:
    async with two(tmp_path) as venue:
        venue.control.odd_pair("SOL/USD", without, changes)
        async with venue.running():
            await venue.phase("sol", "halted", words)
            await venue.btc_still_trades()
            venue.control.odd_pair("SOL/USD")
            venue.control.pair_status("SOL/USD", "online")
            await venue.buys("SOL/USD", 3)


@pytest.mark.parametrize(
    ("without", "changes"),
    [
        (["lot_decimals", "pair_decimals"], {}),
        (["altname", "base", "quote", "wsname"], {}),
        ([], {"status": 7, "base": None, "tick_size": {}}),
    ],
)
async def test_an_odd_row_of_a_pair_that_nobody_trades_does_not_matter(
    tmp_path: Path, without: list[str], changes: dict[str, object]
) -> None:
    async with two(tmp_path) as venue:
        venue.control.odd_pair("DOGE/USD", without, changes)
        async with venue.running():
            await venue.buys("SOL/USD", 3)
            assert venue.conditions() == []


async def test_a_pair_that_the_account_must_not_trade_is_not_asked_for_again_and_again(tmp_path: Path) -> None:
    async with two(tmp_path) as venue:
        venue.control.restrict("SOL/USD")
        async with venue.running():
            await venue.phase("sol", "halted", "trading restricted for US:WA")
            await venue.buys("BTC/USD", 3)
            # A refused batch is asked for again one by one: all three had left before the grid was halted.
            await until(lambda: venue.asked_for_alone("SOL/USD") == 3, venue.control.requests)
            sent = venue.asked_for_sol()
            for price in ("155.00", "160.00", "165.00"):
                venue.control.price("SOL/USD", Decimal(price))
                await trio.sleep(0.5)
            assert venue.asked_for_sol() == sent
            await venue.btc_still_trades()


async def test_a_grid_that_runs_is_never_barred_from_its_restart_by_a_check_for_new_ones(tmp_path: Path) -> None:
    async with two(tmp_path) as venue:
        async with venue.running():
            await venue.buys("SOL/USD", 3)
        venue.control.rules("SOL/USD", ordermin=Decimal(5))
        async with venue.running():
            assert (1002, "minimum", False) in venue.conditions()
            await venue.btc_still_trades()
            venue.control.rules("SOL/USD", ordermin=Decimal("0.02"))
            await until(lambda: venue.conditions() == [], venue.conditions)


async def test_rules_that_change_while_it_runs_are_seen_at_once(tmp_path: Path) -> None:
    async with two(tmp_path) as venue, venue.running():
        await venue.buys("SOL/USD", 3)
        venue.control.rules("SOL/USD", ordermin=Decimal(5))
        await until(lambda: (1002, "minimum", False) in venue.conditions(), venue.conditions)


@pytest.mark.parametrize(("sol", "amount"), [("SOK", 100), ("SOL", 1)], ids=["unknown pair", "amount too small"])
async def test_what_makes_no_sense_for_a_new_grid_still_ends_the_start(tmp_path: Path, sol: str, amount: int) -> None:
    async with two(tmp_path) as venue:
        venue.control.rules("SOL/USD", ordermin=Decimal("0.02"))
        with trio.fail_after(20), pytest.RaisesGroup(supervisor.ProgramFailed, flatten_subgroups=True) as failed:
            async with venue.running(sol=sol, amount=amount):
                pass
        error = failed.value.exceptions[0]
        assert isinstance(error, supervisor.ProgramFailed)
        assert error.exit_code == 2


@pytest.mark.parametrize("dry", [False, True])
@pytest.mark.parametrize(
    ("sol", "amount", "code"),
    [("SOK", 100, "pair"), ("SOL", 1, "minimum"), ("SOL", 100, "pair")],
    ids=["unknown pair", "amount too small", "delisted pair"],
)
async def test_a_new_strategy_bars_no_running_one_from_its_restart(
    tmp_path: Path, sol: str, amount: int, code: str, *, dry: bool
) -> None:
    async with two(tmp_path) as venue:
        venue.control.rules("SOL/USD", ordermin=Decimal("0.02"))
        async with venue.running(alone=True, dry=dry):
            await until(lambda: len(venue.report("btc").orders) == 3, venue.conditions)
        if code == "pair" and sol == "SOL":
            venue.control.delist("SOL/USD")
        async with venue.running(sol=sol, amount=amount, dry=dry):
            await until(lambda: (1002, code, code == "pair") in venue.conditions(), venue.conditions)
            assert venue.report("btc").phase == "trading"
            assert venue.report("sol").orders == ()
            if not dry:
                await venue.btc_still_trades()


async def test_the_first_ladder_is_not_built_at_a_misprint(tmp_path: Path) -> None:
    async with two(tmp_path) as venue:
        venue.control.misprint("SOL/USD", Decimal("1500.00"))
        async with venue.running():
            await venue.buys("BTC/USD", 3)
            await trio.sleep(0.5)
            assert venue.report("sol").orders == ()
            venue.control.price("SOL/USD", Decimal("150.10"))
            await venue.buys("SOL/USD", 3)
            assert all(order.price < 151 for order in venue.report("sol").orders)


@pytest.mark.usefixtures("looks_again_soon")
async def test_a_dry_run_follows_the_same_facts(tmp_path: Path) -> None:
    async with two(tmp_path) as venue, venue.running(dry=True):
        await until(lambda: len(venue.report("sol").orders) == 3, venue.conditions)
        venue.control.pair_status("SOL/USD", "cancel_only")
        await venue.phase("sol", "halted", "cancel_only")
        venue.control.pair_status("SOL/USD", "online")
        await venue.phase("sol", "trading")
        venue.control.delist("SOL/USD")
        await venue.phase("sol", "halted", "does not list")
        assert venue.report("btc").phase == "trading"
