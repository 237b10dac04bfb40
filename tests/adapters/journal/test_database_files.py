"""Somebody moves the files of an open database about, or may read them."""

import logging
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.exchanges.kraken.transport.nonce import FileNonceStore
from adapters.journal.database_files import keep_private
from adapters.journal.journal import Journal
from adapters.journal.repair import copy_database, log_of
from tests.adapters.journal.samples import NOW, USERREF, commit
from trading.ports import DatabaseUnusable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid.duckdb"


@pytest.fixture(autouse=True)
def careless_umask() -> Iterator[None]:
    """Files are private whatever the umask says."""
    former = os.umask(0)
    yield
    os.umask(former)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_all_files_are_their_owners_alone(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1, state="state 1")])
    assert (mode(path), mode(log_of(path))) == (0o600, 0o600)
    assert mode(copy_database(path)) == 0o600
    journal.close()


async def test_so_is_the_file_of_nonces(tmp_path: Path) -> None:
    path = tmp_path / "nonce"
    await FileNonceStore(path, "key").reserve(5)
    assert mode(path) == 0o600


def test_files_that_others_may_read_are_closed_to_them(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    Journal.open(path, NOW).close()
    path.chmod(0o644)
    Journal.open(path, NOW).close()
    assert mode(path) == 0o600
    assert caplog.messages == [f"{path} could be read by others (mode 0644); now only by its owner"]


def test_a_mode_that_cannot_be_changed_is_warned_of(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, __: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    path.touch(0o644)
    monkeypatch.setattr(Path, "chmod", refuse)
    keep_private(path)
    (message,) = caplog.messages
    assert message.startswith(f"{path} may be read by others (mode 0644) and that cannot be changed: Operation not")


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_any_more_once_the_name_leads_elsewhere(path: Path, replaced: bool) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1, state="state 1")])
    path.rename(path.with_name("kept"))
    if not replaced:
        log_of(path).unlink()
    if replaced:
        log_of(path).unlink()
        other = path.with_name("other")
        Journal.open(other, NOW).close()
        other.rename(path)
    for act in (journal.check, journal.settle, lambda: journal.write([commit(2, state="state 2")])):
        with pytest.raises(DatabaseUnusable, match="was replaced" if replaced else "was removed") as raised:
            act()
        assert raised.value.passing
    journal.close()
    with pytest.raises(DatabaseUnusable, match="was replaced" if replaced else "was removed"):
        Journal.open(path, NOW, lineage=journal.lineage)
    assert path.exists() == replaced


def test_the_log_of_a_second_program_is_left_alone(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1, state="state 1")])
    path.unlink()
    log_of(path).unlink()
    second = (
        "import os, sys; from pathlib import Path; from adapters.journal.journal import Journal\n"
        "from tests.adapters.journal.samples import NOW, commit\n"
        "journal = Journal.open(Path(sys.argv[1]), NOW)\n"
        "journal.write([commit(7, state='of the second')]); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", second, str(path)], check=True, cwd=Path(__file__).parents[3])
    journal.close()
    assert log_of(path).exists()
    found = Journal.open(path, NOW)
    assert found.load_core(USERREF) == "of the second"
    found.close()


def test_the_same_file_put_back_will_do(path: Path) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1, state="state 1")])
    kept = path.with_name("kept")
    path.rename(kept)
    with pytest.raises(DatabaseUnusable, match="was removed"):
        journal.check()
    journal.close()
    shutil.copyfile(kept, path)  # another inode, the same database
    again = Journal.open(path, NOW, lineage=journal.lineage)
    assert again.load_core(USERREF) == "state 1"
    again.close()


@pytest.mark.parametrize("log", [True, False])
def test_an_empty_file_in_its_place_is_no_reason_for_a_new_database(path: Path, log: bool) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1, state="state 1")])
    journal.close()
    path.write_bytes(b"")
    if log:
        log_of(path).touch()
    with pytest.raises(DatabaseUnusable, match="was replaced by an empty file while it was in use: put the same file"):
        Journal.open(path, NOW, lineage=journal.lineage)
    assert path.stat().st_size == 0


def test_a_log_that_is_removed_takes_nothing_with_it(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal.open(path, NOW)
    journal.write([commit(1, state="state 1")])
    log_of(path).unlink()
    journal.write([commit(2, state="state 2")])
    assert [message.partition(" ")[2] for message in caplog.messages] == [
        "was removed while it was in use; nothing is lost"
    ]
    shutil.copyfile(path, path.with_name("as after a crash"))
    journal.write([commit(3, state="state 3")])
    journal.close()
    crashed = Journal.open(path.with_name("as after a crash"), NOW)
    assert crashed.load_core(USERREF) == "state 2"
    crashed.close()
