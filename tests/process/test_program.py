"""The whole program as a user meets it: signals, exit codes, what it says, what it leaves behind."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.version import version
from tests.process import running
from tests.process.running import free_port

pytestmark = pytest.mark.process
ADDRESS = re.compile(r"status page: http://127\.0\.0\.1:(?P<port>[1-9]\d*)/status")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_order_with_exit_code_0(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    path = running.configuration(tmp_path, speed="50", port=port, metrics=True)
    with running.started(tmp_path, path) as process:
        status = running.wait_for_status(port, "RUNNING")
        process.send_signal(number)
        assert process.wait(running.PATIENCE) == 0
    strategies = status["strategies"]
    assert isinstance(strategies, list)
    assert [strategy["kind"] for strategy in strategies] == list(running.KINDS)
    log = (tmp_path / "log.txt").read_text()
    assert f"infinity-grid-trio {status['version']}, Python 3." in log.splitlines()[0]
    assert status["version"] == version()
    assert "Traceback" not in log
    assert "trial terminated: asked to stop; orders: the simulated orders are kept in " in log.rstrip().splitlines()[-1]
    assert running.open_orders(tmp_path / "trial.duckdb")


def test_the_log_names_the_address_where_any_free_port_was_asked_for(tmp_path: Path) -> None:
    path = running.configuration(tmp_path, speed="50", port=0, metrics=True)
    with running.started(tmp_path, path) as process:
        deadline = time.monotonic() + running.PATIENCE
        while (told := ADDRESS.search((tmp_path / "log.txt").read_text())) is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert running.wait_for_status(int(told["port"]), "RUNNING")["bot"] == "trial"
        process.send_signal(signal.SIGTERM)
        assert process.wait(running.PATIENCE) == 0


def test_the_log_names_no_address_where_there_is_none(tmp_path: Path) -> None:
    path = running.configuration(tmp_path, prices=running.price_file(tmp_path, 30))
    ended = running.run_to_end(tmp_path, str(path))
    assert ended.returncode == 0, ended.stderr
    assert "trial" in ended.stderr
    assert ADDRESS.search(ended.stderr) is None


@pytest.mark.parametrize(
    ("on_stop", "sides_left"), [("keep", {"buy", "sell"}), ("cancel-buys", {"sell"}), ("cancel-all", set())]
)
def test_on_stop_decides_about_the_own_open_orders(tmp_path: Path, on_stop: str, sides_left: set[str]) -> None:
    path = running.configuration(tmp_path, prices=running.price_file(tmp_path, 300), on_stop=on_stop)
    ended = running.run_to_end(tmp_path, str(path))
    assert ended.returncode == 0, ended.stderr
    left = {order["side"] for order in running.paper_orders(tmp_path / "trial.duckdb") if order["status"] == "open"}
    assert left == sides_left


def test_sells_cancelled_at_the_stop_are_placed_again_at_the_next_start(tmp_path: Path) -> None:
    prices = running.price_file(tmp_path, 900)
    assert running.run_to_end(tmp_path, str(running.configuration(tmp_path, prices=prices))).returncode == 0
    database = tmp_path / "trial.duckdb"
    kept = [order for order in running.open_orders(database) if order[1] == "sell" and order[4] == "counter"]
    running.price_file(tmp_path, 903)
    path = running.configuration(tmp_path, prices=prices, on_stop="cancel-all")
    assert running.run_to_end(tmp_path, str(path)).returncode == 0
    running.price_file(tmp_path, 930)
    path = running.configuration(tmp_path, prices=prices, on_stop="keep")
    assert running.run_to_end(tmp_path, str(path)).returncode == 0
    assert kept
    again = [order for order in running.open_orders(database) if order[1] == "sell" and order[4] == "counter"]
    sold = [fill for fill in running.fills(database) if fill[1] == "sell"]
    assert all(order in again or any(fill[:3] == order[:3] for fill in sold) for order in kept)
    assert running.placed_twice(database) == []


def test_help_tells_the_exit_codes(tmp_path: Path) -> None:
    ended = running.run_to_end(tmp_path, "--help")
    assert ended.returncode == 0
    assert "exit codes: 0 stopped as asked" in ended.stdout


def test_no_argument_is_a_usage_error(tmp_path: Path) -> None:
    ended = running.run_to_end(tmp_path)
    assert ended.returncode == 2
    assert "config" in ended.stderr


def test_check_says_that_a_configuration_is_valid_and_touches_nothing(tmp_path: Path) -> None:
    running.configuration(tmp_path)
    ended = running.run_to_end(tmp_path, "--check", "trial.toml")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["trial.toml"]


def test_the_ready_made_demo_is_valid(tmp_path: Path) -> None:
    assert running.run_to_end(tmp_path, "--check", str(running.ROOT / "config" / "demo.toml")).returncode == 0


def test_the_example_of_embedding_runs(tmp_path: Path) -> None:
    running.configuration(tmp_path, speed="50")
    script = (
        "import trio; from pathlib import Path; from examples.embedding import trade_for; "
        "trio.run(trade_for, 1.5, Path('trial.toml'))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=running.environment(),
        capture_output=True,
        text=True,
        timeout=running.PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "trial is RUNNING" in ended.stdout
