"""What is known of a configuration without a connection, and that the start would say the same."""

from decimal import Decimal
from pathlib import Path

import pytest

from assembly import registry
from assembly.config_check import Checked, check_config
from config import Config, ConfigError
from config.judged import exposure
from tests.config.judged.trials import DRY, LIVE, PAPER, SECOND

KEYS = {"INFINITY_GRID_API_PUBLIC_KEY": "P" * 56, "INFINITY_GRID_API_SECRET_KEY": "AAAA" * 21 + "AA=="}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(exposure, "TEMPORARY", ())  # tests run there
    return tmp_path


def checked(folder: Path, text: str, environ: dict[str, str] | None = None) -> Checked:
    path = folder / "grid.toml"
    path.write_text(text)
    return check_config(path, environ or {})


def only_problem(found: Checked) -> str:
    (problem,) = found.problems
    assert found.config is None
    with pytest.raises(ConfigError):
        found.accepted()
    return problem.line()


@pytest.mark.parametrize(("text", "environ"), [(LIVE, KEYS), (DRY, {}), (PAPER, {})])
def test_a_sound_configuration(folder: Path, text: str, environ: dict[str, str]) -> None:
    found = checked(folder, text, environ)
    assert (found.problems, found.warnings) == ((), ())
    assert found.accepted().strategy[0].name == "ladder"


def test_a_live_run_without_keys(folder: Path) -> None:
    assert "no API key, although dry_run is false" in only_problem(checked(folder, LIVE))


def test_a_secret_that_is_no_base64(folder: Path) -> None:
    found = checked(folder, LIVE, KEYS | {"INFINITY_GRID_API_SECRET_KEY": "no-base64!"})
    assert "a text that is not base64" in only_problem(found)


@pytest.mark.parametrize("base", ["FOO", "XBT", "BCHH"])
def test_a_pair_that_the_simulated_exchange_does_not_know(folder: Path, base: str) -> None:
    line = only_problem(checked(folder, PAPER.replace('"ETH"', f'"{base}"')))
    assert line.startswith(f'exchange.paper.pairs."{base}/EUR": found no rules for this pair')
    assert ("Did you mean" in line) == (base == "XBT")  # the same coin in another spelling, never another one


def test_a_pair_whose_rules_are_stated(folder: Path) -> None:
    rules = "tick_size = 0.01, lot_decimals = 4, cost_decimals = 2, min_volume = 0.1, min_cost = 1"
    text = PAPER.replace('"ETH"', '"FOO"') + f'pairs = {{ "FOO/EUR" = {{ {rules} }} }}\n'
    assert checked(folder, text).problems == ()


def test_a_pair_that_nobody_knows_at_kraken_is_a_warning_only(folder: Path) -> None:
    (warning,) = checked(folder, DRY.replace('"ETH"', '"FOO"')).warnings
    assert warning.found == '"FOO"'


@pytest.mark.parametrize(("text", "environ"), [(DRY, {}), (LIVE, KEYS)])
def test_a_spelling_that_kraken_does_not_list(folder: Path, text: str, environ: dict[str, str]) -> None:
    found = checked(folder, text.replace('"ETH"', '"XXBT"'), environ)
    assert not [warning for warning in found.warnings if warning.found == '"XXBT"'], "the error says enough"
    line = only_problem(found)
    assert line.endswith('found "XXBT"; allowed: "BTC", as the exchange lists it')


def test_an_amount_below_the_minimum(folder: Path) -> None:
    small = "amount_per_grid = 1\n"
    line = only_problem(checked(folder, PAPER.replace("amount_per_grid = 40\n", small)))
    assert "amount_per_grid: found 1; allowed: 2.43902 EUR or more" in line
    (warning,) = checked(folder, DRY.replace("amount_per_grid = 40\n", small)).warnings
    assert "the smallest order was 0.001 ETH" in warning.meaning


def test_no_gain_is_named_of_a_ladder_that_cannot_be_placed(folder: Path) -> None:
    sound, small = DRY, DRY.replace("amount_per_grid = 40\n", "amount_per_grid = 0.002\n")
    assert any("a round of buy and sell leaves" in note for note in checked(folder, sound).notes)
    assert not any("leaves" in note for note in checked(folder, small).notes)


