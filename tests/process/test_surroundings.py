"""Time zone, locale and line ends of the machine change nothing: same log, same orders, same report."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process import running

pytestmark = pytest.mark.process

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii:strict"}
SURROUNDINGS = {
    "half hours": {"TZ": "Asia/Kolkata"},
    "summer time": {"TZ": "America/St_Johns", "LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"},
    "ascii": {"TZ": "no/where", **ASCII},
    "dotless i": {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"},
}
_NO_FIGURES = re.compile(r"[\d.,]+ ?(s|MB|rows/s)\b|\\(u[0-9a-f]{4}|x[0-9a-f]{2})")
"""How long it took, and escapes of signs that the terminal lacks."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def lines(stderr: str) -> list[str]:
    """Without the time, which each line must have: actors may say the same in another order."""
    told = stderr.splitlines()
    assert all(MOMENT.match(line) for line in told if not line.startswith(" ")), told
    return sorted(line.split(" ", 1)[1] for line in told if "took" not in line)


def prepared(folder: Path) -> Path:
    folder.mkdir()
    path = running.configuration(folder, prices=running.price_file(folder, 900))
    path.write_text(path.read_text().replace('name = "trial"', 'name = "tríal ₿"'), encoding="utf-8")
    return path


def as_windows_writes(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], running.Orders, running.Orders]:
    path = prepared(tmp_path_factory.mktemp("usual") / "run")
    ended = running.run_to_end(path.parent, path.name, TZ="UTC", LC_ALL="C.UTF-8")
    assert ended.returncode == 0, ended.stderr
    database = path.parent / "trial.duckdb"
    assert running.fills(database), "a run without fills proves little"
    return lines(ended.stderr), running.open_orders(database), running.fills(database)


@pytest.mark.parametrize("name", [*SURROUNDINGS, "windows"])
def test_the_program_trades_and_tells_the_same(
    name: str, usual: tuple[list[str], running.Orders, running.Orders], tmp_path: Path
) -> None:
    path = prepared(tmp_path / "run")
    if name == "windows":
        as_windows_writes(path)
        as_windows_writes(path.parent / "prices.csv")
    ended = running.run_to_end(path.parent, path.name, **SURROUNDINGS.get(name, {}))
    assert ended.returncode == 0, ended.stderr
    told, orders, fills = usual
    if name == "ascii":
        told = sorted(line.encode("ascii", "backslashreplace").decode() for line in told)
    assert lines(ended.stderr) == told
    database = path.parent / "trial.duckdb"
    assert (running.open_orders(database), running.fills(database)) == (orders, fills)


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_the_back_test_reports_the_same(name: str, tmp_path: Path) -> None:
    path = prepared(tmp_path / "run")
    reports: list[list[str]] = []
    for environ in ({"TZ": "UTC", "LC_ALL": "C.UTF-8"}, SURROUNDINGS[name]):
        command = [sys.executable, "-m", "backtest", path.name, "--prices", "prices.csv"]
        ended = subprocess.run(
            command, cwd=path.parent, env=running.environment(**environ), capture_output=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        text = ended.stdout.decode("ascii" if name == "ascii" and reports else "utf-8")
        reports.append(re.findall(r"\d[\d,.]*", re.sub(_NO_FIGURES, "", text)))
    assert reports[0] == reports[1]
    assert len(reports[0]) > 20


def test_a_log_file_is_utf_8_where_the_terminal_is_not(tmp_path: Path) -> None:
    path = prepared(tmp_path / "run")
    path.write_text(
        path.read_text(encoding="utf-8").replace("[bot]", '[bot]\nlog_file = "~/grid.log"'), encoding="utf-8"
    )
    ended = running.run_to_end(path.parent, path.name, **ASCII, HOME=str(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "tríal ₿ terminated" in (tmp_path / "grid.log").read_text(encoding="utf-8")
