"""Currencies in a spelling that is never listed, and names that nobody knows."""

import pytest

from config.judged.currencies import spelling_problems, unknown_names
from tests.config.judged.trials import LIVE, changed

COMMON = {"XBT": "BTC", "XXBT": "BTC", "ZEUR": "EUR"}


def common(name: str) -> str:
    return COMMON.get(name, name)


@pytest.mark.parametrize(
    ("old", "new", "listed"),
    [
        ('"ETH"', '"XBT"', '"BTC"'),
        ('"ETH"', '"XXBT"', '"BTC"'),
        ('"ETH"', '"xbt"', '"BTC"'),
        ('"ETH"', '"eth"', '"ETH"'),
        ('"EUR"', '"ZEUR"', '"EUR"'),
        ('"EUR"', '"eur"', '"EUR"'),
        ('"ETH"', '"Bitcoin"', '"BTC"'),
        ('"ETH"', '"ethereum"', '"ETH"'),
        ('"EUR"', '"Dollar"', '"USD"'),
    ],
)
def test_another_spelling_is_refused_with_the_right_one(old: str, new: str, listed: str) -> None:
    (problem,) = spelling_problems(changed(LIVE, (old, new)), common, "grid.toml")
    assert (problem.found, problem.allowed) == (new, f"{listed}, as the exchange lists it")


@pytest.mark.parametrize("name", ["AAPLx", "ETH2.S", "1INCH", "Brk.b"])
def test_mixed_letters_stay_as_they_are(name: str) -> None:
    assert list(spelling_problems(changed(LIVE, ('"ETH"', f'"{name}"')), common, "grid.toml")) == []


@pytest.mark.parametrize("name", ["FOO", "ETHH", "BTCC", "Eth"])
def test_a_name_that_nobody_knows(name: str) -> None:
    (warning,) = unknown_names(changed(LIVE, ('"ETH"', f'"{name}"')), "grid.toml")
    assert warning.key == "strategy[0].base_currency"
    assert "Did you mean" not in str(warning)


@pytest.mark.parametrize("name", ["BTC", "PEPE", "SOL", "AAPLx", "GBP"])
def test_names_that_are_known(name: str) -> None:
    assert list(unknown_names(changed(LIVE, ('"ETH"', f'"{name}"')), "grid.toml")) == []
