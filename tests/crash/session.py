"""The scripted session, with a crash at each of some points: one point per life of the program."""

import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import trio
from msgspec import Struct, field

from simulators.kraken import DEMO_KEY, Sandbox, open_sandbox
from tests.crash import verdict
from tests.crash.killer import Killer
from tests.crash.life import PATIENCE, Life, Page, started
from tests.crash.points import Point, points_of
from tests.crash.script import STAGES, SYMBOL, configuration, venue
from tests.crash.verdict import Picture, Problem
from tests.process.running import free_port

NUDGES = 2
"""Trades at the same price after each stage: what waits for an answer goes on with the next tick."""
LOSS_AFTER = {"GridHODL": 0, "GridSell": 3, "SWING": 2, "cDCA": 2}
"""The stage after which a lost journal is lost; the next one happens while nobody is there."""
_LOOK_SECONDS = 0.02
"""Between two looks at the status page; each further one of a long wait comes later, since looking costs time too."""


class Reference(Struct):
    """The session without a crash."""

    pictures: list[Picture] = field(default_factory=list)
    """After each stage, and last after the stop."""
    points: list[Point] = field(default_factory=list)


class Outcome(Struct):
    """What came of a session."""

    kind: str
    plan: tuple[Point, ...]
    lost: bool = False
    """Whether the journal was deleted before the first of these crashes."""
    reached: int = 0
    """How many of the plan's points were met."""
    seconds: float = 0.0
    problems: list[Problem] = field(default_factory=list)
    log: str = ""


class Stuck(Exception):
    """The program did not get where it should."""


async def without_crash(kind: str) -> Reference:
    """Run the session and note what it goes through."""
    reference = Reference()
    async with opened(kind, ()) as session:
        await session.play(reference, record=True)
    return reference


async def with_crashes(kind: str, plan: Sequence[Point], reference: Reference, *, lost: bool = False) -> Outcome:
    """Run the session, killed at `plan`, and judge it. With `lost`, `plan` begins where the journal is gone."""
    outcome = Outcome(kind, tuple(plan), lost)
    begin = time.monotonic()
    async with opened(kind, plan) as session:
        try:
            await (session.play_without_journal if lost else session.play)(reference)
        except Stuck as error:
            outcome.problems.append(Problem("stuck", str(error)))
            session.kill()  # else its journal cannot be read
        outcome.problems += session.problems(lost=lost)
        outcome.reached = session.kills
        outcome.log = session.told() if outcome.problems else ""
    outcome.seconds = time.monotonic() - begin
    return outcome


async def steps_after(kind: str, first: Point, reference: Reference) -> list[Point]:
    """What the program goes through in the life after a crash at `first`."""
    async with opened(kind, (first,)) as session:
        await session.play(reference, record=True)
        return session.points()


async def steps_after_loss(kind: str, reference: Reference) -> list[Point]:
    """What the program goes through in the life that finds its orders by their ids alone."""
    async with opened(kind) as session:
        await session.play_without_journal(reference, record=True)
        return session.points()


@asynccontextmanager
async def opened(kind: str, plan: Sequence[Point] = (), *, folder: Path | None = None) -> AsyncIterator["Session"]:
    """A venue and an empty folder, `folder` if given; every life is gone at the end of the block."""
    with tempfile.TemporaryDirectory() as new:
        async with open_sandbox(settings=venue()) as kraken, httpx.AsyncClient() as client:
            with ExitStack() as lives:
                data = folder or Path(new) / "data"
                data.mkdir(exist_ok=True)
                yield Session(kind, plan, kraken, client, data, Path(new) / "log.txt", lives)


