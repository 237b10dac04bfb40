"""What the HTTP endpoint is made of is imported when the strategies have begun."""

import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
import trio
from trio.testing import MockClock

from actors.metrics.http_port import bind
from actors.metrics.status_page import StatusBoard
from actors.persistence import InThread
from assembly import endpoint
from assembly.endpoint import PATIENCE_SECONDS, bind_endpoint, run_endpoint, status_url
from config import ConfigError
from tests.actors.reports import new_board
from tests.config.texts import changed, read

ROOT = Path(__file__).resolve().parents[2]


class Imports:
    """Stands for the worker thread that imports, and for what was imported."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.served = trio.Event()

    async def __call__(self, import_module: object, name: str) -> ModuleType:
        del import_module
        self.at.append(trio.current_time())
        module = ModuleType(name)
        module.run_metrics = self._serve  # type: ignore[attr-defined]
        return module

    async def _serve(self, board: StatusBoard, listener: socket.socket) -> None:
        self.served.set()
        await trio.sleep_forever()


@pytest.mark.parametrize(
    ("known", "begins", "imported"), [(False, 0.3, 0.3), (False, 60, PATIENCE_SECONDS), (True, 60, 0)]
)
async def test_it_is_imported_once_all_trade_and_without_a_long_wait(
    known: bool, begins: float, imported: float, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(endpoint, "MODULE", "trio" if known else "not.imported.yet")
    imports, begun, start = Imports(), trio.Event(), trio.current_time()
    _, board = new_board()
    with socket.socket() as listener:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(run_endpoint, board, listener, begun, cast("InThread", imports)))
            with trio.move_on_after(begins):
                await imports.served.wait()
            begun.set()
            await imports.served.wait()
            nursery.cancel_scope.cancel()
    assert [at - start for at in imports.at] == pytest.approx([imported])


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_the_address_of_the_status_page_has_the_port_that_was_taken(host: str, shown: str) -> None:
    try:
        listener = bind(host, 0)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert status_url(listener) == f"http://{shown}:{port}/status"


def test_the_program_begins_without_what_only_the_endpoint_or_a_restore_needs() -> None:
    """Each of them takes a tenth of a second and more."""
    late = {"hypercorn", "starlette", "prometheus_client", "numpy", "rich"}
    code = f"import sys, supervisor; sys.exit(', '.join({late!r} & sys.modules.keys()) or 0)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.strip()) == (0, "")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "a..b", "x" * 60])
def test_a_host_that_is_none_of_ours_is_not_blamed_on_the_port(host: str) -> None:
    config = read(changed("[bot]", f'[metrics]\nport = 0\nhost = "{host}"\n[bot]'))
    with pytest.raises(ConfigError, match=r"metrics\.host.* allowed: the name or address of an interface"):
        bind_endpoint(config, "c.toml")


def test_a_taken_port_is_blamed_on_the_port() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        config = read(changed("[bot]", f"[metrics]\nport = {port}\n[bot]"))
        with pytest.raises(ConfigError, match=r"metrics\.port"):
            bind_endpoint(config, "c.toml")
