"""`backup` and `restore` as commands: of a running program, of a killed one, and back again."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.process.running import (
    PATIENCE,
    command,
    configuration,
    environment,
    fills,
    free_port,
    open_orders,
    placed_twice,
    run_to_end,
    started,
    wait_for_status,
)

pytestmark = pytest.mark.process

DATABASE, SOCKET = "trial.duckdb", "trial.duckdb.sock"


def running(folder: Path) -> tuple[Path, int]:
    """A configuration that trades for ever, and its port."""
    port = free_port()
    return configuration(folder, speed="30", metrics=True, port=port), port


SLOW_DISK = """
import os, time
def slowly(number, write=os.fdatasync):
    if ".backup-new-" in os.readlink(f"/proc/self/fd/{number}"):
        time.sleep(1)
    write(number)
os.fdatasync = slowly
"""


def wait_for_fills(folder: Path, port: int) -> None:
    wait_for_status(port, "RUNNING")
    deadline = time.monotonic() + PATIENCE
    while "executed" not in (folder / "log.txt").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def listing(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"log.txt", "trial.toml"}


def test_a_running_program_is_copied_by_itself_and_the_copy_restored(tmp_path: Path) -> None:
    path, port = running(tmp_path)
    (tmp_path / "there").mkdir()
    with started(tmp_path, path) as process:
        wait_for_fills(tmp_path, port)
        beside = run_to_end(tmp_path, "backup", path.name)
        there = run_to_end(tmp_path, "backup", path.name, "there")
        named = run_to_end(tmp_path, "backup", path.name, "mine")
        again = run_to_end(tmp_path, "backup", path.name, "mine")
        refused = run_to_end(tmp_path, "restore", path.name, "mine")
        assert wait_for_status(port, "RUNNING")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    for ended in (beside, there, named):
        assert ended.returncode == 0, ended.stderr
        assert re.fullmatch(r"/.*: [\d,]+ bytes, verified, in .* s\n", ended.stdout)
    stamped = re.compile(r"trial\.backup-\d{8}T\d{6}Z\.duckdb")
    assert [name for name in listing(tmp_path) if stamped.fullmatch(name)]
    assert [name for name in listing(tmp_path / "there") if stamped.fullmatch(name)]
    assert (again.returncode, "exists already" in again.stderr) == (6, True)
    assert (refused.returncode, "is in use: stop the program that uses it first" in refused.stderr) == (6, True)
    assert SOCKET not in listing(tmp_path)

    last = open_orders(tmp_path / DATABASE), fills(tmp_path / DATABASE)
    checked = run_to_end(tmp_path, "restore", path.name, "mine", "--check")
    assert checked.returncode == 0, checked.stderr
    assert "open order" in checked.stdout
    assert (open_orders(tmp_path / DATABASE), fills(tmp_path / DATABASE)) == last
    restored = run_to_end(tmp_path, "restore", path.name, "mine")
    assert restored.returncode == 0, restored.stderr
    (kept,) = (name for name in listing(tmp_path) if "before-restore" in name)
    assert kept in restored.stdout
    assert (open_orders(tmp_path / kept), fills(tmp_path / kept)) == last
    with started(tmp_path, path) as process:
        wait_for_status(port, "RUNNING")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert placed_twice(tmp_path / DATABASE) == []


@pytest.mark.parametrize("victim", ["program", "command", "stop"])
def test_an_end_in_the_middle_leaves_no_half_backup_and_a_start_that_works(tmp_path: Path, victim: str) -> None:
    """The program is killed, who asked is killed, or the program is stopped in order."""
    path, port = running(tmp_path)
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "sitecustomize.py").write_text(SLOW_DISK)
    with started(tmp_path, path, "env", f"PYTHONPATH={tmp_path / 'disk'}:{environment()['PYTHONPATH']}") as process:
        wait_for_fills(tmp_path, port)
        asks = subprocess.Popen(
            command("backup", path.name, "mine"),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while not any("backup-new" in name for name in listing(tmp_path)):
                assert time.monotonic() < deadline
                time.sleep(0.001)
        finally:
            match victim:
                case "program":
                    process.kill()
                case "command":
                    asks.kill()
                case _:
                    process.send_signal(signal.SIGTERM)
        _, error = asks.communicate(timeout=PATIENCE)
        if victim == "stop":
            assert process.wait(PATIENCE) == 0
            assert not any("backup-new" in name or name == SOCKET for name in listing(tmp_path))
        if victim == "command":
            wait_for_status(port, "RUNNING")
            assert process.poll() is None
    if victim != "command":
        assert asks.returncode == 6
        assert "no backup was made: the program " in error
    assert not (tmp_path / "mine").exists()
    with started(tmp_path, path) as process:  # the stale socket is no hindrance
        wait_for_status(port, "RUNNING")
        ended = run_to_end(tmp_path, "backup", path.name, "after")
        assert ended.returncode == 0, ended.stderr
    assert placed_twice(tmp_path / DATABASE) == []


def test_a_disk_that_hangs_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    path, port = running(tmp_path)
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "sitecustomize.py").write_text(SLOW_DISK.replace("sleep(1)", "sleep(300)"))
    with started(tmp_path, path, "env", f"PYTHONPATH={tmp_path / 'disk'}:{environment()['PYTHONPATH']}") as process:
        wait_for_fills(tmp_path, port)
        with subprocess.Popen(command("backup", path.name, "mine"), cwd=tmp_path, env=environment()) as asks:
            deadline = time.monotonic() + PATIENCE
            while not any("backup-new" in name for name in listing(tmp_path)):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            assert asks.wait(PATIENCE) == 6
    assert not (tmp_path / "mine").exists()


def test_what_no_program_uses_is_copied_from_the_file(tmp_path: Path) -> None:
    path, port = running(tmp_path)
    with started(tmp_path, path):
        wait_for_fills(tmp_path, port)
    assert SOCKET in listing(tmp_path)  # it was killed
    before = (tmp_path / DATABASE).read_bytes(), (tmp_path / f"{DATABASE}.wal").read_bytes()
    ended = run_to_end(tmp_path, "backup", path.name, "mine")
    assert ended.returncode == 0, ended.stderr
    assert ((tmp_path / DATABASE).read_bytes(), (tmp_path / f"{DATABASE}.wal").read_bytes()) == before


def test_a_start_waits_for_a_backup_from_the_file(tmp_path: Path) -> None:
    """The program crashed, and a timer makes a backup before it is started again."""
    path, port = running(tmp_path)
    with started(tmp_path, path):
        wait_for_fills(tmp_path, port)
    copies = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", copies, str(tmp_path / DATABASE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as copying:
        assert copying.stdout is not None
        assert copying.stdout.readline() == b"\n"
        with started(tmp_path, path) as process:
            deadline = time.monotonic() + PATIENCE
            while "waiting up to 15 s" not in (tmp_path / "log.txt").read_text():
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.05)
            copying.kill()
            wait_for_status(port, "RUNNING")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("backup", "trial.toml"), 6, "there is no database"),
        (("backup", "nothing.toml"), 2, "nothing.toml"),
        (("backup",), 2, "usage: python -m supervisor backup"),
        (("restore", "trial.toml", "mine"), 6, "there is no backup"),
        (("restore", "trial.toml", "trial.toml"), 6, "is not a DuckDB file"),
        (("backup", "trial.toml", "n" * 300), 2, "File name too long; check the path"),
        (("restore", "trial.toml", "n" * 300), 2, "File name too long; check the path"),
        (("restore", "trial.toml"), 2, "usage: python -m supervisor restore"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    configuration(tmp_path)
    ended = run_to_end(tmp_path, *arguments)
    assert (ended.returncode, words in ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr
    assert listing(tmp_path) == set()
