"""The real program with a log file: what is in it, what is left for stderr, and what a full disk does to trading."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.process import running

pytestmark = pytest.mark.process

EARLIER = b"2026-11-27T09:15:02.123Z     INFO | an earlier run "


def configured(folder: Path, bot: str, **more: object) -> Path:
    path = running.configuration(folder, speed="50", **more)  # type: ignore[arg-type]
    path.write_text(path.read_text().replace("[bot]\n", f"[bot]\n{bot}\n"))
    return path


def wait_for(text: str, path: Path) -> str:
    deadline = time.monotonic() + running.PATIENCE
    while time.monotonic() < deadline:
        found = path.read_text() if path.exists() else ""
        if text in found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{path} never says {text}: {found}")


def test_all_lines_are_in_the_file_and_none_on_stderr_also_after_it_was_moved_away(tmp_path: Path) -> None:
    path = configured(tmp_path, 'log_file = "grid.log"\nlog_format = "json"')
    log = tmp_path / "grid.log"
    with running.started(tmp_path, path) as process:
        before = wait_for("state: RUNNING", log)
        log.rename(tmp_path / "grid.old")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    lines = [json.loads(line) for line in [*before.splitlines(), *log.read_text().splitlines()]]
    assert lines[-1]["message"].startswith("trial terminated")
    assert (tmp_path / "log.txt").read_text() == ""
    assert log.stat().st_mode & 0o777 == 0o600
    placed = [line for line in lines if "placed" in line["message"] and "order_id" in line]
    assert {line["strategy"] for line in placed} == set(running.KINDS)
    for line in placed:
        assert line["pair"] == "BTC/USD"
        assert line["exchange_id"]
        assert line["cause"]
        assert line["time"].endswith("Z")


def test_the_file_is_rotated_while_it_runs(tmp_path: Path) -> None:
    path = configured(
        tmp_path, 'log_file = "grid.log"\nlog_level = "debug"\nlog_file_megabytes = 1\nlog_files_kept = 1'
    )
    log = tmp_path / "grid.log"
    log.write_bytes(EARLIER + b"x" * 999_000 + b"\n")
    with running.started(tmp_path, path) as process:
        wait_for("RUNNING", log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert log.stat().st_size < 500_000
    assert (tmp_path / "grid.log.1").read_bytes().startswith(EARLIER + b"xxx")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_failed_start_says_why_on_stderr_and_in_the_file(tmp_path: Path, log_format: str) -> None:
    path = configured(tmp_path, f'log_file = "grid.log"\nlog_format = "{log_format}"')
    (tmp_path / "trial.duckdb").write_text("dear diary")
    ended = running.run_to_end(tmp_path, str(path))
    assert ended.returncode == 6
    assert ended.stderr.startswith("error: ")
    (last,) = ended.stderr.splitlines()[-1:]
    logged = (tmp_path / "grid.log").read_text().splitlines()[-1]
    words = json.loads(logged)["message"] if log_format == "json" else logged
    assert words.endswith(last.removeprefix("error: "))


def test_json_on_stderr_is_json_to_the_last_line(tmp_path: Path) -> None:
    path = configured(tmp_path, 'log_format = "json"')
    (tmp_path / "trial.duckdb").write_text("dear diary")
    ended = running.run_to_end(tmp_path, str(path))
    assert ended.returncode == 6
    last = json.loads(ended.stderr.splitlines()[-1])
    assert last["level"] == "ERROR"
    assert "trial.duckdb" in last["message"]


@pytest.mark.parametrize("check", [["--check"], []])
@pytest.mark.parametrize("log_file", ["no/grid.log", ".", "/dev/null", "trial.toml/x"])
def test_a_file_that_cannot_be_is_told_before_anything_starts(tmp_path: Path, log_file: str, check: list[str]) -> None:
    path = configured(tmp_path, f'log_file = "{log_file}"')
    ended = running.run_to_end(tmp_path, *check, str(path))
    assert ended.returncode == 2
    assert f'bot.log_file: found "{log_file}": ' in ended.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["trial.toml"]


@pytest.mark.parametrize("log_file", ["trial.duckdb", "trial.duckdb.sock", "trial.toml", "./trial.duckdb"])
def test_a_log_is_not_written_into_the_programs_other_files(tmp_path: Path, log_file: str) -> None:
    path = configured(tmp_path, f'log_file = "{log_file}"')
    before = path.read_bytes()
    ended = running.run_to_end(tmp_path, str(path))
    assert ended.returncode == 2
    assert "another file than " in ended.stderr
    assert path.read_bytes() == before


def test_a_full_disk_costs_lines_and_nothing_else(tmp_path: Path) -> None:
    """`ulimit -f` refuses every byte beyond: the log is the only file here that is that long."""
    port = running.free_port()
    path = configured(tmp_path, 'log_file = "grid.log"\nlog_file_megabytes = 10000', metrics=True, port=port)
    log = tmp_path / "grid.log"
    log.write_bytes(EARLIER.ljust(499, b"x") + b"\n")
    os.truncate(log, 64 * 2**20)
    with running.started(tmp_path, path, "sh", "-c", 'ulimit -f 65536; exec "$@"', "sh") as process:
        try:
            running.wait_for_status(port, "RUNNING")
        except AssertionError:
            raise AssertionError((tmp_path / "log.txt").read_text()) from None
        metrics = subprocess.run(
            ["curl", "-s", "--noproxy", "*", f"http://127.0.0.1:{port}/metrics"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert log.stat().st_size == 64 * 2**20
    lost = [line for line in metrics.splitlines() if line.startswith("grid_log_lines_dropped_total{")]
    assert float(lost[0].split()[-1]) > 0
