"""The database is moved away under the running program: it waits, says so, and goes on once the file is back."""

import json
import signal
import stat
import time
from pathlib import Path

import httpx
import pytest

from tests.process import running
from tests.process.running import free_port

pytestmark = pytest.mark.process


def until_ready(port: int, code: int) -> None:
    """Wait until `/readyz` answers this."""
    deadline = time.monotonic() + running.PATIENCE
    while time.monotonic() < deadline:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5, trust_env=False)
        if answer.status_code == code:
            return
        time.sleep(0.1)
    raise AssertionError(f"never {code}: {answer.text}")


def test_a_database_that_is_moved_away_holds_up_trading_until_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    path = running.configuration(tmp_path, speed="50", port=port, metrics=True)
    database, away = tmp_path / "trial.duckdb", tmp_path / "away.duckdb"
    with running.started(tmp_path, path) as process:
        running.wait_for_status(port, "RUNNING")
        assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("trial.duckdb*")} == {0o600}
        database.rename(away)
        until_ready(port, 503)
        status = json.loads(httpx.get(f"http://127.0.0.1:{port}/status", timeout=5, trust_env=False).text)
        (condition,) = [row for row in status["conditions"] if row["code"] == "database"]
        assert "was removed while it was in use: put the same file back" in condition["detail"]
        assert not database.exists()
        away.rename(database)
        until_ready(port, 200)
        process.send_signal(signal.SIGTERM)
        assert process.wait(running.PATIENCE) == 0
    log = (tmp_path / "log.txt").read_text()
    assert "Traceback" not in log
    assert running.placed_twice(database) == []


def test_of_a_database_and_a_port_in_use_the_database_is_told(tmp_path: Path) -> None:
    port = free_port()
    path = running.configuration(tmp_path, speed="50", port=port, metrics=True)
    with running.started(tmp_path, path) as process:
        running.wait_for_status(port, "RUNNING")
        second = running.run_to_end(tmp_path, str(path))
        assert (second.returncode, f"is in use by process {process.pid}" in second.stderr) == (6, True)