class Session:
    """One venue, one folder, one life of the program after the other."""

    def __init__(
        self,
        kind: str,
        plan: Sequence[Point],
        kraken: Sandbox,
        client: httpx.AsyncClient,
        folder: Path,
        log: Path,
        lives: ExitStack,
    ) -> None:
        self.kills = 0
        self.key = DEMO_KEY
        """Public half of the API key that lives are started with."""
        self.kind = kind
        self._plan = list(plan)
        self.kraken = kraken
        self._client = client
        self.folder = folder
        self._log = log
        self._lives = lives
        self._killer = Killer(kraken)
        self._port = free_port()
        self._life: Life | None = None
        self._steps: Path | None = None
        self._forgotten: Counter[str] = Counter()
        self.configure()

    def configure(self, *changes: tuple[str, str], more: str = "") -> None:
        """The configuration of the next life: the session's own, with texts replaced, and `more` at its end."""
        text = configuration(self.kraken, self.kind, self._port)
        for before, after in changes:
            text = text.replace(before, after)
        (self.folder / "trial.toml").write_text(text + more)

    async def play(self, reference: Reference, *, record: bool = False) -> None:
        """All stages and the stop. With `record` the last life's steps are noted, and the stages if there are none."""
        self._steps = self.folder / "steps.txt" if record else None
        first = not reference.pictures
        self.live()
        for index in range(len(STAGES)):
            if first:
                reference.pictures.append(await self._quiet(self.move(index)))
            else:
                await self.reaches(self.move(index), reference.pictures[index])
        await self.stop()
        if first:
            reference.points = self.points()

    async def play_without_journal(self, reference: Reference, *, record: bool = False) -> None:
        """The same, but in the middle the database is deleted; the plan begins after that.

        What only the journal knew is gone (surplus, sums), so that from then on orders alone are compared.
        """
        last = LOSS_AFTER[self.kind]
        plan, self._plan = self._plan, []
        self.live()
        for index in range(last + 1):
            await self.reaches(self.move(index), reference.pictures[index])
        self.kill()
        self.forget()
        self._plan = plan
        self._steps = self.folder / "steps.txt" if record else None
        price = self.move(last + 1)
        self.live()
        await self.reaches(price, reference.pictures[last + 1], "orders")
        for index in range(last + 2, len(STAGES)):
            await self.reaches(self.move(index), reference.pictures[index], "orders")
        await self.stop()

    def move(self, index: int) -> Decimal:
        """The market does what this stage is about; returns the price at which trades go on."""
        return STAGES[index].move(self.kraken)

    async def reaches(self, price: Decimal, wanted: Picture, *fields: str) -> None:
        """Trades go on until the program at rest shows this picture, or these fields of it. Raises `Stuck`."""
        found = await self._quiet(price)
        with trio.move_on_after(PATIENCE):
            while verdict.differences(found, wanted, *fields):
                self.kraken.control.price(SYMBOL, price)
                found = await self.at_rest()
        if missing := verdict.differences(found, wanted, *fields):
            raise Stuck("; ".join(missing))

    async def _quiet(self, price: Decimal) -> Picture:
        for _ in range(NUDGES):
            await self.at_rest()
            self.kraken.control.price(SYMBOL, price)
        return await self.at_rest()

    def problems(self, *, lost: bool = False) -> list[Problem]:
        """What the books say; the venue's alone where the journal was `lost`."""
        left = [order for order in self.kraken.control.open_orders() if order.side == "buy"]
        found = [Problem("orphan", f"buy {order.txid} is open after the stop") for order in left]
        if lost:
            return found + verdict.orders_at(self.kraken, self.kind)
        return found + verdict.books(self.kraken, self.kind, self.folder / "trial.duckdb")

    def points(self) -> list[Point]:
        """Every point of the last life."""
        own = self._steps.read_text().split() if self._steps and self._steps.exists() else []
        return points_of([*own, *self._killer.steps])

    @property
    def is_over(self) -> bool:
        """Whether the present life has ended."""
        return self._living_or_dead().is_over

    @property
    def was_killed(self) -> bool:
        """Whether it ended as these tests end it."""
        return self._living_or_dead().was_killed

    async def page(self) -> Page | None:
        """What the present life shows."""
        return await self._living_or_dead().page()

    def record(self, steps: Path) -> None:
        """The next life's own steps go to this file."""
        self._steps = steps

    def live_until(self, point: Point | None) -> None:
        """One life, which ends at `point` and is not followed by another."""
        self._plan = [] if point is None else [point]
        self.live()
        self._plan = []

    def kill(self) -> None:
        """SIGKILL now, outside of the plan."""
        self._living_or_dead().kill()

    def forget(self) -> None:
        """The database is gone, with all the fills in it."""
        for path in self.folder.glob("trial.duckdb*"):
            if path.suffix != ".nonce":
                path.unlink()
        self._forgotten = verdict.filled_of(self.kraken)

    async def ended(self) -> int | None:
        """The exit code of a life that ends by itself."""
        life = self._living_or_dead()
        with trio.move_on_after(PATIENCE):
            while not life.is_over:  # noqa: ASYNC110 - another process sets no event here
                await trio.sleep(_LOOK_SECONDS)
        return life.process.exitcode

    def told(self) -> str:
        """What the program logged."""
        return self._life.told() if self._life else ""

    async def at_rest(self) -> Picture:
        """Wait until the program at rest shows what the venue has; a program that was killed is started again."""
        before: Picture | None = None
        page = None
        pause = _LOOK_SECONDS
        with trio.move_on_after(PATIENCE):
            while True:
                page = await self._living().page()
                found = None
                if page is not None and page.state == "RUNNING" and len(page.strategies) == 1:
                    (shown,) = page.strategies
                    found = (
                        verdict.picture(self.kraken, shown)
                        if verdict.agree(self.kraken, shown, self._forgotten)
                        else None
                    )
                if found is not None and found == before:
                    return found
                pause = _LOOK_SECONDS if found is not None else min(pause * 1.25, 10 * _LOOK_SECONDS)
                before = found
                await trio.sleep(pause)
        raise Stuck(f"never at rest: {page}")

    async def stop(self) -> None:
        """SIGTERM; a stop that was crossed by a crash is asked for again after the next start."""
        while (code := await self._living().stop()) != 0:
            if not self._living_or_dead().was_killed:
                raise Stuck(f"exit code {code}")
            self._living()
            await self.at_rest()

    def _living_or_dead(self) -> Life:
        assert self._life is not None
        return self._life

    def _living(self) -> Life:
        """The present life, or the next one after a planned end."""
        life = self._living_or_dead()
        if life.is_over:
            if not life.was_killed or not self._plan:
                last = life.told().splitlines()[-1:]
                raise Stuck(f"it ended with {life.process.exitcode}: {' '.join(last)}")
            self._plan.pop(0)
            self.kills += 1
            life = self.live()
        return life

    def live(self, *arguments: str) -> Life:
        point = self._plan[0] if self._plan else None
        if self._steps is not None:
            self._steps.unlink(missing_ok=True)
        self._life = self._lives.enter_context(
            started(self.folder, self._log, self._port, self._client, point, self._steps, arguments, self.key)
        )
        self._killer.watch(self._life, point)
        return self._life
