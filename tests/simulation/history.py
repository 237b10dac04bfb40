"""One history: a seed draws the strategies, the account, the prices and all that goes wrong."""

import contextlib
import json
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

import supervisor
from assembly.exit_codes import EXIT_CREDENTIALS, EXIT_DATABASE, EXIT_USAGE
from assembly.journal_owner import fingerprint
from messages.status import Status
from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, AccountSettings, Behaviour, KeySettings, Settings
from simulators.kraken.model.fees import Rates
from tests.simulation.books import Violation
from tests.simulation.disk import Disk
from tests.simulation.judge import Judge
from tests.simulation.lives import (
    FIRST_USERREF,
    OTHER_ACCOUNTS_KEY,
    REFUSED,
    SECOND_KEY,
    Chosen,
    Lives,
    Next,
    draw_strategy,
)
from tests.simulation.misfortune import Misfortune
from tests.simulation.network import Gate, Network
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


class Plan(Struct, frozen=True):
    """How long a history is, and how bad."""

    seed: int
    days: float = 1.0
    every: float = 60.0
    """Seconds between two mishaps, on the average; 0: nothing goes wrong."""
    mortal: bool = True
    """Whether the program is killed now and then."""
    surroundings: bool = True
    """Whether what is around the program changes too: configuration, key, rules, fees, listings, other programs."""
    clear: bool = False
    """Nothing fails: only prices, fills, the owner's hand, rules and new lives, all of them denser."""
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


def draw_strategies(chance: random.Random, *, clear: bool = False) -> list[Chosen]:
    """One to three strategies that share an account."""
    return [draw_strategy(chance, FIRST_USERREF + number, clear=clear) for number in range(chance.choice((1, 1, 2, 3)))]


