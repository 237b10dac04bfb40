"""Phases and prices in; the program's state, pauses and notices out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
import trio
from msgspec.structs import replace
from trio.testing import wait_all_tasks_blocked

from assembly.wiring import Mailboxes
from config import Config
from messages.ids import ClientOrderId
from messages.journal import Past
from messages.letters import needs_somebody
from messages.money import Side
from messages.notices import Notice, ProgramEnded, ProgramStarted, StrategyHalted, StrategyResumed
from messages.status import (
    OpenOrder,
    Pause,
    Phase,
    PhaseChanged,
    PriceBack,
    PriceSilent,
    ProgramReport,
    ProgramState,
    Resume,
    StrategyReport,
)
from supervision.state_keeper import StateKeeper
from supervision.stop_request import StopRequest
from tests.config.texts import VALID, read
from trading.strategies.state import GridState, save

HODL, SELL = 1001, 1002
SIDES: tuple[Side, Side] = ("buy", "sell")
LIVE = VALID.replace("dry_run = true", "dry_run = false").replace(
    'adapter = "kraken"', 'adapter = "kraken"\napi_public_key = "k"\napi_secret_key = "s"'
)
SILENT = "no price of BTC/USD for 600 s although the market is open"


class Kept:
    """A state keeper and what it says."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.mail = Mailboxes(config)
        self.keeper = StateKeeper(config, self.mail)
        self.program = ProgramReport("INITIALIZING", "")
        self.reports: list[StrategyReport] = []

    async def hears(self, *messages: PhaseChanged | PriceSilent | PriceBack) -> ProgramState:
        """Leave the messages, wait until they are handled; returns the published state."""
        for message in messages:
            self.mail.supervisor.post(message)
        await wait_all_tasks_blocked()
        return self.state()

    def state(self) -> ProgramState:
        for report in self.mail.metrics.receive_nowait():
            if isinstance(report, ProgramReport):
                self.program = report
            elif isinstance(report, StrategyReport):
                self.reports.append(report)
        return self.program.state

    def notices(self) -> list[Notice]:
        return self.mail.notifier.receive_nowait()


@asynccontextmanager
async def kept(text: str = VALID) -> AsyncIterator[Kept]:
    """A state keeper that runs until the block ends."""
    found = Kept(read(text))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(found.keeper.run)
        yield found
        nursery.cancel_scope.cancel()


def phases(phase: Phase, reason: str = "") -> tuple[PhaseChanged, PhaseChanged]:
    return PhaseChanged(HODL, phase, reason), PhaseChanged(SELL, phase, reason)


async def test_every_strategy_is_shown_before_it_speaks() -> None:
    async with kept() as program:
        assert program.state() == "INITIALIZING"
        assert [(report.name, report.phase, report.price) for report in program.reports] == [
            ("btc-hodl", "syncing", None),
            ("eth-sell", "syncing", None),
        ]


async def test_what_the_journal_knows_is_shown_before_a_strategy_speaks() -> None:
    """Its pair may be closed for days."""
    state = save(GridState(Decimal(100), Decimal("0.01"), owned=Decimal("0.75")))
    async with kept() as program:
        program.keeper.remembers(
            [Past(HODL, "btc-hodl", "GridHODL", "BTC/USD", state), Past(SELL, "sell", "GridSell", "SOL/USD", state)]
        )
        program.state()
        assert {report.name: report.owned for report in program.reports} == {"btc-hodl": Decimal("0.75"), "eth-sell": 0}


async def test_the_start_is_told_once_when_all_trade() -> None:
    async with kept() as program:
        assert await program.hears(*phases("syncing"), PhaseChanged(HODL, "trading", "")) == "INITIALIZING"
        assert program.notices() == []
        assert await program.hears(PhaseChanged(SELL, "trading", "")) == "RUNNING"
        assert program.notices() == [ProgramStarted("my grids", simulated=True)]
        await program.hears(*phases("syncing"), *phases("trading"))
        assert program.notices() == []


async def test_phases_are_published_with_the_state() -> None:
    async with kept() as program:
        await program.hears(PhaseChanged(HODL, "trading", ""), PhaseChanged(SELL, "syncing", "connecting"))
        assert program.program.phases == {HODL: ("trading", ""), SELL: ("syncing", "connecting")}


async def test_a_silent_price_pauses_the_strategies_of_its_symbol() -> None:
    async with kept() as program:
        await program.hears(*phases("trading"))
        program.notices()
        await program.hears(PriceSilent("BTC/USD", 600))
        assert program.mail.strategies[HODL].receive_nowait() == [Pause(SILENT)]
        assert program.mail.strategies[SELL].receive_nowait() == []
        (notice,) = program.notices()
        assert isinstance(notice, StrategyHalted)
        assert (notice.strategy, notice.symbol, notice.reason) == ("btc-hodl", "BTC/USD", SILENT)
        assert notice.orders == "its open orders stay open; fills are answered when it resumes"
        assert notice.advice.startswith("nothing, it resumes with the first price")


