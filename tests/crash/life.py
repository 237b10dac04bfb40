"""One life of the program: a real process, and what its status page says."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx
import msgspec
import trio
from msgspec import Struct

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE
from tests.crash.launcher import launch
from tests.crash.points import Point
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

    def __init__(self, process: ForkServerProcess, client: httpx.AsyncClient, url: str, log: Path) -> None:
        self.process = process
        self._client = client
        self._url = url
        self._log = log

    @property
    def is_over(self) -> bool:
        return self.process.exitcode is not None

    @property
    def was_killed(self) -> bool:
        """Whether it ended as these tests end it."""
        return self.process.exitcode == -signal.SIGKILL

    def kill(self) -> None:
        """SIGKILL; it is certainly gone afterwards."""
        self.process.kill()
        self.process.join()

    async def page(self) -> Page | None:
        """What `/status` says, or None while nobody answers."""
        try:
            answer = await self._client.get(self._url, timeout=5)
            return msgspec.json.decode(answer.content, type=Page, strict=False)
        except (httpx.HTTPError, msgspec.DecodeError):
            return None

    async def stop(self) -> int | None:
        """SIGTERM, and the exit code; None for a program that does not end."""
        self.process.terminate()
        with trio.move_on_after(PATIENCE):
            while not self.is_over:  # noqa: ASYNC110 - another process sets no event here
                await trio.sleep(0.01)
        return self.process.exitcode

    def told(self) -> str:
        """What it logged."""
        return self._log.read_text()


@contextmanager
def started(
    folder: Path,
    log: Path,
    port: int,
    client: httpx.AsyncClient,
    point: Point | None = None,
    steps: Path | None = None,
    arguments: Sequence[str] = (),
    key: str = DEMO_KEY,
) -> Iterator[Life]:
    """The program, which kills itself if `point` is one of its own writes; gone at the end of the block."""
    keys = environment(INFINITY_GRID_API_PUBLIC_KEY=key, INFINITY_GRID_API_SECRET_KEY=DEMO_PRIVATE)
    process = launch(folder, log, keys, [*arguments, "trial.toml"], point, steps)
    life = Life(process, client, f"http://127.0.0.1:{port}/status", log)
    try:
        yield life
    finally:
        life.kill()
        life.process.close()