def draw_settings(chance: random.Random, *, clear: bool = False) -> Settings:
    """The account and the venue's open questions; in clear weather the engine's counter has room for everything."""
    money = {
        "ZUSD": Decimal(chance.choice((300, 2_000, 100_000))),
        "XXBT": Decimal(chance.choice(("0", "0.01", "2"))),
        "XETH": Decimal(chance.choice(("0", "1"))),
    }
    account = AccountSettings(
        "demo",
        (KeySettings(DEMO_KEY, DEMO_PRIVATE), KeySettings(SECOND_KEY, DEMO_PRIVATE)),
        money,
        tier="pro" if clear else chance.choice(("starter", "intermediate", "pro")),
        rates=Rates(Decimal("0.25"), Decimal("0.40")),
    )
    behaviour = Behaviour(
        post_only=chance.choice(("cancel", "refuse", "alternate")),
        new_before_cancellation=chance.random() < 0.5,
        ack_order=chance.choice(("first", "last")),
        minimum_text=chance.choice(("observed", "documented")),
    )
    prices = {symbol: Decimal(price) for symbol, (price, _) in HOMES.items()}
    other = AccountSettings("other", (KeySettings(OTHER_ACCOUNTS_KEY, DEMO_PRIVATE),), money)
    return Settings(accounts=(account, other), prices=prices, behaviour=behaviour, seed=chance.randrange(2**32))


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
        strategies = draw_strategies(chance, clear=self._plan.clear)
        settings = draw_settings(chance, clear=self._plan.clear)
        changes = random.Random(f"{self._plan.seed} around")
        lives = Lives(strategies, _split(changes), change=self._plan.surroundings, clear=self._plan.clear)
        disk = Disk(str(uuid.UUID(int=chance.getrandbits(128), version=4)), self._journal)
        try:
            async with trio.open_nursery() as nursery:
                network = Network(nursery, settings)
                walks = [self._walk(network, symbol) for symbol in lives.symbols]
                misfortune = Misfortune(
                    network,
                    disk,
                    walks,
                    _split(chance),
                    self._trace,
                    mortal=self._plan.mortal,
                    around=_split(changes) if self._plan.surroundings else None,
                    clear=self._plan.clear,
                )
                first = lives.first().config
                owner, around = misfortune.owner, misfortune.around
                judge = Judge(network, first, disk, owner, around, self._trace, clear=self._plan.clear)
                judge.oracles.life = self._trading_life
                nursery.start_soon(network.keep_time)
                nursery.start_soon(_look_for_overdue, judge)
                for walk in walks:
                    nursery.start_soon(walk.run)
                nursery.start_soon(self._live_on, lives, network, disk, misfortune, judge)
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
        return Walk(network, symbol, Decimal(home), Decimal(tick), _split(self._chance), brisk=self._plan.clear)

    async def _weather(self, misfortune: Misfortune, judge: Judge, walks: list[Walk]) -> None:
        end = self._plan.days * DAY
        while trio.current_time() < end:
            longest = 2_400 if self._plan.clear else 7_200
            length = min(self._chance.uniform(300, longest), end - trio.current_time())
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

    def _trading_life(self) -> int:
        """Number of the life that trades, 0 when none does."""
        life, status = self._life, self._status()
        if life is None or status is None or status.state != "RUNNING":
            return 0
        return life.number if all(report.phase == "trading" for report in status.strategies) else 0

    def _shown(self) -> str:
        status = self._status()
        return "no status" if status is None else "\n".join(str(report) for report in status.strategies)

    async def _live_on(self, lives: Lives, network: Network, disk: Disk, misfortune: Misfortune, judge: Judge) -> None:
        """The program, started again whenever it died."""
        chance = _split(self._chance)
        upcoming = lives.first()
        while True:
            if not upcoming.regular and not _is_harmless(upcoming, disk):
                await self._odd_life(upcoming, network, disk, judge, chance)
            if not upcoming.regular:
                upcoming = lives.next(calm=True)
            judge.configure(upcoming.config)
            life = self._life = misfortune.life = Life(next(self._lives), Gate())
            self._trace.note(f"life {life.number} {upcoming.change}")
            if life.number > 1 and not self._plan.clear and chance.random() < 0.3:
                moment = chance.randint(1, 60)
                if misfortune.rages:
                    life.gate.kill_at(moment)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(live, upcoming.config, life, network, disk, _split(chance))
                await _first(life.ended.wait, life.gate.dead.wait)
                if not life.gate.dead.is_set() and not _may_end(life, upcoming, disk):
                    raise Violation(f"the program ended by itself: {life.failure!r}")
                self._trace.note(f"death before {life.gate.last} {life.exit_code}")
                self._life = misfortune.life = None
                judge.oracles.end()
                await trio.sleep(chance.choice((0.5, 5.0, 60.0, 900.0)))
                # What is left of a dead process cannot do anything, but has to be cleared away.
                await life.ended.wait()
            upcoming = lives.next(calm=not misfortune.rages)

    async def _odd_life(self, odd: Next, network: Network, disk: Disk, judge: Judge, chance: random.Random) -> None:
        """A dry run, which touches nothing real, or a start that must be refused and touches nothing at all."""
        cores, orders = dict(disk.cores), dict(disk.orders)
        life = Life(next(self._lives), Gate())
        judge.expect_idle(f"in a life with {odd.change}" if odd.change in REFUSED else "in a dry run")
        self._trace.note(f"life {life.number} {odd.change}")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live, odd.config, life, network, disk, _split(chance))
            with trio.move_on_after(chance.choice((60.0, 600.0))):
                await life.ended.wait()
            refused = life.ended.is_set() and life.exit_code == EXIT_USAGE
            self._trace.note(f"odd life ends {life.exit_code} {life.failure!r}")
            if odd.change in REFUSED and not refused and not _is_not_heard(odd, life):
                raise Violation(f"a start with {odd.change} was not refused: {life.failure!r}")
            if odd.change == "dry run" and life.ended.is_set() and not _may_end(life, odd, Disk("")):
                raise Violation(f"a dry run ended by itself: {life.failure!r}")
            life.gate.kill_at(0)
            await life.ended.wait()
        if (disk.cores, disk.orders) != (cores, orders):
            raise Violation(f"a life with {odd.change} wrote into the journal")


def _is_harmless(odd: Next, disk: Disk) -> bool:
    """Whether what should be refused need not be: nobody owns the journal yet, or nothing is left of that userref."""
    if odd.change == "another account":
        return not any(owner.account for owner in disk.owners.values())
    if odd.userref is None:
        return False
    if odd.userref not in disk.cores:
        return True
    core = json.loads(disk.cores[odd.userref])
    base = max(Decimal(core["owned"]), Decimal(core["surplus"]))
    return not (core["orders"] or core["remembered"] or base > 0)


def _is_not_heard(odd: Next, life: Life) -> bool:
    """Another account is known by what the exchange says; while a storm keeps that from being heard, it waits."""
    if odd.change != "another account":
        return life.handle is None and not life.ended.is_set()
    if life.ended.is_set():
        return isinstance(life.failure, supervisor.ProgramFailed)  # the exchange refused the key itself
    return life.handle is None or life.handle.status().state != "RUNNING"


def _may_end(life: Life, upcoming: Next, disk: Disk) -> bool:
    """Whether a life may end by itself.

    A disk fails, a first start is refused as the venue is now, or a key is refused that never worked before.
    """
    new = not any(one.userref in disk.cores for one in upcoming.config.strategy)
    unproved = all(owner.key != fingerprint(upcoming.config) for owner in disk.owners.values())
    return (
        life.exit_code == EXIT_DATABASE
        or (new and life.exit_code == EXIT_USAGE)
        or (unproved and life.exit_code == EXIT_CREDENTIALS)
    )


async def _look_for_overdue(judge: Judge) -> None:
    while True:
        await trio.sleep(LOOK)
        judge.check_overdue()


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
