"""A backup of the running program, restored later: the exchange has moved on, and each fill is answered once."""

import shutil
import subprocess
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import trio

from simulators.kraken import DEMO_PRIVATE
from tests.crash.conftest import ReferenceOf
from tests.crash.script import STAGES
from tests.crash.session import Reference, Session, opened
from tests.process.running import command, environment

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

DATABASE, CONFIG, BACKUP = "trial.duckdb", "trial.toml", "backup.duckdb"


async def verb(session: Session, *arguments: str) -> str:
    """One command in the session's folder while the venue lives on; returns what it prints."""
    call = partial(
        subprocess.run,
        command(*arguments),
        cwd=session.folder,
        env=environment(INFINITY_GRID_API_PUBLIC_KEY=session.key, INFINITY_GRID_API_SECRET_KEY=DEMO_PRIVATE),
        capture_output=True,
        text=True,
        check=False,
    )
    done = await trio.to_thread.run_sync(call)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def played(session: Session, reference: Reference, first: int, last: int) -> Decimal:
    """Go through these stages; returns the price at which trades go on."""
    price = Decimal(0)
    for index in range(first, last + 1):
        price = session.move(index)
        await session.reaches(price, reference.pictures[index])
    return price


@pytest.mark.parametrize(("kind", "elsewhere"), [("GridHODL", False), ("SWING", True)])
async def test_what_happened_since_the_backup_is_asked_of_the_exchange(
    kind: str, elsewhere: bool, reference_of: ReferenceOf, tmp_path: Path
) -> None:
    """In its place, and on another machine, where there is neither a database nor a file of nonces."""
    reference = await reference_of(kind)
    async with opened(kind) as session:
        session.live()
        await played(session, reference, 0, 1)
        await verb(session, "backup", CONFIG, BACKUP)
        price = await played(session, reference, 2, 7)
        session.kill()
        if elsewhere:
            shutil.copy(session.folder / BACKUP, tmp_path)
            session.folder = tmp_path
            session.configure()
        told = await verb(session, "restore", CONFIG, BACKUP, "--check")
        assert "each fill is answered once" in told
        assert (session.folder / DATABASE).exists() != elsewhere
        await verb(session, "restore", CONFIG, BACKUP)
        session.live()
        await session.reaches(price, reference.pictures[7])
        await played(session, reference, 8, len(STAGES) - 1)
        await session.stop()
        assert session.problems() == []
