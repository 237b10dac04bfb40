"""What a trial has: volumes, configurations, containers, and a venue outside of them."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import trio

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, Sandbox, open_sandbox
from tests.image.container import PATIENCE, Container, Runnable, volume
from tests.image.machine import run
from tests.process.at_kraken import strategy, venue
from tests.process.running import ROOT, free_port

KEYS = {
    "INFINITY_GRID_API_PUBLIC_KEY_FILE": "/config/public",
    "INFINITY_GRID_API_SECRET_KEY_FILE": "/config/secret",
}


class Bench:
    """Makes everything anew for each trial; `figures` are printed at the end."""

    def __init__(self, made: Runnable, work: Path) -> None:
        self.made = made
        self.owner = made.image.user
        self.figures: dict[str, str] = {}
        self.work = work
        self._count = 0

    def place(self) -> Path:
        """A path that is not there yet."""
        self._count += 1
        return self.work / f"trial-{self._count}"

    def volume(self, megabytes: int = 64, owner: str | None = None) -> Path:
        """An empty volume."""
        return volume(self.place(), megabytes, owner or self.owner)

    def configuration(self, text: str) -> Path:
        """A folder for `/config`, with the keys of the local Kraken as files that only the image's user may read."""
        folder = self.place()
        folder.mkdir()
        (folder / "config.toml").write_text(text)
        for name, key in (("public", DEMO_KEY), ("secret", DEMO_PRIVATE)):
            (folder / name).write_text(key + "\n")
            (folder / name).chmod(0o400)
            run("chown", self.owner, folder / name)
        return folder

    def demonstration(self) -> Path:
        """`config/demo.toml` on a free port."""
        text = (ROOT / "config/demo.toml").read_text(encoding="utf-8")
        return self.configuration(text.replace("port = 8080", f"port = {free_port()}"))

    def at(self, kraken: Sandbox, on_stop: str = "keep") -> Path:
        """Real orders at the local Kraken."""
        return self.configuration(
            f'[bot]\ndry_run = false\non_stop = "{on_stop}"\n[exchange]\nadapter = "kraken"\n'
            f'rest_url = "{kraken.rest_url}"\nws_url = "{kraken.ws_url}"\nws_auth_url = "{kraken.ws_auth_url}"\n'
            f'[persistence]\ndatabase = "grid.duckdb"\n[metrics]\nport = {free_port()}\n'
            f"[supervisor]\nbackoff_seconds = 0.2\n{strategy()}"
        )

    @contextmanager
    def container(self, data: Path, config: Path, *arguments: str, keys: bool = True) -> Iterator[Container]:
        """A running container; whatever happens, it is gone afterwards."""
        with Container(self.made, data, config, list(arguments), environment=KEYS if keys else {}) as running:
            yield running

    def tool(self, *command: str, data: Path | None = None, config: Path | None = None) -> tuple[int, str]:
        """`docker run --rm --entrypoint ...`: exit code, and what it says."""
        with Container(
            self.made, data or self.volume(), config or self.configuration(""), list(command[1:]), [command[0]]
        ) as running:
            code = running.wait()
            return code, running.log.strip()


@asynccontextmanager
async def kraken() -> AsyncIterator[Sandbox]:
    """A venue with one account."""
    async with open_sandbox(settings=venue()) as sandbox:
        yield sandbox


def orders(kraken: Sandbox) -> dict[str, str]:
    """The account's open orders: side by the venue's id."""
    return {order.txid: order.side for order in kraken.control.open_orders("demo")}


async def until(what: Callable[[], object], running: Container, seconds: float = PATIENCE) -> None:
    """Wait for something that the container does; its log explains a failure."""
    with trio.move_on_after(seconds):
        while not what():
            assert not running.ended, f"ended:\n{running.log}"
            await trio.sleep(0.02)
        return
    raise AssertionError(f"not within {seconds} s:\n{running.log}")


async def healthy(running: Container) -> None:
    """Wait until its health check answers 0."""
    last = ""
    with trio.move_on_after(PATIENCE):
        while True:
            code, last = await trio.to_thread.run_sync(running.health)
            if code == 0:
                return
            assert not running.ended, f"ended:\n{running.log}"
    raise AssertionError(f"{last}\n{running.log}")


def fill_up(folder: Path) -> Path:
    """Leave no byte free on a volume."""
    path = folder / "others"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 65536)
    return path