async def test_the_first_price_resumes_them() -> None:
    async with kept() as program:
        await program.hears(*phases("trading"), PriceSilent("BTC/USD", 600), PhaseChanged(HODL, "halted", SILENT))
        program.notices()
        await program.hears(PriceBack("ETH/USD"), PriceBack("BTC/USD"))
        assert program.mail.strategies[HODL].receive_nowait() == [Pause(SILENT), Resume()]
        assert program.mail.strategies[SELL].receive_nowait() == []
        assert program.notices() == [StrategyResumed("btc-hodl", "BTC/USD")]


async def test_who_skips_the_price_timeout_is_not_paused() -> None:
    async with kept(VALID.replace("userref = 1001", "userref = 1001\nskip_price_timeout = true")) as program:
        await program.hears(*phases("trading"), PriceSilent("BTC/USD", 600), PriceBack("BTC/USD"))
        assert program.mail.strategies[HODL].receive_nowait() == []
        assert program.notices() == [ProgramStarted("my grids", simulated=True)]


async def test_error_while_all_are_halted_and_running_again_with_the_first_price() -> None:
    async with kept() as program:
        await program.hears(*phases("trading"))
        assert await program.hears(PhaseChanged(HODL, "halted", SILENT)) == "RUNNING"
        assert await program.hears(PhaseChanged(SELL, "halted", "no price")) == "ERROR"
        assert program.program.reason == f"{SILENT}; no price"
        assert await program.hears(PhaseChanged(HODL, "trading", "")) == "RUNNING"


async def test_the_policy_halts_a_strategy_and_its_user_is_told_once() -> None:
    async with kept() as program:
        await program.hears(*phases("trading"))
        program.notices()
        (strategy, _) = program.config.strategy
        program.keeper.halted(strategy, "division by zero", "stay open")
        program.keeper.halted(strategy, "division by zero", "")
        assert await program.hears() == "RUNNING"
        assert program.program.phases[HODL] == ("halted", "division by zero")
        (notice,) = program.notices()
        assert isinstance(notice, StrategyHalted)
        assert (notice.strategy, notice.symbol, notice.reason) == ("btc-hodl", "BTC/USD", "division by zero")
        assert notice.orders == "its open orders stay open"
        assert notice.advice.startswith("look at the log and report the error")


@pytest.mark.parametrize(
    ("code", "on_stop", "carried_out", "orders", "advice"),
    [
        (0, "keep", True, "the simulated orders are kept in infinity-grid.dry-run.duckdb", ""),
        (0, "keep", False, "the simulated orders are kept in infinity-grid.dry-run.duckdb", ""),
        (0, "cancel-buys", True, "all open buys of its strategies are cancelled, sells stay open", ""),
        (
            0,
            "cancel-buys",
            False,
            "its buys could not all be cancelled: look at the exchange",
            "cancel them at the exchange",
        ),
        (3, "keep", True, "the simulated orders are kept in infinity-grid.dry-run.duckdb", "mend the cause"),
        (3, "cancel-all", True, "all open orders of its strategies are cancelled", "mend"),
        (3, "cancel-all", False, "its orders could not all be cancelled: look at the exchange", "mend"),
    ],
)
async def test_the_end_says_what_becomes_of_the_orders(
    code: int, on_stop: str, carried_out: bool, orders: str, advice: str
) -> None:
    config = read(VALID.replace('name = "my grids"', f'name = "my grids"\non_stop = "{on_stop}"'))
    mail = Mailboxes(config)
    StateKeeper(config, mail).say_the_end(StopRequest(code, "the reason"), carried_out=carried_out)
    (notice,) = mail.notifier.receive_nowait()
    assert isinstance(notice, ProgramEnded)
    assert (notice.bot, notice.reason, notice.orders) == ("my grids", "the reason", orders)
    assert notice.advice.startswith(advice)
    assert bool(notice.advice) == bool(advice)


async def test_what_a_strategy_said_just_before_it_failed_does_not_hide_its_halt() -> None:
    async with kept() as program:
        program.mail.supervisor.post(PhaseChanged(HODL, "trading", ""))
        program.keeper.halted(program.config.strategy[0], "division by zero", "stay open")
        await program.hears()
        assert program.program.phases[HODL][0] == "halted"


async def test_no_price_brings_back_a_strategy_whose_core_failed() -> None:
    async with kept() as program:
        program.keeper.halted(program.config.strategy[0], "division by zero", "stay open")
        await program.hears()
        program.notices()
        await program.hears(PriceSilent("BTC/USD", 600), PriceBack("BTC/USD"))
        assert program.mail.strategies[HODL].receive_nowait() == []
        assert program.notices() == []


async def test_a_core_that_fails_during_a_silence_is_not_said_to_be_resumed() -> None:
    async with kept() as program:
        await program.hears(*phases("trading"), PriceSilent("BTC/USD", 600), PhaseChanged(HODL, "halted", SILENT))
        program.keeper.halted(program.config.strategy[0], "division by zero", "stay open")
        await program.hears()
        program.notices()
        await program.hears(PriceBack("BTC/USD"))
        assert program.notices() == []


