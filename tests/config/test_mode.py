"""The first line says whether real money is at stake, whatever else is wrong."""

import pytest

from config.mode import mode_of


@pytest.mark.parametrize(
    ("exchange", "bot", "line"),
    [
        ({"adapter": "kraken"}, {"dry_run": False}, "LIVE: real orders on Kraken, with real money"),
        ({"adapter": "kraken"}, {"dry_run": True}, "dry run: real prices of Kraken, simulated orders"),
        (
            {"adapter": "kraken", "rest_url": "http://127.0.0.1:1"},
            {"dry_run": False},
            "LIVE: real orders on Kraken at http://127.0.0.1:1, with real money",
        ),
        ({"adapter": "my-venue"}, {"dry_run": False}, "LIVE: real orders on my-venue, with real money"),
        ({"adapter": "paper"}, {}, "paper exchange: simulated orders, invented prices"),
        ({"adapter": "paper"}, {"dry_run": False}, "paper exchange: simulated orders, invented prices"),
        (
            {"adapter": "paper", "paper": {"prices": "a.csv"}},
            {},
            "paper exchange: simulated orders, prices of the file a.csv",
        ),
        (
            {"adapter": "paper", "paper": {"prices": "kraken"}},
            {},
            "paper exchange: simulated orders, live prices of Kraken",
        ),
    ],
)
def test_the_mode(exchange: dict[str, object], bot: dict[str, object], line: str) -> None:
    assert mode_of({"exchange": exchange, "bot": bot}) == line


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"exchange": 5},
        {"exchange": {"adapter": "kraken"}},
        {"exchange": {"adapter": "kraken"}, "bot": {"dry_run": "no"}},
        {"exchange": {}, "bot": {"dry_run": False}},
    ],
)
def test_what_cannot_be_told_is_not_called_a_dry_run(raw: dict[str, object]) -> None:
    assert mode_of(raw).startswith("neither LIVE nor dry run")


def test_credentials_in_an_address_are_not_shown() -> None:
    raw = {"exchange": {"adapter": "kraken", "rest_url": "https://u:canary@h"}, "bot": {"dry_run": False}}
    assert "canary" not in mode_of(raw)


@pytest.mark.parametrize(
    ("rest", "private", "begin"),
    [
        ("http://127.0.0.1:8100", "ws://127.0.0.1:8102/v2", "LIVE at 127.0.0.1:8100: real orders to whatever answers"),
        ("https://localhost", "wss://[::1]:9", "LIVE at localhost: real orders to whatever answers"),
        ("http://[::1]:8100", "ws://127.0.0.1:8102", "LIVE at [::1]:8100: real orders to whatever answers"),
        ("http://127.0.0.1:8100", "", "LIVE: real orders on Kraken at http://127.0.0.1:8100, with real money"),
        ("", "ws://127.0.0.1:8102", "LIVE: real orders on Kraken, with real money"),
        ("http://127.0.0.1:x", "ws://127.0.0.1:8102", "LIVE: real orders on Kraken at http://127.0.0.1:x, with"),
        ("https://grid.example", "wss://grid.example", "LIVE: real orders on Kraken at https://grid.example, with"),
    ],
)
def test_money_is_called_real_unless_every_order_stays_on_this_machine(rest: str, private: str, begin: str) -> None:
    exchange = {"adapter": "kraken", "rest_url": rest, "ws_auth_url": private}
    assert mode_of({"exchange": exchange, "bot": {"dry_run": False}}).startswith(begin)


@pytest.mark.parametrize(("dry", "word"), [(True, "dry run"), (False, "LIVE")])
def test_an_exchange_that_does_not_exist_has_no_prices(dry: bool, word: str) -> None:
    raw = {"exchange": {"adapter": "binance"}, "bot": {"dry_run": dry}}
    told = mode_of(raw, frozenset({"kraken", "paper"}))
    assert told == f"{word} of an exchange that this program does not know: nothing is traded"
    paper = {"adapter": "paper", "paper": {"prices": "krakn"}}
    assert mode_of({"exchange": paper}, frozenset({"kraken"})) == "paper exchange: simulated orders, no usable prices"
