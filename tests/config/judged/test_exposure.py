"""What surrounds the ladders: each kind is told, and its sound neighbour is not."""

from pathlib import Path

import pytest

from config.judged import exposure
from tests.config.judged.trials import DRY, LIVE, PAPER, keys, warned

METRICS = "[metrics]\nhost = {}\n"


def told(text: str) -> list[tuple[str, str]]:
    return [(warning.key, warning.meaning) for warning in warned(text)]


def after(text: str, table: str, line: str) -> str:
    assert table in text
    return text.replace(table, f"{table}\n{line}", 1)


TRIALS = [
    (LIVE + '[metrics]\nhost = "0.0.0.0"\n', "metrics.host", "without a password"),
    (LIVE + '[metrics]\nhost = "::"\n', "metrics.host", "every network"),
    (LIVE + '[metrics]\nhost = "192.168.1.5"\n', "metrics.host", "its network"),
    (LIVE + "[metrics]\nport = 80\n", "metrics.port", "need root"),
    (after(LIVE, "[exchange]", 'rest_url = "http://127.0.0.1:1"'), "exchange.rest_url", "two places at once"),
    (after(DRY, "[exchange]", 'ws_url = "ws://127.0.0.1:1"'), "exchange.ws_url", "rest_url is the exchange's own"),
    (
        LIVE + '[notifier.webhook]\nurl = "http://example.org/canary"\n',
        "notifier.webhook.url",
        "can be read on their way",
    ),
    (after(LIVE, "[bot]", 'log_level = "error"'), "bot.log_level", "no other channel"),
    (LIVE + '[persistence]\ndatabase = "/tmp/a.duckdb"\n', "persistence.database", "emptied at times"),
    (LIVE + '[persistence]\ndatabase = "/dev/shm/a.duckdb"\n', "persistence.database", "emptied at times"),
    (DRY + "maker_fee = 0.005\ntaker_fee = 0.002\n", "exchange.paper.maker_fee", "were the two exchanged?"),
    (PAPER + "maker_fee = 0\n", "exchange.paper.maker_fee", "will not come again"),
    (DRY + 'pairs."BTC/EUR".tick_size = 1\n', 'exchange.paper.pairs."BTC/EUR"', "no strategy trades this pair"),
    (after(LIVE, "[exchange]", "skip_permission_check = true"), "exchange.skip_permission_check", "may withdraw"),
    (LIVE + "fee = 0\n", "strategy[0].fee", "the account pays its own fee"),
    (after(DRY, "userref = 7", "fee = 0"), "strategy[0].fee", "the account pays its own fee"),
    (PAPER.replace("[bot]", "[bot]\ndry_run = false"), "bot.dry_run", "no real order is placed"),
    (DRY + "speed = 5\n", "exchange.paper.speed", "no effect"),
    (DRY + 'prices = "a.csv"\n', "exchange.paper.prices", "no effect"),
    (PAPER + 'prices = "kraken"\nseed = 5\n', "exchange.paper.seed", "no effect"),
    (after(PAPER, "[exchange]", 'rest_url = "https://a.test"'), "exchange.adapter", "no effect"),
    (LIVE + "[supervisor]\nprice_timeout_seconds = 5\n", "supervisor.price_timeout_seconds", "quiet market"),
]


@pytest.mark.parametrize(
    "database", ["a.duckdb", "sub/../a.duckdb", "~/a.duckdb", "{folder}/link.duckdb", "{folder}/in/a"]
)
def test_a_place_that_forgets_is_found_behind_relative_paths_homes_and_links(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgets, folder = tmp_path / "forgets", tmp_path / "keeps"
    forgets.mkdir()
    folder.mkdir()
    (folder / "link.duckdb").symlink_to(forgets / "a.duckdb")
    (folder / "in").symlink_to(forgets)
    monkeypatch.setattr(exposure, "TEMPORARY", (str(forgets),))
    monkeypatch.setenv("HOME", str(forgets))
    monkeypatch.chdir(forgets)
    text = LIVE + f'[persistence]\ndatabase = "{database.format(folder=folder)}"\n'
    ((key, _),) = told(text)
    assert key == "persistence.database"
    assert told(LIVE + f'[persistence]\ndatabase = "{folder}/a.duckdb"\n') == []
    assert told(DRY + '[persistence]\ndatabase = "a.duckdb"\n') == [], "a trial in a temporary directory is ordinary"


@pytest.mark.parametrize(("text", "key", "words"), TRIALS)
def test_it_is_told_with_its_key(text: str, key: str, words: str) -> None:
    ((found, meaning),) = told(text)
    assert found == key
    assert words in meaning


@pytest.mark.parametrize(
    "text",
    [
        LIVE + '[metrics]\nhost = "::1"\nport = 0\n',
        LIVE + '[metrics]\nhost = "0.0.0.0"\nenabled = false\n',
        after(
            LIVE,
            "[exchange]",
            'rest_url = "http://127.0.0.1:1"\nws_url = "ws://127.0.0.1:2"\nws_auth_url = "ws://127.0.0.1:3"',
        ),
        after(DRY, "[exchange]", 'rest_url = "http://127.0.0.1:1"\nws_url = "ws://127.0.0.1:2"'),
        LIVE + '[notifier.webhook]\nurl = "http://127.0.0.1:1/x"\n',
        LIVE + '[persistence]\ndatabase = "tmp/a.duckdb"\n',
        after(DRY, "[exchange]", "skip_permission_check = true"),
        PAPER + "speed = 5\nseed = 2\nstart_price = 7\n",
        PAPER + 'prices = "kraken"\n',
        DRY + "fill_rule = 'through'\n",
        LIVE + "skip_price_timeout = true\n[supervisor]\nprice_timeout_seconds = 5\n",
        after(LIVE, "[bot]", 'log_level = "error"') + '[notifier.webhook]\nurl = "https://example.org"\n',
    ],
)
def test_its_sound_neighbour_is_not(text: str) -> None:
    assert told(text) == []


def test_an_address_that_may_be_a_secret_is_not_shown() -> None:
    (warning,) = warned(LIVE + '[notifier.webhook]\nurl = "http://example.org/canary"\n')
    assert "canary" not in str(warning)


@pytest.mark.parametrize(("seconds", "told"), [("0.5", True), ("1", False), ("90", False), ("8000", True)])
def test_a_stop_in_another_unit(seconds: str, told: bool) -> None:
    text = LIVE + f"[supervisor]\nshutdown_seconds = {seconds}\n"
    assert ("supervisor.shutdown_seconds" in keys(text)) == told