async def test_the_end_as_asked_is_a_shutdown() -> None:
    async with kept() as program:
        await program.hears(*phases("trading"))
        program.keeper.end(StopRequest(0, "cancelled"))
        assert program.state() == "SHUTDOWN_REQUESTED"
        assert await program.hears(*phases("halted", "late")) == "SHUTDOWN_REQUESTED"
        assert program.program.reason == "cancelled"


async def test_the_end_by_a_failure_names_the_failure() -> None:
    async with kept() as program:
        program.keeper.end(StopRequest(6, "disk full"))
        assert program.state() == "SHUTDOWN_REQUESTED"
        assert program.program.reason == "disk full"


@pytest.mark.parametrize(
    ("on_stop", "left"),
    [
        ("cancel-all", "1 open order of btc-hodl (sell 1 at 2), 2 open orders of eth-sell (sell 1 at 2, buy 1 at 1)"),
        ("cancel-buys", "1 open buy of eth-sell (buy 1 at 1)"),
    ],
)
async def test_orders_that_could_not_be_cancelled_are_named(on_stop: str, left: str) -> None:
    config = read(VALID.replace('name = "my grids"', f'name = "my grids"\non_stop = "{on_stop}"'))
    mail = Mailboxes(config)
    keeper = StateKeeper(config, mail)
    first = [report for report in mail.metrics.receive_nowait() if isinstance(report, StrategyReport)]
    buy, sell = (
        OpenOrder(ClientOrderId("g"), side, Decimal(price), Decimal(3), Decimal(2), "open", "ladder")
        for price, side in enumerate(SIDES, 1)
    )
    reports = [replace(first[0], orders=(sell,)), replace(first[1], orders=(buy, sell))]
    assert keeper.say_the_end(StopRequest(0, "asked to stop"), carried_out=False, reports=reports)
    (notice,) = mail.notifier.receive_nowait()
    assert isinstance(notice, ProgramEnded)
    assert notice.orders == f"NOT cancelled: {left}; cancel them at the exchange, or start again"
    assert needs_somebody(notice)


async def test_many_orders_that_could_not_be_cancelled_are_listed_in_part() -> None:
    config = read(VALID.replace('name = "my grids"', 'name = "my grids"\non_stop = "cancel-all"'))
    mail = Mailboxes(config)
    keeper = StateKeeper(config, mail)
    first = next(report for report in mail.metrics.receive_nowait() if isinstance(report, StrategyReport))
    orders = tuple(
        OpenOrder(ClientOrderId(f"g{n}"), "buy", Decimal(n), Decimal(1), Decimal(0), "open", "ladder")
        for n in range(1, 25)
    )
    assert keeper.say_the_end(StopRequest(0, "asked"), carried_out=False, reports=[replace(first, orders=orders)])
    (notice,) = mail.notifier.receive_nowait()
    assert isinstance(notice, ProgramEnded)
    assert "24 open orders of btc-hodl (buy 1 at 24, " in notice.orders
    assert "buy 1 at 5, 4 more)" in notice.orders


async def test_real_orders_stay_open_at_the_exchange() -> None:
    live = read(LIVE)
    mail = Mailboxes(live)
    assert not StateKeeper(live, mail).say_the_end(StopRequest(0, "asked to stop"), carried_out=True)
    (notice,) = mail.notifier.receive_nowait()
    assert isinstance(notice, ProgramEnded)
    assert notice.orders == "none is cancelled by this program; fills are answered at the next start"


async def test_orders_to_this_machine_are_told_as_the_first_line_says_it() -> None:
    urls = 'rest_url = "http://127.0.0.1:8100"\nws_url = "ws://127.0.0.1:8101"\nws_auth_url = "ws://127.0.0.1:8102"\n'
    for text, here in ((LIVE, ""), (LIVE.replace("[exchange]\n", f"[exchange]\n{urls}", 1), "127.0.0.1:8100")):
        async with kept(text) as program:
            await program.hears(*phases("trading"))
            (notice,) = (notice for notice in program.notices() if isinstance(notice, ProgramStarted))
            assert notice.here == here


async def test_a_reason_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        async with kept() as program:
            await program.hears(*phases("trading"), *phases("halted", "no price"))
            program.keeper.end(StopRequest(3, "the key is refused"))
    assert caplog.messages == [
        "btc-hodl: trading",
        "eth-sell: trading",
        "state: RUNNING",
        "btc-hodl: halted (no price)",
        "eth-sell: halted (no price)",
        "state: ERROR",
        "state: SHUTDOWN_REQUESTED (the key is refused)",
    ]


async def test_a_live_start_says_whose_money_it_is() -> None:
    live = read(LIVE)
    mail = Mailboxes(live)
    keeper = StateKeeper(live, mail)
    keeper.account = "AA11"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.run)
        mail.supervisor.post(PhaseChanged(HODL, "trading", ""))
        mail.supervisor.post(PhaseChanged(SELL, "trading", ""))
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    (notice,) = mail.notifier.receive_nowait()
    assert notice == ProgramStarted("my grids", False, "kraken", "AA11", "infinity-grid.duckdb", 2)
