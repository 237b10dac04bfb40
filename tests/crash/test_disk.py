"""The disk fails while the program trades: no write, no trade, and on with it once there is room."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from simulators.kraken import Sandbox
from tests.crash import verdict
from tests.crash.conftest import ReferenceOf
from tests.crash.session import Session, opened

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

DISK = 8 * 2**20


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of a few megabytes over `folder`; skips where mounting is not allowed."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all that is left of the disk; returns the file to delete."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue
    return filler


def remount(folder: Path, mode: str) -> None:
    """`ro` or `rw`."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)


def ids(kraken: Sandbox) -> list[str]:
    return [order.txid for order in kraken.control.open_orders()]


async def until_told(session: Session, words: str) -> None:
    with trio.fail_after(30):
        while words not in session.told():  # noqa: ASYNC110 - another process sets no event here
            await trio.sleep(0.02)


async def test_a_disk_that_fills_up_stops_trading_and_its_fills_are_answered_once_there_is_room(
    tmp_path: Path, reference_of: ReferenceOf
) -> None:
    reference = await reference_of("GridSell")
    with small_disk(tmp_path):
        async with opened("GridSell", folder=tmp_path) as session:
            session.live()
            await session.reaches(session.move(0), reference.pictures[0])
            filler = fill(tmp_path)
            session.move(1)
            await until_told(session, "is full")
            placed = len(verdict.all_orders(session.kraken))
            price = session.move(2)
            await trio.sleep(8)  # more than five restarts
            # What cannot be written down does not leave.
            assert len(verdict.all_orders(session.kraken)) == placed
            assert "Traceback" not in session.told()
            filler.unlink()
            await session.reaches(price, reference.pictures[2])
            await session.reaches(session.move(3), reference.pictures[3])
            await session.stop()
            assert session.problems() == []


async def test_a_disk_that_is_full_for_a_moment_ends_nothing(tmp_path: Path, reference_of: ReferenceOf) -> None:
    reference = await reference_of("GridSell")
    with small_disk(tmp_path):
        async with opened("GridSell", folder=tmp_path) as session:
            session.live()
            await session.reaches(session.move(0), reference.pictures[0])
            filler = fill(tmp_path)
            price = session.move(1)
            await until_told(session, "is full")
            filler.unlink()
            await session.reaches(price, reference.pictures[1])
            await session.reaches(session.move(2), reference.pictures[2])
            await session.stop()
            assert session.problems() == []


@pytest.mark.parametrize("exists", [False, True])
async def test_a_full_disk_at_the_start_is_exit_code_6(tmp_path: Path, exists: bool, reference_of: ReferenceOf) -> None:
    reference = await reference_of("cDCA") if exists else None
    with small_disk(tmp_path):
        async with opened("cDCA", folder=tmp_path) as session:
            if reference is not None:
                session.live()
                await session.reaches(session.move(0), reference.pictures[0])
                session.kill()
            before = ids(session.kraken)
            fill(tmp_path)
            session.live()
            assert await session.ended() == 6
            assert "is full" in session.told()
            assert session.told().count("error: ") == 1
            assert "Traceback" not in session.told()
            assert ids(session.kraken) == before


async def test_a_read_only_disk_is_exit_code_6_with_one_clear_message(tmp_path: Path) -> None:
    with small_disk(tmp_path):
        async with opened("cDCA", folder=tmp_path) as session:
            remount(tmp_path, "ro")
            session.live()
            assert await session.ended() == 6
            assert "lies on a read-only disk" in session.told()
            assert session.told().count("error: ") == 1
            assert "Traceback" not in session.told()
