"""The whole program with its channels on local stand-ins: what arrives, what does not stop it, what nobody sees."""

import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio

from tests.adapters.channels.stand_in import HANGS, OK, Reply, Service, service, until
from tests.process import running
from tests.process.running import free_port

pytestmark = pytest.mark.process

PLANTED = {
    "token": "987654321:planted-token",
    "path": "planted-in-the-path",
    "header": "planted-in-a-header",
    "key": "planted-api-key",
}

TABLES = """
[notifier.telegram]
token = "{token}"
chat_id = -100123
base_url = "{telegram}"

[notifier.pager]
kind = "webhook"
url = "{pager}/{path}"
headers = {{ Authorization = "Bearer {header}" }}
notices = {{ status = "on" }}

[notifier.log]
"""


def configured(folder: Path, telegram: str, pager: str, port: int) -> Path:
    path = running.configuration(folder, speed="100", port=port, metrics=True)
    text = path.read_text().replace('on_stop = "keep"', 'on_stop = "keep"\nlog_level = "debug"')
    keys = f'adapter = "paper"\napi_public_key = "{PLANTED["key"]}"\napi_secret_key = "{PLANTED["key"]}"'
    text = text.replace('adapter = "paper"', keys)
    path.write_text(text + TABLES.format(telegram=telegram, pager=pager, **PLANTED))
    return path


@asynccontextmanager
async def started(folder: Path, path: Path, port: int) -> AsyncIterator["subprocess.Popen[str]"]:
    """The program, trading."""
    with running.started(folder, path) as process:
        await trio.to_thread.run_sync(running.wait_for_status, port, "RUNNING")
        yield process


async def ended(process: "subprocess.Popen[str]") -> tuple[int, float]:
    """Ask it to stop; its exit code, and how long that took."""
    begin = trio.current_time()
    process.send_signal(signal.SIGTERM)
    code = await trio.to_thread.run_sync(partial(process.wait, 30))
    return code, trio.current_time() - begin


async def page(port: int, name: str) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{port}/{name}")).text


def told(found: Service, kind: str) -> list[str]:
    """Headlines of one kind of notice that a web-hook was told."""
    return [str(request.json["headline"]) for request in found.requests if request.json.get("kind") == kind]


async def test_an_invalid_token_is_told_elsewhere_and_no_secret_is_told_anywhere(tmp_path: Path) -> None:
    refusal = Reply(401, f'{{"ok":false,"description":"Unauthorized: {PLANTED["token"]}"}}'.encode())
    port = free_port()
    async with service(refusal) as telegram, service(OK) as pager:
        path = configured(tmp_path, telegram.url, pager.url, port)
        async with started(tmp_path, path, port) as process:
            await until(lambda: told(pager, "channel") and told(pager, "start") and told(pager, "fill"), patience=30)
            pages = [await page(port, "status"), await page(port, "metrics")]
            code, _ = await ended(process)
        bodies = b"".join(request.body for request in pager.requests)
    assert code == 0
    assert told(pager, "channel") == [
        "notifications by telegram fail: notifier.telegram.token: Telegram says 401: Unauthorized: ***; 0 waiting"
    ]
    assert told(pager, "end") == [
        "trial terminated: asked to stop; orders: the simulated orders are kept in trial.duckdb"
    ]
    assert '"last_error": "notifier.telegram.token: Telegram says 401: Unauthorized: ***"' in pages[0]
    assert 'notifier_up{bot="trial",channel="telegram"} 0.0' in pages[1]
    assert 'notifier_up{bot="trial",channel="pager"} 1.0' in pages[1]
    assert "notifier.telegram.token: Telegram says 401" in pages[1]
    assert "notifications by telegram fail" in (tmp_path / "log.txt").read_text()
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file != path}
    assert {"log.txt", "trial.duckdb"} <= files.keys()
    outputs = {**files, "pages": "".join(pages).encode(), "bodies": bodies}
    assert [name for name, content in outputs.items() if b"planted" in content] == []
    assert {request.path for request in pager.requests} == {f"/{PLANTED['path']}"}


async def test_channels_that_hang_neither_stop_the_trading_nor_hold_up_the_end(tmp_path: Path) -> None:
    port = free_port()
    async with service(HANGS) as telegram, service(HANGS) as pager:
        path = configured(tmp_path, telegram.url, pager.url, port)
        async with started(tmp_path, path, port) as process:
            await trio.sleep(3)
            code, seconds = await ended(process)
    assert code == 0
    assert seconds < 8
    assert running.fills(tmp_path / "trial.duckdb")
    assert running.placed_twice(tmp_path / "trial.duckdb") == []
    assert "notices that telegram did not send: " in (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize("check", [(), ("--check",)])
def test_a_misconfigured_channel_is_told_at_start_with_its_key(tmp_path: Path, check: tuple[str, ...]) -> None:
    path = configured(tmp_path, "ftp://nowhere", "http://127.0.0.1:9", 0)
    done = running.run_to_end(tmp_path, *check, str(path))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        (
            f"error: {path}, notifier.telegram.base_url: found a text; "
            "allowed: a URL without credentials: https://host/path"
        )
    ]
    assert not (tmp_path / "trial.duckdb").exists()