def test_an_amount_below_the_minimum_does_not_end_what_has_traded_before(folder: Path) -> None:
    (folder / "infinity-grid.duckdb").write_bytes(b"a journal")
    found = checked(folder, PAPER.replace("amount_per_grid = 40\n", "amount_per_grid = 1\n"))
    assert found.problems == ()
    (warning,) = found.warnings
    assert "the strategy halts while it is so" in warning.meaning


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such file"), ("", "a.csv"), ("time,price\n", "no rows"), ("when,what\n1,2\n", "when")],
)
def test_a_price_file_that_cannot_be_used(folder: Path, content: str | None, words: str) -> None:
    if content is not None:
        (folder / "a.csv").write_text(content)
    assert words in only_problem(checked(folder, PAPER + 'prices = "a.csv"\n'))


def test_a_price_file_gives_the_price_that_amounts_are_judged_by(folder: Path) -> None:
    (folder / "a.csv").write_text("time,price\n1700000000,90000\n1700000001,90001\n")
    line = only_problem(checked(folder, PAPER + 'prices = "a.csv"\n'))
    assert "at a price of 90000" in line


def test_all_is_told_in_one_go(folder: Path) -> None:
    text = PAPER.replace('"ETH"', '"FOO"') + 'prices = "a.csv"\n' + SECOND + "[notifier.telegram]\nchat_id = 1\n"
    assert [problem.key for problem in checked(folder, text).problems] == [
        "notifier.telegram.token",
        "exchange.paper.prices",
        'exchange.paper.pairs."FOO/EUR"',
        "exchange.paper.prices",
    ]


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [(LIVE, KEYS, "the key and its rights, the account's fee and balances"), (DRY, {}, "their minimum orders")],
)
def test_what_was_not_checked_is_said(folder: Path, text: str, environ: dict[str, str], words: str) -> None:
    assert checked(folder, text, environ).notes[-1].startswith("not checked, the start asks the exchange: the pairs")
    assert checked(folder, text, environ).notes[-1].endswith(words)
    assert not any("not checked" in note for note in checked(folder, PAPER).notes)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HTTPS_PROXY", "socks5://a:1", "found a proxy of the kind socks5"),
        ("https_proxy", "http://:0", "found no URL of a proxy"),
        ("ALL_PROXY", "http://user:canary@[a", "found no URL of a proxy"),
        ("SSL_CERT_FILE", "absent.pem", "a file that cannot be read (the file does not exist)"),
        ("SSL_CERT_FILE", "grid.toml", "a file without certificates"),
        ("SSL_CERT_DIR", "absent", "no directory"),
    ],
)
def test_a_proxy_and_certificates_that_a_start_would_refuse(
    folder: Path, variable: str, value: str, words: str
) -> None:
    for text, keys in ((DRY, {}), (LIVE, KEYS), (PAPER + 'prices = "kraken"\n', {})):
        line = only_problem(checked(folder, text, keys | {variable: value}))
        assert line.startswith(variable) or f"{variable}: " in line
        assert words in line
        assert "canary" not in line
    assert checked(folder, PAPER, {variable: value}).problems == (), "nothing is asked for anywhere"


def test_proxies_and_certificates_matter_only_where_they_are_used(folder: Path) -> None:
    local = '[exchange]\nrest_url = "http://127.0.0.1:1"\nws_url = "ws://127.0.0.1:2"'
    wrong = {"HTTPS_PROXY": "socks5://a:1", "SSL_CERT_FILE": "absent.pem"}
    assert checked(folder, DRY.replace("[exchange]", local, 1), wrong).problems == ()
    assert checked(folder, DRY, {"HTTPS_PROXY": "socks5://a:1", "NO_PROXY": "*"}).problems == ()
    assert len(checked(folder, DRY, wrong).problems) == 2


@pytest.mark.parametrize("rows", ["2024-01-01T00:00:00Z,100\n", "no prices"])
def test_the_price_file_is_opened_once(folder: Path, monkeypatch: pytest.MonkeyPatch, rows: str) -> None:
    (folder / "a.csv").write_text(rows)
    look, looks = registry.first_price, []

    def counted(config: Config, source: str) -> Decimal | None:
        looks.append(source)
        return look(config, source)

    monkeypatch.setattr(registry, "first_price", counted)
    checked(folder, PAPER + 'prices = "a.csv"\n')
    assert len(looks) == 1
