from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from config import ConfigError, load, parse, validate
from config.load import _number, load_without_secrets
from tests.config.texts import KNOWN, VALID, changed, lines, read, refusal

DESIGN = """\
[bot]
name = "my grids"
dry_run = true               # must be stated
on_stop = "keep"
log_level = "info"

[exchange]
adapter = "kraken"
api_public_key = ""
api_secret_key = ""
rest_url = "https://api.kraken.com"
ws_url = "wss://ws.kraken.com/v2"
ws_auth_url = "wss://ws-auth.kraken.com/v2"
skip_permission_check = false

[exchange.paper]
balances = { USD = 10000, BTC = 0.5 }
maker_fee = 0.0040
taker_fee = 0.0080
prices = "synthetic"
seed = 1
speed = 1.0

[persistence]
database = "infinity-grid.duckdb"

[[strategy]]
name = "btc-hodl"
kind = "GridHODL"
base_currency = "BTC"
quote_currency = "USD"
userref = 1001
amount_per_grid = 100
interval = 0.02
n_open_buy_orders = 5
max_investment = 1000
fee = 0.0026
skip_price_timeout = false

[notifier.telegram]
token = ""
chat_id = ""
thread_id = ""

[metrics]
enabled = true
host = "127.0.0.1"
port = 8080

[supervisor]
"""


def test_the_example_of_the_design_is_accepted() -> None:
    config = read(DESIGN)
    assert config.strategy[0].symbol == "BTC/USD"
    assert config.exchange.api_public_key is None
    assert config.simulated


def test_numbers_are_read_digit_by_digit() -> None:
    config = read(changed("interval = 0.02", "interval = 0.020000000000000001"))
    assert str(config.strategy[0].interval) == "0.020000000000000001"
    assert config.strategy[0].amount_per_grid == Decimal(100)
    assert config.exchange.paper.balances == {"USD": Decimal(10000), "BTC": Decimal("0.5")}


def test_everything_optional_has_its_default() -> None:
    config = read(VALID)
    assert (config.bot.on_stop, config.bot.log_level, config.bot.log_format) == ("keep", "info", "text")
    assert (config.metrics.enabled, config.metrics.host, config.metrics.port) == (True, "127.0.0.1", 8080)
    assert config.strategy[0].n_open_buy_orders == 3
    assert config.strategy[1].fee is None
    assert config.exchange.paper.fill_rule == "at"
    assert config.persistence.database == "infinity-grid.duckdb"


def test_all_problems_are_told_at_once() -> None:
    text = (
        VALID.replace("interval = 0.02", "intervall = 0.02")
        .replace("userref = 1002", "userref = 1001")
        .replace("amount_per_grid = 50.5", "amount_per_grid = true")
        .replace('"kraken"', '"krakn"')
    )
    error = refusal(text, {"INFINITY_GRID_API_SECRET": "x"})
    assert str(error).splitlines() == [str(problem) for problem in error.problems]
    assert [problem.key for problem in error.problems] == [
        "strategy[0].intervall",
        "strategy[0].interval",
        "strategy[1].amount_per_grid",
        "exchange.adapter",
        "strategy[1].userref",
        "INFINITY_GRID_API_SECRET",
    ]


def test_the_report_names_file_key_strategy_what_was_found_and_what_is_allowed() -> None:
    assert str(refusal(changed("interval = 0.03", "interval = 2"))) == (
        'grid.toml, [[strategy]] 2 "eth-sell", interval: found 2; allowed: 0 < interval < 1 (0.02 is 2 %). '
        "Did you mean 0.02 (2 %)?"
    )


def test_toml_errors_name_line_and_column() -> None:
    (line,) = lines("[bot]\nbroken line")
    assert line.startswith("found line 2, column 8: ")
    assert line.endswith("allowed: TOML, see https://toml.io. A setting is written: key = value")


def test_an_unfinished_document_names_its_last_line() -> None:
    assert lines("[bot]\nname = [") == [
        (
            'found line 2, column 9: "name = ["; allowed: TOML, see https://toml.io. '
            "A bracket or a quote is not closed, or a comma is missing"
        )
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "9" * 5000, "too many digits"),
        ("a = 1\na = 2", "a stands twice in this table, first in line 1"),
        ("\x00", "line 1, column 1"),
    ],
)
def test_text_that_is_no_toml_is_one_clear_problem(text: str, found: str) -> None:
    (line,) = lines(text)
    assert found in line


