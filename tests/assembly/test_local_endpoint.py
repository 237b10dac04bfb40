"""The socket comes with the open database and goes with the run; without it the program runs, too."""

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
import trio.testing
from msgspec.structs import replace

from adapters.journal import backing_up
from adapters.journal.journal import Journal
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


@contextmanager
def hanging(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> Iterator[threading.Event]:
    """Whoever calls it waits; the event says that somebody does."""
    entered, over = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> None:
        entered.set()
        over.wait(60)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, hang)
        yield entered
    over.set()


@pytest.mark.parametrize(("module", "name"), [(os, "fdatasync"), (backing_up, "sync"), (backing_up, "sums_of")])
async def test_a_disk_that_hangs_holds_up_neither_the_stop_nor_the_journal(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    file = JournalFile(config, "c.toml", World())
    file.open_first()
    api = LocalEndpoint(config.database, file, World())
    with hanging(monkeypatch, module, name) as entered:
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(api._backup, str(tmp_path / "backup"))
            assert await trio.to_thread.run_sync(entered.wait, 10)
            nursery.cancel_scope.cancel()
        with trio.fail_after(5):
            await trio.to_thread.run_sync(file.close, abandon_on_cancel=True)
        assert trio.current_time() - began < 8


@contextmanager
def hanging_backup(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The first backup hangs in its disk until the event is set; others find another disk."""
    over, calls, real = threading.Event(), itertools.count(), os.fdatasync

    def hang(number: int) -> None:
        if not next(calls):
            over.wait(60)
        real(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", hang)
        yield over
    over.set()


async def test_a_backup_that_hangs_is_given_up_and_checkpoints_go_on(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(local_endpoint, "STALLED_SECONDS", 0.5)
    monkeypatch.setattr(local_endpoint, "GRACE_SECONDS", 0.1)
    file = JournalFile(config, "c.toml", World())
    journal = file.open_first()[0].journal
    assert isinstance(journal, Journal)
    api = LocalEndpoint(config.database, file, World())
    with hanging_backup(monkeypatch) as over:
        with pytest.raises(BackupFailed, match="nothing got on for 0 s, as if a disk hung"):
            await api._backup(str(tmp_path / "hung"))
        assert "given up" in caplog.text
        assert not journal._is_copied()
        await api._backup(str(tmp_path / "another"))
        over.set()
        with trio.fail_after(10):
            while list(tmp_path.glob("*.backup-new-*")):  # noqa: ASYNC110 - another thread removes it
                await trio.sleep(0.01)
    assert not (tmp_path / "hung").exists()
    assert (tmp_path / "another").exists()
    file.close()


async def test_a_backup_that_gets_on_is_waited_for(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_endpoint, "STALLED_SECONDS", 0.5)
    file = JournalFile(config, "c.toml", World())

    def slowly(target: str, gets_on: Callable[[], object]) -> str:
        for _ in range(10):
            gets_on()
            time.sleep(0.1)
        return target

    monkeypatch.setattr(file, "backup", slowly)
    assert str(await LocalEndpoint(config.database, file, World())._backup("/x")) == "/x"


async def test_backups_that_hang_do_not_take_all_threads(
    config: Config, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    file, over = JournalFile(config, "c.toml", World()), threading.Event()

    def hang(*_: object) -> None:
        over.wait(60)

    monkeypatch.setattr(file, "backup", hang)
    api = LocalEndpoint(config.database, file, World())
    for _ in range(local_endpoint.MOST_HANGING):
        with pytest.raises(BackupFailed, match="as if a disk hung"):
            await api._backup("/x")
    with pytest.raises(BackupFailed, match="4 earlier ones hang"):
        await api._backup("/x")
    over.set()
    while api._threads.borrowed_tokens:
        await trio.to_thread.run_sync(time.sleep, 0.01)


async def test_a_stop_waits_until_what_was_begun_is_cleared_away(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = JournalFile(config, "c.toml", World())
    file.open_first()
    begun = threading.Event()

    def slowly(_: int) -> None:
        begun.set()
        time.sleep(0.2)

    monkeypatch.setattr(os, "fdatasync", slowly)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(LocalEndpoint(config.database, file, World())._backup, str(tmp_path / "backup"))
        assert await trio.to_thread.run_sync(begun.wait, 10)
        nursery.cancel_scope.cancel()
    assert not [path for path in tmp_path.iterdir() if "backup" in path.name]
    file.close()


@pytest.mark.parametrize("target", ["n" * 300, "a\0b"])
async def test_a_target_that_cannot_be_does_not_stand_in_the_way_of_the_next(
    config: Config, tmp_path: Path, target: str
) -> None:
    file = JournalFile(config, "c.toml", World())
    file.open_first()
    api = LocalEndpoint(config.database, file, World())
    with pytest.raises(BackupFailed):
        await api._backup(str(tmp_path / target))
    await api._backup(str(tmp_path / "backup"))
    assert (tmp_path / "backup").exists()
    file.close()
