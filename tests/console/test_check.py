"""`--check` line by line: its first line, errors and warnings apart, exit codes; and that a start obeys it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor import main
from tests.config.judged.trials import DRY, LIVE, PAPER, SECOND

TWIN = SECOND.replace('"SOL"', '"ETH"')
ERRORS = {
    "interval in percent": DRY.replace("0.025", "2.5"),
    "no keys": LIVE,
    "no price file": PAPER + 'prices = "absent.csv"\n',
    "tick above the price": PAPER + 'pairs = { "ETH/EUR" = { tick_size = 1e6 } }\n',
    "database is the file itself": PAPER + '[persistence]\ndatabase = "./grid.toml"\n',
    "database is a price file": PAPER + '[persistence]\ndatabase = "trades.csv"\n',
    "colon in an inline table": DRY.replace("EUR = 900", "EUR: 900"),
    "unknown pair": PAPER.replace('"ETH"', '"FOO"'),
    "amount": PAPER.replace("amount_per_grid = 40", "amount_per_grid = 0.3"),
    "no statement": DRY.replace("dry_run = true", ""),
    "comma": DRY.replace("0.025", "0,025"),
    "empty": "",
    "plain text": DRY.replace("[exchange]", '[exchange]\nws_url = "ws://example.org"'),
}
WARNINGS = {
    "wide": DRY.replace("0.025", "0.25"),
    "thin": DRY.replace("0.025", "0.009"),
    "deep": DRY.replace("n_open_buy_orders = 4", "n_open_buy_orders = 90").replace("= 400", "= 90000"),
    "limit": DRY.replace("max_investment = 400", "max_investment = 100"),
    "balance": DRY.replace("EUR = 900", "EUR = 90"),
    "twins": DRY + TWIN,
    "endless": DRY.replace('"GridSell"', '"cDCA"'),
    "small": DRY.replace("amount_per_grid = 40", "amount_per_grid = 2"),
    "unknown": DRY.replace('"ETH"', '"FOO"'),
    "open": DRY + '[metrics]\nhost = "0.0.0.0"\n',
}
Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("INFINITY_GRID_")]:
        monkeypatch.delenv(name)


def check(text: str, capsys: Output) -> tuple[int, list[str], list[str]]:
    """Exit code, lines of stdout, lines of stderr."""
    Path("grid.toml").write_text(text)
    code = main(["--check", "grid.toml"])
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err.splitlines()


@pytest.mark.parametrize("text", ERRORS.values(), ids=ERRORS)
def test_an_error_names_file_found_and_allowed(text: str, capsys: Output) -> None:
    code, _, errors = check(text, capsys)
    assert code == 2
    assert errors
    for line in errors:
        assert line.startswith("error: grid.toml")
        assert "found " in line
        assert "; allowed: " in line


@pytest.mark.parametrize("text", WARNINGS.values(), ids=WARNINGS)
def test_a_warning_never_refuses(text: str, capsys: Output) -> None:
    code, said, errors = check(text, capsys)
    assert (code, errors) == (0, [])
    told = [line for line in said if line.startswith("warning: grid.toml, ")]
    assert told
    assert any(f": valid, with {len(told)} warning" in line for line in said)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LIVE, "LIVE: real orders on Kraken, with real money"),
        (DRY, "dry run: real prices of Kraken, simulated orders"),
        (PAPER, "paper exchange: simulated orders, invented prices"),
        (LIVE.replace("interval", "intervall"), "LIVE: real orders on Kraken, with real money"),
    ],
)
def test_the_first_line_says_whether_real_money_is_at_stake(text: str, line: str, capsys: Output) -> None:
    assert check(text, capsys)[1][0] == line


def test_a_sound_configuration_is_told_what_it_will_do(capsys: Output) -> None:
    code, said, errors = check(DRY, capsys)
    assert (code, errors) == (0, [])
    assert said[1] == "grid.toml: 1 strategy, adapter kraken: valid"
    assert any(line.startswith("ladder (GridSell, ETH/EUR): 4 buys of 40 EUR") for line in said)
    assert [path.name for path in Path().iterdir()] == ["grid.toml"]


@pytest.mark.parametrize(
    ("database", "words"),
    [
        ("absent/a.duckdb", "has no directory: absent does not exist"),
        ("folder", "is a directory"),
        ("left", "is missing, but its write-ahead log left.wal is there"),
        ("link", "is a link into"),
        ("x" * 240, "has a name of more than 200 bytes"),
    ],
)
def test_a_place_where_no_database_can_be(database: str, words: str, capsys: Output) -> None:
    Path("folder").mkdir()
    Path("left.wal").write_bytes(b"x")
    Path("link").symlink_to("nowhere/grid.duckdb")
    code, _, errors = check(PAPER + f'[persistence]\ndatabase = "{database}"\n', capsys)
    assert code == 6
    assert words in errors[0]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_directory_without_the_right_to_write(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    code, _, errors = check(PAPER + '[persistence]\ndatabase = "closed/a.duckdb"\n', capsys)
    assert code == 6
    assert "closed is not writable for this user" in errors[0]


@pytest.mark.parametrize("text", ERRORS.values(), ids=ERRORS)
def test_a_start_refuses_what_the_check_calls_an_error(text: str, capsys: Output) -> None:
    _, _, errors = check(text, capsys)
    assert main(["grid.toml"]) == 2
    assert capsys.readouterr().err.splitlines() == errors


NO_CONNECTION = """\
import socket, sys, time
def refused(*arguments, **more): raise AssertionError("a connection")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refused
from supervisor import main
sys.exit(main(["--check", "grid.toml"]))
"""


@pytest.mark.process
@pytest.mark.parametrize("text", [DRY, LIVE], ids=["dry", "live"])
def test_no_connection_is_made(text: str) -> None:
    Path("grid.toml").write_text(text)
    root = Path(__file__).parent.parent.parent
    keys = {"INFINITY_GRID_API_PUBLIC_KEY": "P" * 56, "INFINITY_GRID_API_SECRET_KEY": "AAAA" * 21 + "AA=="}
    done = subprocess.run(
        [sys.executable, "-c", NO_CONNECTION], env={**os.environ, "PYTHONPATH": str(root), **keys}, check=False
    )
    assert done.returncode == 0