def test_an_absent_file_is_one_clear_problem(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"
    with pytest.raises(ConfigError) as caught:
        load(path, {}, KNOWN)
    assert str(caught.value) == (f"{path}: found the file does not exist; allowed: a readable TOML file in UTF-8")


def test_a_directory_is_one_clear_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found a directory, as Docker makes one"):
        load(tmp_path, {}, KNOWN)


def test_an_impossible_path_is_one_clear_problem() -> None:
    with pytest.raises(ConfigError, match="zero character"):
        load(Path("a\0b"), {}, KNOWN)


def test_a_file_that_is_not_utf_8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_bytes(b'[bot]\nname = "caf\xe9"\n')
    with pytest.raises(ConfigError, match="not UTF-8 in line 2"):
        load(path, {}, KNOWN)


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(VALID, encoding="utf-8-sig")
    assert load(path, {}, KNOWN) == read(VALID)


def test_a_price_file_is_relative_to_the_configuration_and_the_database_is_not(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(changed("[exchange.paper]", '[exchange.paper]\nprices = "data/trades.csv"'))
    config = load(path, {}, KNOWN)
    assert config.exchange.paper.price_file == tmp_path / "data/trades.csv"
    assert config.persistence.database == "infinity-grid.duckdb"


def test_an_absolute_price_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(changed("[exchange.paper]", '[exchange.paper]\nprices = "/data/trades.csv.gz"'))
    assert load(path, {}, KNOWN).exchange.paper.price_file == Path("/data/trades.csv.gz")


def test_names_of_price_sources_are_no_files() -> None:
    assert read(VALID).exchange.paper.price_file is None


def test_a_configuration_built_by_hand_is_checked_as_well() -> None:
    config = read(VALID)
    assert validate(config, KNOWN) == config
    wrong = replace(config, strategy=(replace(config.strategy[0], interval=Decimal(2)),))
    with pytest.raises(ConfigError) as caught:
        validate(wrong, KNOWN)
    assert [problem.key for problem in caught.value.problems] == ["strategy[0].interval"]


def test_a_valid_configuration_with_secrets_and_channels_passes_again() -> None:
    text = VALID + '[notifier.telegram]\ntoken = "t"\nto = ["a", { b = 1 }]\n'
    config = read(text, {"INFINITY_GRID_API_PUBLIC_KEY": "p", "INFINITY_GRID_API_SECRET_KEY": "s"})
    assert validate(config, KNOWN) == config


def test_reading_is_repeatable() -> None:
    assert parse(VALID, "a", {}, KNOWN) == parse(VALID, "b", {}, KNOWN)


@pytest.mark.parametrize("text", ["-0.0", "-0e5", "-0.000"])
def test_minus_zero_is_zero(text: str) -> None:
    number = _number(text)
    assert not number
    assert not number.is_signed()
    assert _number("-0.1") == Decimal("-0.1")


@pytest.mark.parametrize("number", ["0,02", "1,5", "-3,25"])
def test_a_decimal_comma_is_named(number: str) -> None:
    error = refusal(f"[strategy_defaults]\ninterval = {number}\n")
    assert "Decimals are written with a point" in str(error)


@pytest.mark.parametrize("text", ["a = [1,\n", "a = 5 5", "a,b = 3", "[x\ny = 1,2"])
def test_another_mistake_is_not_called_a_comma(text: str) -> None:
    assert "with a point" not in str(refusal(text))


def test_who_signs_in_nowhere_needs_no_secret(tmp_path: Path) -> None:
    """A nightly `backup` runs without the variables, and perhaps as a user who may not read the files of keys."""
    path = tmp_path / "c.toml"
    live = DESIGN.replace("dry_run = true ", "dry_run = false ")
    path.write_text(live.replace('api_secret_key = ""', 'api_secret_key_file = "nowhere/secret"'))
    with pytest.raises(ConfigError, match="api_secret_key_file"):
        load(path, {}, KNOWN)
    for text in (path.read_text(), live):
        path.write_text(text)
        assert load_without_secrets(path, {}, KNOWN).database == Path("infinity-grid.duckdb")
    path.write_text(live.replace("interval = 0.02", "interval = 7"))
    with pytest.raises(ConfigError, match="interval"):
        load_without_secrets(path, {}, KNOWN)
    with pytest.raises(ConfigError, match="nowhere"):
        load_without_secrets(tmp_path / "nowhere", {}, KNOWN)
