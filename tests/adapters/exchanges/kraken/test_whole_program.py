"""The whole program as a subprocess against the local Kraken, over real sockets: faults, kill -9, restarts.

Only URLs and keys differ from `config/kraken.toml`.
"""

import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import trio

import config as config_package
from simulators.kraken import (
    DEMO_KEY,
    DEMO_PRIVATE,
    FrameFault,
    RequestFault,
    Sandbox,
    Settings,
    open_sandbox,
)
from tests.process.running import PATIENCE, command, environment, placed_twice

pytestmark = pytest.mark.process

TEXT = (Path(config_package.__file__).parent / "kraken.toml").read_text()
PRICE = Decimal("61250.0")


def write_config(folder: Path, kraken: Sandbox) -> Path:
    """The ready configuration, for real orders at the local Kraken."""
    text = TEXT.replace("dry_run = true ", "dry_run = false").replace("port = 8080", "port = 0")
    urls = {"rest_url": kraken.rest_url, "ws_url": kraken.ws_url, "ws_auth_url": kraken.ws_auth_url}
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    lines.insert(lines.index("[exchange]") + 1, "\n".join(f'{name} = "{url}"' for name, url in urls.items()))
    path = folder / "kraken.toml"
    path.write_text("\n".join(lines) + "\n\n[supervisor]\nbackoff_seconds = 0.2\n")
    return path


@contextmanager
def program(folder: Path, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The running program; whatever happens, it is gone afterwards."""
    keys = environment(INFINITY_GRID_API_PUBLIC_KEY=DEMO_KEY, INFINITY_GRID_API_SECRET_KEY=DEMO_PRIVATE)
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(command(str(path)), cwd=folder, env=keys, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@asynccontextmanager
async def local_kraken() -> AsyncIterator[Sandbox]:
    """One account with dollars and bitcoins."""
    async with open_sandbox(settings=Settings(prices={"BTC/USD": PRICE})) as kraken:
        yield kraken


async def until(folder: Path, what: Callable[[], object]) -> None:
    """Wait for the other process; what it logged explains a failure."""
    with trio.move_on_after(PATIENCE):
        while not what():  # noqa: ASYNC110 - another process sets no event here
            await trio.sleep(0.02)
        return
    raise AssertionError((folder / "log.txt").read_text())


def buys(kraken: Sandbox) -> int:
    """How many are open. A fill lowers it until the next tick or the next start fills the ladder up."""
    return sum(1 for order in kraken.control.open_orders() if order.side == "buy")


def sells(kraken: Sandbox) -> int:
    """How many are open."""
    return len(kraken.control.open_orders()) - buys(kraken)


async def ended(process: subprocess.Popen[bytes], number: int) -> int:
    """Send a signal and wait for the end."""
    process.send_signal(number)
    return await trio.to_thread.run_sync(process.wait)


async def test_a_grid_survives_kill_9_and_answers_what_was_filled_meanwhile(tmp_path: Path) -> None:
    async with local_kraken() as kraken:
        path = write_config(tmp_path, kraken)
        with program(tmp_path, path) as process:
            await until(tmp_path, lambda: buys(kraken) == 5)
            kraken.control.price("BTC/USD", Decimal("60000.0"))
            await until(tmp_path, lambda: sells(kraken) == 1)
            await ended(process, signal.SIGKILL)
        before = {order.txid for order in kraken.control.open_orders()}
        kraken.control.price("BTC/USD", Decimal("57500.0"))
        with program(tmp_path, path) as process:
            await until(tmp_path, lambda: sells(kraken) == 3 and buys(kraken) == 5)
            assert await ended(process, signal.SIGTERM) == 0
        after = {order.txid for order in kraken.control.open_orders()}
        # Two buys were filled. The first fill's fill-up may have left before the kill or not: its tick decides.
        assert len(before & after) == len(before) - 2
        kraken.control.price("BTC/USD", PRICE)
        with program(tmp_path, path) as process:
            await until(tmp_path, lambda: (tmp_path / "log.txt").read_text().count("state: RUNNING") == 3)
            assert sells(kraken) == 0
            assert await ended(process, signal.SIGTERM) == 0
    assert placed_twice(tmp_path / "infinity-grid-kraken.duckdb") == []
    assert (tmp_path / "infinity-grid-kraken.duckdb.nonce").exists()


@pytest.mark.parametrize(
    "fault",
    [
        RequestFault("lose_reply", target="ws:*add*"),
        RequestFault("lose_request", target="ws:*add*"),
        RequestFault("error", target="ws:*add*", text="EService:Busy"),
        RequestFault("error", target="ws:*add*", text="EService:Unavailable", executed=True),
        RequestFault("error", target="ws:*add*", text="EOrder:Rate limit exceeded"),
        RequestFault("drop", target="ws:*add*"),
        RequestFault("drop", target="ws:*add*", executed=True),
        FrameFault("lose_frame", target="frame:executions"),
        FrameFault("duplicate", target="frame:executions"),
        FrameFault("reorder", target="frame:executions"),
        FrameFault("lose_frame", target="frame:balances"),
    ],
    ids=lambda fault: f"{fault.action} {fault.target} {getattr(fault, 'text', '')}",
)
async def test_whatever_goes_wrong_every_fill_gets_one_counter_order(
    tmp_path: Path, fault: RequestFault | FrameFault
) -> None:
    async with local_kraken() as kraken:
        with program(tmp_path, write_config(tmp_path, kraken)) as process:
            await until(tmp_path, lambda: buys(kraken) == 5)
            kraken.control.fault(fault)
            kraken.control.price("BTC/USD", Decimal("60000.0"))
            await until(tmp_path, lambda: sells(kraken) == 1)
            kraken.control.price("BTC/USD", Decimal("58800.0"))
            await until(tmp_path, lambda: sells(kraken) == 2)
            kraken.control.price("BTC/USD", PRICE)
            await until(tmp_path, lambda: sells(kraken) == 0)
            assert await ended(process, signal.SIGTERM) == 0
    assert placed_twice(tmp_path / "infinity-grid-kraken.duckdb") == []


async def test_cut_connections_and_void_tokens_change_no_order(tmp_path: Path) -> None:
    async with local_kraken() as kraken:
        with program(tmp_path, write_config(tmp_path, kraken)) as process:
            await until(tmp_path, lambda: buys(kraken) == 5)
            orders = {order.txid for order in kraken.control.open_orders()}
            kraken.control.revoke_tokens()
            kraken.control.price("BTC/USD", Decimal("60000.0"))
            await until(tmp_path, lambda: sells(kraken) == 1)
            await kraken.control.drop()
            kraken.control.price("BTC/USD", Decimal("58800.0"))
            await until(tmp_path, lambda: sells(kraken) == 2)
            assert len(orders & {order.txid for order in kraken.control.open_orders()}) == 3
            assert await ended(process, signal.SIGTERM) == 0


async def test_a_refused_key_ends_the_program_with_code_3(tmp_path: Path) -> None:
    async with local_kraken() as kraken:
        path = write_config(tmp_path, kraken)
        wrong = environment(INFINITY_GRID_API_PUBLIC_KEY="nobody", INFINITY_GRID_API_SECRET_KEY=DEMO_PRIVATE)
        done = await trio.run_process(
            command(str(path)), cwd=tmp_path, env=wrong, capture_stderr=True, capture_stdout=True, check=False
        )
    assert done.returncode == 3
    assert b"Invalid key" in done.stderr
    assert DEMO_PRIVATE.encode() not in done.stderr
