"""One history: a seed draws the strategies, the account, the prices and all that goes wrong."""

import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path

import trio
import trio.testing
from msgspec import Struct
from trio._core import _run

from adapters.exchanges.kraken.sandbox import DEMO_KEY, DEMO_PRIVATE, AccountSettings, Behaviour, KeySettings, Settings
from adapters.exchanges.kraken.sandbox.model.fees import Rates
from config import Config, parse
from messages.status import Status
from supervision import registry
from supervision.policy import EXIT_DATABASE
from tests.simulation.disk import Disk
from tests.simulation.judge import Judge, Violation
from tests.simulation.misfortune import Misfortune
from tests.simulation.network import REST_URL, WS_AUTH_URL, WS_URL, Gate, Network
from tests.simulation.prices import Walk
from tests.simulation.process import Life, live
from tests.simulation.trace import KEPT, Trace

DAY = 86_400.0
PATIENCE = 4_500.0
"""Seconds within which the program is at rest once all works again.

The longest of all: a change of balances whose frame is lost while nothing follows on its channel, so that no gap
of the sequence shows it, is found by the comparison of balances that runs once an hour.
"""
LOOK = 5.0

HOMES = {"BTC/USD": ("50000.0", "0.1"), "ETH/USD": ("3000.00", "0.01")}
KINDS = ("GridHODL", "GridSell", "SWING", "cDCA")

HEAD = """
[bot]
dry_run = false
[exchange]
adapter = "kraken"
api_public_key = "{key}"
api_secret_key = "{private}"
rest_url = "{rest}"
ws_url = "{ws}"
ws_auth_url = "{auth}"
[persistence]
database = "simulation.duckdb"
[metrics]
enabled = false
"""
STRATEGY = """
[[strategy]]
name = "{kind} {userref}"
kind = "{kind}"
base_currency = "{base}"
quote_currency = "USD"
userref = {userref}
amount_per_grid = {amount}
interval = {interval}
n_open_buy_orders = {buys}
max_investment = {investment}
fee = 0.0025
"""


class Plan(Struct, frozen=True):
    """How long a history is, and how bad."""

    seed: int
    days: float = 1.0
    every: float = 60.0
    """Seconds between two mishaps, on the average; 0: nothing goes wrong."""
    mortal: bool = True
    """Whether the program is killed now and then."""
    keep_trace: bool = False
    """Whether a failure tells its whole history, not only the end."""


class Outcome(Struct, frozen=True):
    """What a history came to."""

    digest: str
    events: int
    days: float
    mishaps: dict[str, int]
    lives: int
    orders: int
    fills: int
    writes: int
    checks: int

    @property
    def faults(self) -> int:
        """How many things went wrong."""
        return sum(self.mishaps.values())


class Failed(AssertionError):
    """A seed whose history broke a rule; the message holds its end."""

    def __init__(self, plan: Plan, error: BaseException, trace: Trace, status: str) -> None:
        tail = "\n  ".join(trace.lines)
        super().__init__(f"{plan}: {error!r}\n  {tail}\n{status}\n{plan}: {error!r}")


def play(plan: Plan) -> Outcome:
    """Live through one seed. Raises `Failed`."""
    with deterministic(plan.seed):
        return trio.run(History(plan).run, clock=trio.testing.MockClock(autojump_threshold=0))


@contextlib.contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """The order in which tasks run follows from the seed, by what hypothesis does to trio's source of chance."""
    before, state = _run._ALLOW_DETERMINISTIC_SCHEDULING, _run._r.getstate()
    _run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    _run._r.seed(seed)
    try:
        yield
    finally:
        _run._ALLOW_DETERMINISTIC_SCHEDULING = before  # type: ignore[misc]
        _run._r.setstate(state)


def draw_config(chance: random.Random) -> Config:
    """One to three strategies that share an account."""
    text = HEAD.format(key=DEMO_KEY, private=DEMO_PRIVATE, rest=REST_URL, ws=WS_URL, auth=WS_AUTH_URL)
    for number in range(chance.choice((1, 1, 2, 3))):
        text += STRATEGY.format(
            kind=chance.choice(KINDS),
            userref=1001 + number,
            base=chance.choice(("BTC", "BTC", "ETH")),
            amount=chance.choice((20, 50, 100)),
            interval=chance.choice(("0.006", "0.01", "0.02")),
            buys=chance.randint(1, 8),
            investment=chance.choice((250, 1000, 10000)),
        )
    return parse(text, "simulation.toml", {}, registry.known())


def draw_settings(chance: random.Random) -> Settings:
    """The account and the venue's open questions."""
    money = {
        "ZUSD": Decimal(chance.choice((300, 2_000, 100_000))),
        "XXBT": Decimal(chance.choice(("0", "0.01", "2"))),
        "XETH": Decimal(chance.choice(("0", "1"))),
    }
    account = AccountSettings(
        "demo",
        (KeySettings(DEMO_KEY, DEMO_PRIVATE),),
        money,
        tier=chance.choice(("starter", "intermediate", "pro")),
        rates=Rates(Decimal("0.25"), Decimal("0.40")),
    )
    behaviour = Behaviour(
        post_only=chance.choice(("cancel", "refuse", "alternate")),
        new_before_cancellation=chance.random() < 0.5,
        ack_order=chance.choice(("first", "last")),
        minimum_text=chance.choice(("observed", "documented")),
    )
    prices = {symbol: Decimal(price) for symbol, (price, _) in HOMES.items()}
    return Settings(accounts=(account,), prices=prices, behaviour=behaviour, seed=chance.randrange(2**32))


