"""API keys that are missing or cannot be whole."""

import base64

import pytest

from config import Config
from config.judged.api_keys import key_problems, key_warnings
from tests.config.judged.trials import DRY, LIVE
from tests.config.texts import read, refusal

PUBLIC = "P" * 56
SECRET = base64.b64encode(b"canary" * 10 + b"four").decode()


def keyed(public: str, secret: str, text: str = LIVE, more: str = "") -> Config:
    keys = f'api_public_key = "{public}"\napi_secret_key = "{secret}"\n{more}'
    return read(text.replace("[exchange]\n", f"[exchange]\n{keys}\n", 1))


def told(config: Config) -> list[str]:
    lines = [*map(str, key_problems(config, "grid.toml")), *map(str, key_warnings(config, "grid.toml"))]
    assert SECRET not in "".join(lines)
    return lines


def test_whole_keys_are_not_talked_about() -> None:
    assert told(keyed(PUBLIC, SECRET)) == []


def test_a_live_run_needs_keys() -> None:
    (line,) = told(read(LIVE))
    assert "found no API key, although dry_run is false" in line
    assert "INFINITY_GRID_API_PUBLIC_KEY and INFINITY_GRID_API_SECRET_KEY" in line
    assert told(read(DRY)) == []


@pytest.mark.parametrize(
    ("public", "secret", "words"),
    [
        (PUBLIC, "no-base64!", "a text that is not base64"),
        (PUBLIC, SECRET[:-3], "a text that is not base64"),
        (PUBLIC, PUBLIC, "the same text as api_public_key"),
    ],
)
def test_what_cannot_sign_is_refused(public: str, secret: str, words: str) -> None:
    (problem,) = key_problems(keyed(public, secret), "grid.toml")
    assert problem.key == "exchange.api_secret_key"
    assert problem.found == words


@pytest.mark.parametrize(
    ("public", "secret", "words"),
    [
        (PUBLIC[:50], SECRET, "found 50 characters"),
        (PUBLIC, SECRET[:40], "found 40 characters"),
        (SECRET, PUBLIC, "were the public key and the secret exchanged?"),
    ],
)
def test_what_does_not_look_whole_is_a_warning(public: str, secret: str, words: str) -> None:
    config = keyed(public, secret)
    assert list(key_problems(config, "grid.toml")) == []
    (line,) = told(config)
    assert words in line


def test_a_dry_run_only_hears_of_a_bad_secret() -> None:
    (line,) = told(keyed(PUBLIC, "no-base64!", DRY))
    assert "a dry run does not use it" in line


def test_at_an_address_of_ones_own_anything_may_be_a_key() -> None:
    assert told(keyed("local-kraken", "a2V5", more='rest_url = "http://127.0.0.1:1"')) == []


@pytest.mark.parametrize("quote", ["'", '\\"', "`"])
def test_quotes_of_an_environment_file_are_told(quote: str) -> None:
    text = LIVE.replace("[exchange]\n", f'[exchange]\napi_public_key = "p"\napi_secret_key = "{quote}s{quote}"\n', 1)
    (problem,) = refusal(text).problems
    assert problem.found == "quotes around it that are part of it: leave them out"
