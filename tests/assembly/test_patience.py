"""A backup in the way of a start is waited for, a running program is not."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from adapters.journal.journal import Journal
from assembly.patience import PATIENCE_SECONDS, only_read, patiently
from tests.adapters.journal.samples import NOW
from trading.ports import DatabaseUnusable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "grid.duckdb"
    Journal.open(path, NOW).close()
    return path


@contextmanager
def used(path: Path, *, read_only: bool) -> Iterator[subprocess.Popen[str]]:
    """By another process, until its standard input ends."""
    script = (
        f"import duckdb; c = duckdb.connect({str(path)!r}, read_only={read_only}); print('open', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=-1, stdout=-1, stderr=-3, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


class Opening:
    """Counts, and after so many tries lets the other process end."""

    def __init__(self, path: Path, process: subprocess.Popen[str], tries: int = 1000) -> None:
        self.path, self.process, self.left, self.made = path, process, tries, 0

    async def __call__(self) -> Journal:
        self.made += 1
        self.left -= 1
        if not self.left:
            self.process.kill()
            self.process.wait()
        return Journal.open(self.path, NOW)


async def test_a_backup_is_waited_for(path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture) -> None:
    with used(path, read_only=True) as process, caplog.at_level(logging.WARNING):
        opening = Opening(path, process, tries=4)
        (await patiently(opening, path)).close()
    assert opening.made == 4
    (told,) = (record.getMessage() for record in caplog.records)
    assert told == f"waiting up to 15 s: the database {path} is being read by another process, as for a backup"


async def test_a_running_program_is_not(path: Path, autojump_clock: MockClock) -> None:
    with used(path, read_only=False) as process:
        opening = Opening(path, process)
        with pytest.raises(DatabaseUnusable, match="is in use by process"):
            await patiently(opening, path)
    assert opening.made == 1


async def test_who_reads_for_ever_is_not_waited_for_for_ever(path: Path, autojump_clock: MockClock) -> None:
    with used(path, read_only=True) as process:
        began = trio.current_time()
        with pytest.raises(DatabaseUnusable, match="is in use by process"):
            await patiently(Opening(path, process), path)
    assert PATIENCE_SECONDS <= trio.current_time() - began < PATIENCE_SECONDS + 1


async def test_a_stop_ends_the_wait(path: Path, autojump_clock: MockClock) -> None:
    with used(path, read_only=True) as process, trio.move_on_after(3) as scope:
        await patiently(Opening(path, process), path)
    assert scope.cancelled_caught


async def test_other_trouble_is_told_at_once(path: Path) -> None:
    tries = []

    async def fail() -> None:
        tries.append(1)
        raise DatabaseUnusable("the disk is full")

    with pytest.raises(DatabaseUnusable, match="full"):
        await patiently(fail, path)
    assert len(tries) == 1


def test_what_cannot_be_opened_is_not_called_only_read(tmp_path: Path) -> None:
    assert not only_read(tmp_path / "nothing")
