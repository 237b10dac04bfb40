"""`python -m backtest` as a user meets it: report, JSON, page, and one clear message for what cannot be meant."""

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from backtesting.command import main
from tests.backtesting.stage import text
from tests.data import market_data
from tests.process.running import ROOT, environment


def prices(folder: Path) -> Path:
    """Two thousand trades that go up and down through many levels."""
    price, lines = 100_000, ["time,price"]
    for row in range(2000):
        price += (60 if row % 500 < 250 else -60) + row * 7919 % 401 - 200
        lines.append(f"{1_700_000_000 + row},{price // 100}.{price % 100:02}")
    (folder / "prices.csv").write_text("\n".join(lines) + "\n")
    return folder / "prices.csv"


def written(folder: Path, toml: str) -> str:
    """The path of a configuration file."""
    (folder / "trial.toml").write_text(toml)
    return str(folder / "trial.toml")


@pytest.fixture
def config(tmp_path: Path) -> str:
    return written(tmp_path, text(prices(tmp_path)))


def test_the_report_tells_all_figures(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([config]) == 0
    said = capsys.readouterr().out
    for words in (
        *("ETH/USD, 2,000 rows", "profit (USD)", "realised", "unrealised", "fees paid", "cycles", "largest drawdown"),
        *("annualised return", "buy-and-hold", "capital in use, average", "hits per level", "hit rate", "Assumptions"),
        *("GridHODL", "GridSell", "SWING", "cDCA"),
    ):
        assert words in said
    assert "out of sample" not in said


def test_json_is_exact_and_adds_up(config: str, tmp_path: Path) -> None:
    assert main([config, "--json", str(tmp_path / "a.json"), "--split", "0.5"]) == 0
    document = json.loads((tmp_path / "a.json").read_text())
    summary = document["summary"]
    assert summary["rows"] == 1000
    assert document["out_of_sample"]["rows"] == 1000
    gained = Decimal(summary["realised"]) + Decimal(summary["unrealised"])
    assert abs(Decimal(summary["profit"]) - gained) < Decimal("1e-10")
    assert sum(Decimal(fill["fee"]) for fill in document["fills"]) == Decimal(summary["fees"])
    assert len(document["fills"]) == sum(part["buys"] + part["sells"] for part in summary["strategies"])


def test_the_page_needs_nothing_else(config: str, tmp_path: Path) -> None:
    hostile = text(prices(tmp_path)).replace('name = "trial"', 'name = "</script><b>&"')
    assert main([written(tmp_path, hostile), "--html", str(tmp_path / "a.html"), "--split", "0.6"]) == 0
    page = (tmp_path / "a.html").read_text()
    assert not re.search(r"(src|href)\s*=|@import|url\(|https?://", page)
    assert page.count("</script>") == 2
    assert "&lt;/script&gt;&lt;b&gt;&amp;" in page
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    lengths = {len(column) for column in data["worth"].values()}
    assert len(lengths) == 1
    assert len(data["fills"]["t"]) > 10
    assert data["strategies"] == ["GridHODL", "GridSell", "SWING", "cDCA"]
    assert "In sample and out of sample" in page


def test_only_the_newest_orders_are_drawn(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtesting.report.page.MOST_FILLS", 5)
    assert main([config, "--html", str(tmp_path / "a.html")]) == 0
    assert "The picture shows the newest 5 of " in (tmp_path / "a.html").read_text()


def test_every_row_gives_the_same(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([config])
    jumped = capsys.readouterr().out
    main([config, "--every-row"])
    assert capsys.readouterr().out == jumped


def test_other_prices_and_dates(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"{1_700_000_000_000 + 60_000 * row};{900 + row % 30}" for row in range(300)]
    (tmp_path / "other.csv").write_text("when;what\n" + "\n".join(lines) + "\n")
    options = ["--prices", str(tmp_path / "other.csv"), "--time-column", "when", "--price-column", "what"]
    options += ["--time-unit", "ms", "--from", "2023-11-14 23:13:20", "--to", "2023-11-15 01:13:20"]
    assert main([config, *options]) == 0
    assert "120 rows, 2023-11-14 23:13 to 2023-11-15 01:12 UTC" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--prices", "missing.csv"], "missing.csv: no such file"),
        (["--prices", "prices.xls"], 'found "prices.xls"; allowed: a file that ends in'),
        (["--hole", "soon"], 'found "soon"; allowed: a length of time'),
        (["--from", "soon"], 'found "soon"; allowed: a date'),
        (["--from", "2030-01-01"], "found no row between"),
        (["--split", "2"], 'found "2" as --split'),
        (["--price-column", "cost"], 'no column "cost"'),
        (["--html", "/no/such/folder/a.html"], "/no/such/folder/a.html: No such file or directory"),
    ],
)
def test_one_clear_message(
    config: str, arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([config, *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert complaint in said


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('"GridHODL"\nbase_currency = "ETH"', '"GridHODL"\nbase_currency = "BTC"'), "strategies of one pair only"),
        (("prices.csv", "synthetic.cs"), "exchange.paper.prices"),
        (("interval = 0.005", "interval = 0.0005"), "a loss at each sell"),
        (("amount_per_grid = 100", "amount_per_grid = 0.1"), "amount_per_grid"),
        (("maker_fee", "maker_fees"), 'Did you mean "maker_fee"'),
    ],
)
def test_configurations_that_make_no_sense(
    change: tuple[str, str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([written(tmp_path, text(prices(tmp_path)).replace(*change))]) == 2
    assert complaint in capsys.readouterr().err


def test_live_and_synthetic_prices_are_no_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, text("synthetic"))]) == 2
    assert "a CSV or Parquet file of trades, here or as --prices" in capsys.readouterr().err


def test_a_configuration_without_money(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A live configuration needs none; a backtest does."""
    toml = text(prices(tmp_path)).replace("balances = { USD = 20000, ETH = 5 }\n", "")
    toml = toml.replace('adapter = "paper"', 'adapter = "kraken"').replace("[bot]", "[bot]\ndry_run = false")
    toml = toml.replace('kind = "SWING"', 'kind = "SWING"\nsell_existing_base = true')
    assert main([written(tmp_path, toml)]) == 2
    assert "exchange.paper.balances" in capsys.readouterr().err


@pytest.mark.process
def test_as_a_process_over_a_real_day(tmp_path: Path) -> None:
    path = written(tmp_path, text(market_data("gemini-ethusd-trades-20210701.csv.gz")))
    command = [sys.executable, "-m", "backtest", path, "--html", str(tmp_path / "day.html")]
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "25,222 rows" in ended.stdout
    assert (tmp_path / "day.html").stat().st_size > 50_000
    assert (ROOT / "backtest.py").exists()
    wrong = subprocess.run(
        [*command[:3], "missing.toml"], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_a_tilde_behind_the_sign_of_equality_is_the_home_directory(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert main([config, "--prices=~/absent.csv"]) == 2
    assert f"{tmp_path}/home/absent.csv" in capsys.readouterr().err.replace("\n", "")
