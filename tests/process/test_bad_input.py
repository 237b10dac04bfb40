"""Bad input: one clear message with the place, what was found and what is allowed, and the right exit code."""

import gzip
import socket
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from supervisor import main
from tests.process import running

pytestmark = pytest.mark.process


def refused(folder: Path, code: int, *words: str) -> str:
    """Run `trial.toml` and expect a refusal that has all these words and no traceback."""
    ended = running.run_to_end(folder, "trial.toml")
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    message = ended.stderr
    for word in words:
        assert word in message, message
    return message


@pytest.mark.parametrize(
    ("found", "replacement", "words"),
    [
        ("interval = 0.004", "interval = 0", ("interval", "0 < interval < 1")),
        ("interval = 0.004", "interval = 1", ("interval", "0 < interval < 1")),
        ("interval = 0.004", "interval = -1", ("interval", "0 < interval < 1")),
        ("interval = 0.004", "interval = 2", ("interval", "0.02 is 2 %")),
        ("interval = 0.004", "intervall = 0.004", ("intervall", 'Did you mean "interval"')),
        ("interval = 0.004", 'interval = "much"', ("interval", "much")),
        ('kind = "SWING"', 'kind = "SWNG"', ("SWNG", "SWING")),
        ('adapter = "paper"', 'adapter = "papper"', ("papper", "paper")),
        ("userref = 1002", "userref = 1001", ("userref", "1001")),
        ('name = "cDCA"', 'name = "SWING"', ("name", "SWING")),
        ("interval = 0.004", "interval = 0.0009", ("interval", "fee")),
        ("[bot]", "[bot", ("line", "trial.toml")),
        ("userref = 1002", "", ("userref",)),
    ],
)
def test_a_configuration_that_makes_no_sense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], found: str, replacement: str, words: tuple[str]
) -> None:
    path = running.configuration(tmp_path)
    text = path.read_text()
    assert found in text
    path.write_text(text.replace(found, replacement, 1))
    assert main([str(path)]) == 2
    message = capsys.readouterr().err
    for word in ("trial.toml", *words):
        assert word in message


def test_an_amount_below_what_the_exchange_takes(tmp_path: Path) -> None:
    path = running.configuration(tmp_path)
    path.write_text(path.read_text().replace("amount_per_grid = 100", "amount_per_grid = 1", 1))
    refused(tmp_path, 2, "trial.toml", "[[strategy]] 1", "amount_per_grid", "minimum")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("prices.csv", "no such file")),
        ("", ("prices.csv",)),
        ("time,price\n", ("prices.csv", "no rows")),
        ("time,price\n1700000000,50000.0\n1700000001,fifty\n", ("row 2", "fifty")),
        ("time,price\n1700000005,50000.0\n1700000001,50001.0\n", ("row 2", "order of time")),
        ("time,price\n1700000000,50000.0\n1700000001,-3\n", ("row 2", "-3")),
        ("when,what\n1700000000,50000.0\n", ("when", "what")),
    ],
)
def test_a_price_file_that_cannot_be_used(tmp_path: Path, content: str | None, words: tuple[str]) -> None:
    running.configuration(tmp_path, prices="prices.csv")
    if content is not None:
        (tmp_path / "prices.csv").write_text(content)
    refused(tmp_path, 2, "exchange.paper.prices", *words)


def test_a_price_file_that_is_cut_off(tmp_path: Path) -> None:
    running.price_file(tmp_path, 5000)
    whole = gzip.compress((tmp_path / "prices.csv").read_bytes())
    (tmp_path / "prices.csv.gz").write_bytes(whole[: len(whole) // 2])
    running.configuration(tmp_path, prices="prices.csv.gz")
    refused(tmp_path, 2, "exchange.paper.prices", "prices.csv.gz")


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running.configuration(tmp_path, port=port, metrics=True)
        refused(tmp_path, 2, "metrics.port", str(port))


def test_a_database_of_another_program(tmp_path: Path) -> None:
    running.configuration(tmp_path)
    with duckdb.connect(str(tmp_path / "trial.duckdb")) as connection:
        connection.execute("CREATE TABLE cats (name VARCHAR)")
    refused(tmp_path, 6, "trial.duckdb")
    with duckdb.connect(str(tmp_path / "trial.duckdb"), read_only=True) as connection:
        assert connection.execute("SHOW TABLES").fetchall() == [("cats",)]


def test_a_database_that_is_none(tmp_path: Path) -> None:
    running.configuration(tmp_path)
    (tmp_path / "trial.duckdb").write_text("dear diary, " * 1000)
    refused(tmp_path, 6, "trial.duckdb")
    assert (tmp_path / "trial.duckdb").read_text().startswith("dear diary")


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    running.configuration(tmp_path, prices=running.price_file(tmp_path, 10))
    assert running.run_to_end(tmp_path, "trial.toml").returncode == 0
    with duckdb.connect(str(tmp_path / "trial.duckdb")) as connection:
        connection.execute("UPDATE meta SET schema_version = 99")
    refused(tmp_path, 6, "trial.duckdb", "99")


def test_a_database_locked_by_another_process(tmp_path: Path) -> None:
    running.configuration(tmp_path)
    holder = (
        "import duckdb, sys; c = duckdb.connect('trial.duckdb'); c.execute('CREATE TABLE t (i INT)'); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        refused(tmp_path, 6, "trial.duckdb", str(process.pid))
        process.kill()


def test_a_database_in_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    path = running.configuration(tmp_path)
    path.write_text(path.read_text().replace("trial.duckdb", "nowhere/trial.duckdb"))
    refused(tmp_path, 6, "nowhere")


def test_an_unknown_environment_variable(tmp_path: Path) -> None:
    running.configuration(tmp_path)
    ended = running.run_to_end(
        tmp_path,
        "trial.toml",
        INFINITY_GRID_API_SECRET_KEYS="hush",  # noqa: S106 - that it is not shown is the test
    )
    assert ended.returncode == 2
    assert "INFINITY_GRID_API_SECRET_KEY" in ended.stderr
    assert "hush" not in ended.stderr
