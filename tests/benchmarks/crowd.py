"""Many strategies as a process of their own, against a local Kraken in another one."""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Self

import httpx
import trio
from msgspec import Struct

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE
from tests.benchmarks.bench_kraken import HEAD
from tests.benchmarks.far_kraken import FarKraken, Json, far_kraken
from tests.process.running import free_port

PRICES = {"BTC": Decimal(50_000), "ETH": Decimal(3_000)}
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300.0
"""Seconds until a trial is given up."""
STRATEGY = """
[[strategy]]
name = "crowd-{number}"
kind = "GridSell"
base_currency = "{base}"
quote_currency = "USD"
userref = {number}
amount_per_grid = 100
interval = {interval}
n_open_buy_orders = {buys}
max_investment = 1000000
"""


class Program:
    """One life of the program."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.began = time.time()
        self.log = log
        self._process = process
        self._port = port

    def kill(self) -> None:
        """As kill -9 does."""
        self._process.kill()
        self._process.wait()

    async def status(self) -> Json:
        """What `/status` says; nothing before it answers."""
        try:
            async with httpx.AsyncClient(trust_env=False, verify=False) as http:  # noqa: S501 - plain HTTP
                return (await http.get(f"http://127.0.0.1:{self._port}/status", timeout=5)).json()
        except httpx.HTTPError:
            return {"state": "none"}

    async def running(self) -> float | None:
        """Seconds from its start to RUNNING; None when that does not come."""
        while time.time() < self.began + PATIENCE and self._process.poll() is None:
            if (await self.status())["state"] == "RUNNING":
                return time.time() - self.began
            await trio.sleep(0.2)
        return None


class Crowd:
    """The venue, and the folder of the program's journal."""

    def __init__(self, venue: FarKraken, folder: Path) -> None:
        self.venue = venue
        self._folder = folder

    @contextmanager
    def started(self, strategies: int, buys: int, *, pairs: int = 1) -> Iterator[Program]:
        """The program with so many strategies of one pair or two in turns; killed at the end."""
        port, path = free_port(), self._folder / "crowd.toml"
        text = HEAD.format(
            key=DEMO_KEY, private=DEMO_PRIVATE, database=self._folder / "crowd.duckdb", **self.venue.addresses
        ).replace("enabled = false", f"port = {port}")
        for number in range(1, strategies + 1):
            interval, base = Decimal("0.02") + Decimal(number) / 2000, list(PRICES)[number % pairs]
            text += STRATEGY.format(number=number, base=base, buys=buys, interval=interval)
        path.write_text(text)
        log = self._folder / f"log-{port}.txt"
        with log.open("wb") as out:
            command = [sys.executable, "-m", "supervisor", str(path)]
            process = subprocess.Popen(
                command, cwd=ROOT, env=_environment(self._folder), stdout=out, stderr=subprocess.STDOUT
            )
        program = Program(process, port, log)
        try:
            yield program
        finally:
            program.kill()

    async def built(self, buys: int) -> None:
        """So many buys are open, and the pair's counter has forgotten them."""
        while sum(order["descr"]["type"] == "buy" for order in (await self.venue.open_orders()).values()) < buys:  # noqa: ASYNC110
            await trio.sleep(0.2)

    async def forgotten(self) -> None:
        """The venue has forgotten what the program has asked for: no counter of an earlier life is in the way."""
        await self.venue.do("advance", seconds="300")

    async def requests(self) -> list[Json]:
        """All but pings and the benchmark's own."""
        log: list[Json] = await self.venue.look("requests")
        return [entry for entry in log if entry["name"] not in ("ping", "QueryOrders")]

    async def fall(self, wanted: int) -> int:
        """The markets fall until about so many buys are filled; how many were."""
        filled = 0
        orders = [_Open.of(order) for order in (await self.venue.open_orders()).values()]
        traded = [base for base in PRICES if any(order.base == base for order in orders)]
        for base in traded:
            prices = sorted(
                (order.price for order in orders if (order.base, order.side) == (base, "buy")), reverse=True
            )
            price = prices[max(wanted // len(traded), 1) - 1]
            filled += sum(other >= price for other in prices)
            await self.venue.do("price", symbol=f"{base}/USD", price=str(price))
        return filled

    async def sells(self) -> int:
        """How many sells are open."""
        orders = (await self.venue.open_orders()).values()
        return sum(order["descr"]["type"] == "sell" for order in orders)


class _Open(Struct, frozen=True):
    """An open order."""

    base: str
    side: str
    price: Decimal

    @classmethod
    def of(cls, order: Json) -> Self:
        """As the venue shows it."""
        described = order["descr"]
        base = described["pair"].removesuffix("USD").replace("XBT", "BTC")
        return cls(base, described["type"], Decimal(described["price"]))


def _environment(folder: Path) -> dict[str, str]:
    """Modules are compiled once, as those of an installed program are."""
    return os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


@asynccontextmanager
async def crowd() -> AsyncIterator[Crowd]:
    """A fresh venue and an empty folder."""
    with tempfile.TemporaryDirectory() as name:
        async with far_kraken(Path(name), {f"{base}/USD": price for base, price in PRICES.items()}) as venue:
            modules = "supervisor, actors.metrics.actor, adapters.exchanges.kraken.exchange"
            command = [sys.executable, "-c", f"import {modules}"]
            await trio.run_process(command, cwd=ROOT, env=_environment(Path(name)))
            yield Crowd(venue, Path(name))


def counted(requests: list[Json]) -> str:
    """How many of each name, most first."""
    names = Counter(entry["name"] for entry in requests)
    return ", ".join(f"{name} {count}" for name, count in names.most_common())
