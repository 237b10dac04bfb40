"""The real program against the local Kraken, one life after the other: what it places, says and answers."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import trio

from simulators.kraken import (
    DEMO_KEY,
    DEMO_PRIVATE,
    AccountSettings,
    KeySettings,
    Sandbox,
    Settings,
    open_sandbox,
)
from tests.process.running import PATIENCE, command, environment, free_port, run_to_end

BTC, ETH = "BTC/USD", "ETH/USD"
PRICES = {BTC: Decimal("50000.0"), ETH: Decimal("2500.00")}
MONEY = {"ZUSD": Decimal("100000.0000"), "XXBT": Decimal("2.0000000000"), "XETH": Decimal("5.0000000000")}
SECOND_KEY = "second-key"
OTHER_ACCOUNT = "other-account"

STRATEGY = """
[[strategy]]
name = "{name}"
kind = "{kind}"
base_currency = "{base}"
quote_currency = "USD"
userref = {userref}
amount_per_grid = 100
interval = 0.01
n_open_buy_orders = 3
max_investment = 2000
"""


def strategy(name: str = "trial", kind: str = "GridSell", base: str = "BTC", userref: int = 1001) -> str:
    """A grid of three buys."""
    return STRATEGY.format(name=name, kind=kind, base=base, userref=userref)


def venue() -> Settings:
    """An account with two keys, and another account."""
    keys = (KeySettings(DEMO_KEY, DEMO_PRIVATE), KeySettings(SECOND_KEY, DEMO_PRIVATE))
    other = AccountSettings("other", (KeySettings(OTHER_ACCOUNT, DEMO_PRIVATE),), MONEY)
    return Settings(accounts=(AccountSettings("demo", keys, MONEY), other), prices=PRICES)


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator["Desk"]:
    """A venue and a folder for the program."""
    async with open_sandbox(settings=venue()) as kraken:
        yield Desk(kraken, folder)


class Desk:
    """One machine in front of the venue."""

    def __init__(self, kraken: Sandbox, folder: Path) -> None:
        self.kraken = kraken
        self.folder = folder
        self.log = folder / "log.txt"
        self.port = free_port()
        self.key = DEMO_KEY

    def configure(
        self, *strategies: str, bot: str = "dry_run = false", exchange: str = 'adapter = "kraken"', more: str = ""
    ) -> Path:
        """Write `trial.toml`."""
        urls = {"rest_url": self.kraken.rest_url, "ws_url": self.kraken.ws_url, "ws_auth_url": self.kraken.ws_auth_url}
        places = "" if '"kraken"' not in exchange else "".join(f'{name} = "{url}"\n' for name, url in urls.items())
        if "dry_run = true" in bot:
            places += "[exchange.paper]\nbalances = { USD = 10000, BTC = 1 }\n"
        text = (
            f"[bot]\n{bot}\n[exchange]\n{exchange}\n{places}"
            f'[persistence]\ndatabase = "trial.duckdb"\n[metrics]\nport = {self.port}\n'
            f"[supervisor]\nbackoff_seconds = 0.2\n{more}\n{''.join(strategies or (strategy(),))}"
        )
        path = self.folder / "trial.toml"
        path.write_text(text)
        return path

    @contextmanager
    def program(
        self, *arguments: str, world: dict[str, float] | None = None, few_files: bool = False
    ) -> Iterator["Life"]:
        """The running program, with few file descriptors if need be; whatever happens, it is gone afterwards."""
        head = command() if world is None else [sys.executable, "-m", "tests.process.launcher", json.dumps(world)]
        if few_files:
            head = ["sh", "-c", 'ulimit -n 96; exec "$@"', "sh", *head]
        keys = environment(INFINITY_GRID_API_PUBLIC_KEY=self.key, INFINITY_GRID_API_SECRET_KEY=DEMO_PRIVATE)
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*head, *arguments, "trial.toml"], cwd=self.folder, env=keys, stdout=log, stderr=log
            )
        try:
            yield Life(self, process, begin)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    async def refused(self, *arguments: str, code: int = 2, seconds: float = PATIENCE) -> str:
        """Start it and expect that it ends by itself with this exit code; returns what it said."""
        with self.program(*arguments) as life:
            with trio.move_on_after(seconds):
                assert await life.ended() == code, life.said()
                assert "Traceback" not in life.said()
                return life.said()
            raise AssertionError(f"it did not end: {life.said()}")

    def check(self) -> "subprocess.CompletedProcess[str]":
        """What `--check` says. It asks nobody, so that the venue may stand still meanwhile."""
        return run_to_end(
            self.folder,
            "--check",
            "trial.toml",
            INFINITY_GRID_API_PUBLIC_KEY=self.key,
            INFINITY_GRID_API_SECRET_KEY=DEMO_PRIVATE,
        )

    def requests(self) -> int:
        """How many private requests have reached the venue."""
        return sum(1 for entry in self.kraken.control.requests() if "nonce" in entry.params)

    def orders(self) -> list[tuple[str, str, Decimal]]:
        """The first account's open orders: pair, side, price."""
        return sorted((order.pair, order.side, order.price) for order in self.kraken.control.open_orders("demo"))

    def sides(self) -> tuple[int, int]:
        """Open buys, open sells."""
        sides = [side for _, side, _ in self.orders()]
        return sides.count("buy"), sides.count("sell")


class Life:
    """One process."""

    def __init__(self, desk: Desk, process: "subprocess.Popen[bytes]", begin: int) -> None:
        self.desk = desk
        self.process = process
        self._begin = begin

    def said(self) -> str:
        """Its log so far."""
        return self.desk.log.read_bytes()[self._begin :].decode()

    async def status(self) -> dict[str, Any]:
        """`/status`; empty while nobody answers."""
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                answer: dict[str, Any] = (await client.get(f"http://127.0.0.1:{self.desk.port}/status")).json()
            except httpx.TransportError:
                return {}
        return answer

    async def until(self, what: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait for something that this process does; what it said explains a failure."""
        with trio.move_on_after(seconds):
            while not what():
                assert self.process.poll() is None or what(), self.said()
                await trio.sleep(0.02)
            return
        raise AssertionError(self.said())

    async def trades(self, buys: int = 3) -> None:
        """Wait until it is RUNNING and so many buys rest."""
        await self.until(lambda: "state: RUNNING" in self.said() and self.desk.sides()[0] == buys)

    async def falls(self, price: str, sells: int) -> None:
        """A buy is filled; wait for its sell, and for the buy that follows with the next trade."""
        self.desk.kraken.control.price(BTC, Decimal(price))
        await self.until(lambda: self.desk.sides()[1] == sells)
        self.desk.kraken.control.price(BTC, Decimal(price))
        await self.until(lambda: self.desk.sides() == (3, sells))

    async def ended(self) -> int:
        """Wait for the end; its exit code."""
        await self.until(lambda: self.process.poll() is not None)
        return self.process.wait()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return await self.ended()
