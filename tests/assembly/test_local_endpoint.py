"""The socket comes with the open database and goes with the run; without it the program runs, too."""

import logging
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

from adapters.journal.snapshot import BackupFailed
from assembly import local_endpoint
from assembly.journal_file import JournalFile
from assembly.local_endpoint import LocalEndpoint
from assembly.local_socket import socket_of
from assembly.world import World
from config import Config
from tests.config.texts import VALID, read


@pytest.fixture
def config(tmp_path: Path) -> Config:
    found = read(VALID)
    return replace(found, persistence=replace(found.persistence, database=str(tmp_path / "grid.duckdb")))


def api_of(config: Config, world: World = World()) -> LocalEndpoint:  # noqa: B008 - never changed
    return LocalEndpoint(config.database, JournalFile(config, "c.toml", world), world)


def test_it_comes_and_goes(config: Config) -> None:
    api = api_of(config)
    assert not socket_of(config.database).exists()
    api.open()
    assert socket_of(config.database).is_socket()
    api.close()
    assert not socket_of(config.database).exists()
    api.close()


def test_a_later_ones_socket_stays(config: Config) -> None:
    first, second = api_of(config), api_of(config)
    first.open()
    second.open()
    first.close()
    assert socket_of(config.database).is_socket()
    second.close()


def test_a_world_without_sockets_has_none(config: Config) -> None:
    api_of(config, World(opens_socket=False)).open()
    assert not socket_of(config.database).exists()


async def test_where_none_can_be_made_a_warning_says_so_and_nothing_else_happens(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    socket_of(config.database).mkdir()
    api = api_of(config)
    with caplog.at_level(logging.WARNING):
        api.open()
    why = "a file of this name is there, and no socket"
    (told,) = (record.getMessage() for record in caplog.records)
    assert told == f"no socket {socket_of(config.database)} ({why}): `backup` and other commands cannot reach this run"
    with trio.fail_after(1):
        await api.run()
    api.close()
    assert socket_of(config.database).is_dir()


async def test_nothing_is_imported_before_somebody_asks(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_endpoint, "MODULE", "no.such.module")
    api = api_of(config)
    api.open()
    with trio.move_on_after(0.05) as scope:
        await api.run()
    assert scope.cancelled_caught
    stream = await trio.open_unix_socket(str(socket_of(config.database)))
    with pytest.raises(ModuleNotFoundError):
        await api.run()
    await stream.aclose()
    api.close()


async def test_a_database_that_is_not_open_is_not_copied(config: Config, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="not open at the moment"):
        await api_of(config)._backup(str(tmp_path / "backup"))
