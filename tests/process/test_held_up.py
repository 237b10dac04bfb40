"""Nothing outside holds up the program or its stop: signals at any moment, and readers of its log that do not read."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.process import running
from tests.process.running import free_port

pytestmark = pytest.mark.process

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@contextmanager
def writing_to(folder: Path, path: Path, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """The running program with this descriptor for its log."""
    process = subprocess.Popen(
        running.command(str(path)), cwd=folder, env=running.environment(), stdout=stderr, stderr=stderr
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until_caught(process: subprocess.Popen[str]) -> None:
    """The first moment at which the program handles all signals."""
    deadline = time.monotonic() + running.PATIENCE
    while time.monotonic() < deadline:
        caught = re.search(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{process.pid}/status").read_text())
        if caught and int(caught[1], 16) >> (signal.SIGHUP - 1) & 1:
            return
        time.sleep(0.001)
    raise AssertionError("never caught")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_during_the_imports_stops_before_the_start(tmp_path: Path, number: signal.Signals) -> None:
    path = running.configuration(tmp_path, speed="50")
    with running.started(tmp_path, path) as process:
        wait_until_caught(process)
        process.send_signal(number)
        assert process.wait(running.PATIENCE) == 0
    log = (tmp_path / "log.txt").read_text()
    assert log.rstrip().endswith(f"{number.name}: stopped before anything was started")
    assert not (tmp_path / "trial.duckdb").exists()


@pytest.mark.parametrize(("number", "delay"), [*zip(SIGNALS, (0.7, 0.9, 1.1), strict=True)])
def test_a_signal_during_the_start_stops_in_order(tmp_path: Path, number: signal.Signals, delay: float) -> None:
    path = running.configuration(tmp_path, speed="50")
    with running.started(tmp_path, path) as process:
        wait_until_caught(process)
        time.sleep(delay)
        process.send_signal(number)
        assert process.wait(running.PATIENCE) == 0
    log = (tmp_path / "log.txt").read_text()
    assert "Traceback" not in log
    assert "asked to stop" in log or "stopped before anything was started" in log


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_does_what_on_stop_says(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    path = running.configuration(tmp_path, speed="5", on_stop="cancel-buys", port=port, metrics=True)
    with running.started(tmp_path, path) as process:
        running.wait_for_status(port, "RUNNING")
        process.send_signal(number)
        assert process.wait(running.PATIENCE) == 0
    left = {order["side"] for order in running.paper_orders(tmp_path / "trial.duckdb") if order["status"] == "open"}
    assert "buy" not in left
    assert "are cancelled, sells stay open" in (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize(("first", "second"), [*zip(SIGNALS, [*SIGNALS[1:], SIGNALS[0]], strict=True), (2, 2)])
def test_signals_during_the_stop_change_nothing_about_it(tmp_path: Path, first: int, second: int) -> None:
    port = free_port()
    path = running.configuration(tmp_path, speed="5", on_stop="cancel-buys", port=port, metrics=True)
    with running.started(tmp_path, path) as process:
        running.wait_for_status(port, "RUNNING")
        for number in (first, second, first, second, second):
            process.send_signal(number)
            time.sleep(0.002)
        assert process.wait(running.PATIENCE) == 0
    log = (tmp_path / "log.txt").read_text()
    assert "Traceback" not in log
    assert log.count("stopping in order") in (1, 2)  # the second signal is told so
    assert log.count("trial terminated: ") == 1


def full_pipe() -> tuple[int, int]:
    """A pipe that takes nothing any more: read end, write end."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x")
    os.set_blocking(writer, True)
    return reader, writer


def test_a_log_that_nobody_reads_holds_up_neither_the_program_nor_its_stop(tmp_path: Path) -> None:
    port = free_port()
    path = running.configuration(tmp_path, speed="50", port=port, metrics=True)
    reader, writer = full_pipe()
    with writing_to(tmp_path, path, writer) as process:
        running.wait_for_status(port, "RUNNING")
        assert running.wait_for_status(port, "RUNNING")["strategies"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    for end in (reader, writer):
        os.close(end)
    assert running.open_orders(tmp_path / "trial.duckdb")


def test_a_reader_of_the_log_that_goes_away_harms_nothing(tmp_path: Path) -> None:
    port = free_port()
    path = running.configuration(tmp_path, speed="50", port=port, metrics=True)
    reader, writer = os.pipe()
    with writing_to(tmp_path, path, writer) as process:
        os.close(writer)
        running.wait_for_status(port, "RUNNING")
        os.close(reader)
        until, lost = time.monotonic() + 30, 0.0
        while not lost and time.monotonic() < until:
            metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5, trust_env=False).text
            lost = float(re.findall(r"^grid_log_lines_dropped_total\{.*\} (\S+)$", metrics, re.MULTILINE)[0])
            time.sleep(0.1)
        assert lost > 0
        running.wait_for_status(port, "RUNNING")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_lines_are_told_to_be_missing_once_somebody_reads_again(tmp_path: Path) -> None:
    port = free_port()
    path = running.configuration(tmp_path, speed="50", port=port, metrics=True)
    path.write_text(path.read_text().replace("[bot]", '[bot]\nlog_format = "json"'))
    reader, writer = full_pipe()
    with writing_to(tmp_path, path, writer) as process:
        os.close(writer)
        running.wait_for_status(port, "RUNNING")
        with os.fdopen(reader, "rb") as log:
            process.send_signal(signal.SIGTERM)
            text = log.read().lstrip(b"x").decode()
        assert process.wait(10) == 0
    assert '"state: RUNNING"' in text
    assert "trial terminated: asked to stop" in text.rstrip().splitlines()[-1]


FEW = 3
"""Lines about 300 connections."""


def test_held_connections_leave_descriptors_for_trading_and_the_log_small(tmp_path: Path) -> None:
    port = free_port()
    path = running.configuration(tmp_path, speed="50", port=port, metrics=True)
    with running.started(tmp_path, path, "sh", "-c", 'ulimit -n 96; exec "$@"', "sh") as process:
        running.wait_for_status(port, "RUNNING")
        ours = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
        before = (tmp_path / "log.txt").stat().st_size
        most = 0
        with ExitStack() as held:
            for _ in range(300):
                held.enter_context(socket.create_connection(("127.0.0.1", port)))
                most = max(most, len(list(Path(f"/proc/{process.pid}/fd").iterdir())))
        assert most <= ours + 96 // 4 + 1  # one too many is accepted in order to be closed
        told = (tmp_path / "log.txt").read_bytes()[before:].decode().splitlines()
        assert len([line for line in told if "connection" in line]) <= FEW  # it also trades meanwhile, and tells that
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_a_cluster_and_proxies_do_not_keep_the_program_from_its_start(tmp_path: Path) -> None:
    path = running.configuration(tmp_path)
    service = {
        "INFINITY_GRID_SERVICE_HOST": "10.0.0.7",
        "INFINITY_GRID_SERVICE_PORT": "8080",
        "INFINITY_GRID_PORT": "tcp://10.0.0.7:8080",
        "INFINITY_GRID_PORT_8080_TCP_ADDR": "10.0.0.7",
        "HTTPS_PROXY": "socks5h://127.0.0.1:9",
    }
    ended = running.run_to_end(tmp_path, "--check", str(path), **service)
    assert (ended.returncode, ended.stderr) == (0, "")