class History:
    """One history on its way."""

    def __init__(self, plan: Plan, journal: Path | None = None) -> None:
        """`journal` is a DuckDB file for the real journal; without it the journal is in memory."""
        self._plan = plan
        self._journal = journal
        self._chance = random.Random(plan.seed)
        self._trace = Trace(None if plan.keep_trace else KEPT)
        self._lives = count(1)
        self._life: Life | None = None
        self._checks = 0

    @property
    def events(self) -> int:
        """Lines of the trace so far."""
        return self._trace.count

    async def run(self) -> Outcome:
        """Storms and calms until the time is over."""
        chance = self._chance
        config, settings = draw_config(chance), draw_settings(chance)
        disk = Disk(str(uuid.UUID(int=chance.getrandbits(128), version=4)), self._journal)
        try:
            async with trio.open_nursery() as nursery:
                network = Network(nursery, settings)
                symbols = sorted({strategy.symbol for strategy in config.strategy})
                walks = [self._walk(network, symbol) for symbol in symbols]
                misfortune = Misfortune(network, disk, walks, _split(chance), self._trace, mortal=self._plan.mortal)
                judge = Judge(network, config, disk, misfortune.owner.canceled, misfortune.owner.unseen, self._trace)
                nursery.start_soon(network.keep_time)
                for walk in walks:
                    nursery.start_soon(walk.run)
                nursery.start_soon(self._live_on, config, network, disk, misfortune)
                await self._weather(misfortune, judge, walks)
                nursery.cancel_scope.cancel()
        except BaseException as error:
            cause = error
            while isinstance(cause, BaseExceptionGroup):
                cause = cause.exceptions[0]
            raise Failed(self._plan, cause, self._trace, self._shown()) from error
        return Outcome(
            digest=self._trace.digest(),
            events=self._trace.count,
            days=trio.current_time() / DAY,
            mishaps=dict(misfortune.counts),
            lives=next(self._lives) - 1,
            orders=judge.orders,
            fills=judge.fills,
            writes=disk.writes,
            checks=self._checks,
        )

    def _walk(self, network: Network, symbol: str) -> Walk:
        home, tick = HOMES[symbol]
        return Walk(network, symbol, Decimal(home), Decimal(tick), _split(self._chance))

    async def _weather(self, misfortune: Misfortune, judge: Judge, walks: list[Walk]) -> None:
        end = self._plan.days * DAY
        while trio.current_time() < end:
            length = min(self._chance.uniform(300, 7_200), end - trio.current_time())
            if self._plan.every:
                await misfortune.rage(length, self._plan.every)
            else:
                await trio.sleep(length)
            for walk in walks:
                walk.calm = True
            await self._rest(judge)
            for walk in walks:
                walk.calm = False

    async def _rest(self, judge: Judge) -> None:
        """All works and prices stand still: within bounded time everything must be as it should be, and stay so."""
        until = trio.current_time() + PATIENCE
        why, quiet_looks = "", 0
        while quiet_looks < 4:
            if trio.current_time() > until:
                raise Violation(f"not at rest after {PATIENCE:.0f} s: {why}")
            await trio.sleep(LOOK)
            status = self._status()
            why = judge.unsettled(status) if status is not None else "the program does not run"
            quiet_looks = 0 if why else quiet_looks + 1
        self._checks += 1
        self._trace.note("at rest")

    def _status(self) -> Status | None:
        life = self._life
        return None if life is None or life.handle is None else life.handle.status()

    def _shown(self) -> str:
        status = self._status()
        return "no status" if status is None else "\n".join(str(report) for report in status.strategies)

    async def _live_on(self, config: Config, network: Network, disk: Disk, misfortune: Misfortune) -> None:
        """The program, started again whenever it died."""
        chance = _split(self._chance)
        while True:
            life = self._life = misfortune.life = Life(next(self._lives), Gate())
            self._trace.note(f"life {life.number}")
            if life.number > 1 and chance.random() < 0.3:
                moment = chance.randint(1, 60)
                if misfortune.rages:
                    life.gate.kill_at(moment)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(live, config, life, network, disk, _split(chance))
                await _first(life.ended.wait, life.gate.dead.wait)
                if not life.gate.dead.is_set() and life.exit_code != EXIT_DATABASE:
                    raise Violation(f"the program ended by itself: {life.failure!r}")
                self._trace.note(f"death before {life.gate.last} {life.exit_code}")
                self._life = misfortune.life = None
                await trio.sleep(chance.choice((0.5, 5.0, 60.0, 900.0)))
                # What is left of a dead process cannot do anything, but has to be cleared away.
                await life.ended.wait()


async def _first(*waits: Callable[[], Awaitable[None]]) -> None:
    async with trio.open_nursery() as nursery:

        async def wait(one: Callable[[], Awaitable[None]]) -> None:
            await one()
            nursery.cancel_scope.cancel()

        for one in waits:
            nursery.start_soon(wait, one)


def _split(chance: random.Random) -> random.Random:
    """An independent source for somebody whose number of draws depends on others."""
    return random.Random(chance.getrandbits(64))
