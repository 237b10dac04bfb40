"""One life of the program: a real process, and what its status page says."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import msgspec
import trio
from msgspec import Struct

from adapters.exchanges.kraken.sandbox import DEMO_KEY, DEMO_PRIVATE
from tests.crash.points import JOURNAL, Point
from tests.process.running import environment

PATIENCE = 40.0
"""Seconds until a program that does not get where it should counts as stuck."""


class ShownOrder(Struct, frozen=True):
    """An order of the status page."""

    order_id: str
    side: str
    price: Decimal
    volume: Decimal
    filled: Decimal
    phase: str
    kind: str


class Shown(Struct, frozen=True):
    """The strategy on the status page."""

    phase: str
    last_price: Decimal | None
    investment: Decimal
    quote_free: Decimal
    base_free: Decimal
    owned: Decimal
    surplus: Decimal
    buys_filled: int
    sells_filled: int
    fees: Decimal
    cash_flow: Decimal
    open_orders: tuple[ShownOrder, ...]


class Page(Struct, frozen=True):
    """The status page, as far as it matters here."""

    state: str
    strategies: tuple[Shown, ...]


class Life:
    """The running process."""

    def __init__(self, process: subprocess.Popen[bytes], client: httpx.AsyncClient, url: str, log: Path) -> None:
        self.process = process
        self._client = client
        self._url = url
        self._log = log

    @property
    def is_over(self) -> bool:
        return self.process.poll() is not None

    async def page(self) -> Page | None:
        """What `/status` says, or None while nobody answers."""
        try:
            answer = await self._client.get(self._url, timeout=5)
            return msgspec.json.decode(answer.content, type=Page, strict=False)
        except (httpx.HTTPError, msgspec.DecodeError):
            return None

    async def stop(self) -> int:
        """SIGTERM, and how it ended."""
        self.process.send_signal(signal.SIGTERM)
        with trio.move_on_after(PATIENCE):
            while not self.is_over:  # noqa: ASYNC110 - another process sets no event here
                await trio.sleep(0.01)
        return self.process.poll() if self.is_over else 255  # type: ignore[return-value]

    def told(self) -> str:
        """What it logged."""
        return self._log.read_text()


@contextmanager
def started(folder: Path, port: int, client: httpx.AsyncClient, point: Point | None, steps: Path | None) -> Iterator[Life]:
    """The program, which kills itself if `point` is one of its own writes; gone at the end of the block."""
    more = {"INFINITY_GRID_API_PUBLIC_KEY": DEMO_KEY, "INFINITY_GRID_API_SECRET_KEY": DEMO_PRIVATE}
    if point is not None and point.stream.startswith(JOURNAL):
        more["CRASH_AT"] = str(point)
    if steps is not None:
        more["CRASH_STEPS"] = str(steps)
    path = folder / "log.txt"
    with path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.launcher", "trial.toml"],
            cwd=folder,
            env=environment(**more),
            stdout=log,
            stderr=log,
        )
        try:
            yield Life(process, client, f"http://127.0.0.1:{port}/status", path)
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def killed(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended as planned by these tests."""
    return process.poll() == -signal.SIGKILL


