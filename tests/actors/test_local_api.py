"""The local API over a real socket in the file system."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio
import trio.testing
from msgspec import Struct

import actors.local_api
from actors.local_api import LARGEST_BODY, MakeBackup, run_local_api
from messages.backup import PATH as BACKUP
from trading.ports import DatabaseUnusable


class Made(Struct):
    path: str


@asynccontextmanager
async def client_of(tmp_path: Path, make_backup: MakeBackup) -> AsyncIterator[httpx.AsyncClient]:
    path = str(tmp_path / "s.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_local_api, make_backup, listener)
            transport = httpx.AsyncHTTPTransport(uds=path)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                yield client
            nursery.cancel_scope.cancel()


async def made(target: str) -> Made:
    return Made(target or "beside the database")


@pytest.mark.parametrize(
    ("body", "path"), [(b"", "beside the database"), (b"{}", "beside the database"), (b'{"target":"/a b"}', "/a b")]
)
async def test_a_backup_is_answered_with_what_was_made(tmp_path: Path, body: bytes, path: str) -> None:
    async with client_of(tmp_path, made) as client:
        answer = await client.post(BACKUP, content=body)
    assert (answer.status_code, answer.json()) == (200, {"path": path})


async def test_why_there_is_none_is_one_sentence(tmp_path: Path) -> None:
    async def refuse(target: str) -> Made:
        raise DatabaseUnusable(f"no backup was made: {target} is full.")

    async with client_of(tmp_path, refuse) as client:
        answer = await client.post(BACKUP, json={"target": "/x"})
    assert (answer.status_code, answer.json()) == (503, {"error": "no backup was made: /x is full."})


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"target":1}', b'{"targt":"/x"}', b"\xff"])
async def test_a_body_that_is_none_is_told(tmp_path: Path, body: bytes) -> None:
    async with client_of(tmp_path, made) as client:
        answer = await client.post(BACKUP, content=body)
    assert answer.status_code == 400
    assert '{"target": "an absolute path"}' in answer.json()["error"]


async def test_a_body_without_end_is_not_read(tmp_path: Path) -> None:
    async with client_of(tmp_path, made) as client:
        answer = await client.post(BACKUP, content=b" " * (LARGEST_BODY + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "code"), [("GET", BACKUP, 405), ("POST", "/", 404), ("GET", "/status", 404)]
)
async def test_there_is_nothing_else(tmp_path: Path, method: str, path: str, code: int) -> None:
    async with client_of(tmp_path, made) as client:
        answer = await client.request(method, path)
    assert answer.status_code == code
    assert set(answer.json()) == {"error"}


@asynccontextmanager
async def connected(tmp_path: Path) -> AsyncIterator[trio.SocketStream]:
    async with client_of(tmp_path, made), await trio.open_unix_socket(str(tmp_path / "s.sock")) as stream:
        yield stream


HEAD = f"POST {BACKUP} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode()


@pytest.mark.parametrize("begin", [b"", b"{"])
async def test_a_body_that_does_not_come_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    monkeypatch.setattr(actors.local_api, "BODY_SECONDS", 0.1)
    with trio.fail_after(10):
        async with connected(tmp_path) as stream:
            await stream.send_all(HEAD + begin)
            told = b"".join([data async for data in stream])
    assert told.startswith(b"HTTP/1.1 408 "), told
    assert b'"error": "the body was not complete' in told


async def test_a_client_that_goes_away_in_between_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with client_of(tmp_path, made) as client:
        async with await trio.open_unix_socket(str(tmp_path / "s.sock")) as stream:
            await stream.send_all(HEAD + b"{")
        assert (await client.post(BACKUP)).status_code == 200
        await trio.testing.wait_all_tasks_blocked(0.05)
    assert not caplog.messages
