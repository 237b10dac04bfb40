"""The program at the local Kraken as its page sets it up: a dry run, real requests, stops of each kind, a kill."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE
from tests.newcomer.configurations import set_key
from tests.newcomer.stage import PATIENCE, Failed, Program, Stage
from tests.newcomer.unattended import ENDLESS
from tests.newcomer.walk import LOCAL_KRAKEN
from tests.process.running import counter_sells, placed_twice, statuses

SYMBOL = "BTC/USD"
BUYS = 5
"""Of the ready-made configuration."""
RUNNING = "state: RUNNING"


class Venue:
    """The local Kraken, through its control port."""

    def __init__(self, stage: Stage) -> None:
        self._url = stage.ported("http://127.0.0.1:8103")
        stage.start(LOCAL_KRAKEN, ENDLESS[1].works)

    def price(self, price: str) -> None:
        """A trade at this price."""
        httpx.post(f"{self._url}/price", json={"symbol": SYMBOL, "price": price}, trust_env=False).raise_for_status()

    def requests(self) -> set[str]:
        """The names of all that was asked."""
        return {entry["name"] for entry in httpx.get(f"{self._url}/requests", trust_env=False).json()}

    def sides(self) -> tuple[int, int]:
        """Open buys and sells."""
        account = httpx.get(f"{self._url}/state", trust_env=False).json()["accounts"]["demo"]
        sides = [order["descr"]["type"] for order in account["open_orders"].values()]
        return sides.count("buy"), sides.count("sell")

    def wait_for(self, buys: int, sells: int, program: Program) -> None:
        """Until so many orders are open. Raises `Failed`."""
        until(
            lambda: self.sides() == (buys, sells),
            lambda: f"open: {self.sides()}, not {(buys, sells)}\n{program.said()}",
        )


def until(what: Callable[[], bool], explained: Callable[[], str]) -> None:
    """Look again and again. Raises `Failed` if it does not come."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise Failed(explained())
        time.sleep(0.02)


def trade(stage: Stage) -> str:
    """All of it; returns what was done. Raises `Failed`."""
    with _opened(stage) as venue:
        _dry(stage, venue)
        _keeps(stage, venue)
        _cancels_buys(stage, venue)
        _killed(stage, venue)
        _cancels_all(stage, venue)
    _each_answered_once(stage, 2)
    return "a dry run, 3 ways to stop by 3 signals, killed once; 2 fills, each answered once"


def keep(stage: Stage) -> str:
    """A backup of the running program, a fill that it does not know, and the program on what was restored."""
    command = ".venv/bin/python -m supervisor"
    with _opened(stage) as venue:
        program = _start(stage, "keep")
        venue.wait_for(BUYS, 0, program)
        _falls(venue, "60000.0", 1, program)
        stage.run(f"{command} backup config/kraken.toml copy.duckdb")
        _falls(venue, "58800.0", 2, program)
        program.end()
        stage.run(f"{command} restore --check config/kraken.toml copy.duckdb")
        stage.run(f"{command} restore config/kraken.toml copy.duckdb")
        program = _start(stage, "keep")
        venue.wait_for(BUYS, 2, program)
        _falls(venue, "57700.0", 3, program)
    _each_answered_once(stage, 3)
    return "a backup while it ran, checked and restored; the fill after it was found at the exchange and answered once"


@contextmanager
def _opened(stage: Stage) -> Iterator[Venue]:
    """The local Kraken, and its key in the environment."""
    stage.configure(at_local_kraken=True)
    stage.environment |= {"INFINITY_GRID_API_PUBLIC_KEY": DEMO_KEY, "INFINITY_GRID_API_SECRET_KEY": DEMO_PRIVATE}
    with stage.cleared():
        yield Venue(stage)


def _each_answered_once(stage: Stage, filled: int) -> None:
    database = stage.clone / "infinity-grid-kraken.duckdb"
    if twice := placed_twice(database):
        raise Failed(f"placed twice: {twice}")
    if (sells := sum(counter_sells(database).values())) != filled:
        raise Failed(f"{sells} counter-sells for {filled} filled buys: {statuses(database)}")


def _falls(venue: Venue, price: str, sells: int, program: Program) -> None:
    """One more buy is filled; its sell rests at once, the buy that takes its place with the next trade."""
    venue.price(price)
    venue.wait_for(BUYS - 1, sells, program)
    venue.price(price)
    venue.wait_for(BUYS, sells, program)


def _start(stage: Stage, on_stop: str, *, dry_run: bool = False) -> Program:
    path = stage.clone / "config/kraken.toml"
    text = set_key(set_key(path.read_text(), "on_stop", f'"{on_stop}"'), "dry_run", str(dry_run).lower())
    path.write_text(text)
    return stage.start(".venv/bin/python -m supervisor config/kraken.toml", RUNNING)


def _dry(stage: Stage, venue: Venue) -> None:
    """Real prices, and not one order at the venue."""
    program = _start(stage, "keep", dry_run=True)
    venue.price("60000.0")
    program.wait_for("buy executed")
    program.end()
    asked = venue.requests()
    if venue.sides() != (0, 0) or any("add" in name.lower() for name in asked):
        raise Failed(f"a dry run has asked for {sorted(asked)}")
    venue.price("61250.0")


def _keeps(stage: Stage, venue: Venue) -> None:
    program = _start(stage, "keep")
    venue.wait_for(BUYS, 0, program)
    _falls(venue, "60000.0", 1, program)
    program.end(signal.SIGINT)
    venue.wait_for(BUYS, 1, program)


def _cancels_buys(stage: Stage, venue: Venue) -> None:
    program = _start(stage, "cancel-buys")
    venue.wait_for(BUYS, 1, program)
    program.end(signal.SIGTERM)
    venue.wait_for(0, 1, program)


def _killed(stage: Stage, venue: Venue) -> None:
    """What is filled while nobody looks is answered by the next start."""
    program = _start(stage, "keep")
    venue.wait_for(BUYS, 1, program)
    stage.kill(program)
    venue.price("58800.0")
    venue.wait_for(BUYS - 1, 1, program)


def _cancels_all(stage: Stage, venue: Venue) -> None:
    """The orders that were kept, the answer to the fill of meanwhile, and nothing of it after the stop."""
    program = _start(stage, "cancel-all")
    venue.price("58800.0")
    venue.wait_for(BUYS, 2, program)
    program.end(signal.SIGHUP)
    venue.wait_for(0, 0, program)
    again = _start(stage, "keep")
    venue.wait_for(BUYS, 2, again)
    again.end(signal.SIGINT)
