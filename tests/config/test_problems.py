import pickle
from decimal import Decimal

import pytest

from config import ConfigError, Problem, did_you_mean
from config.problems import key_path, one_of, shown


def test_another_module_can_raise_one_problem() -> None:
    error = ConfigError.at("grid.toml", "strategy[0].base_currency", "XXX/USD", "a pair of this exchange")
    assert str(error) == ("grid.toml, [[strategy]] 1, base_currency: found XXX/USD; allowed: a pair of this exchange")


def test_a_problem_of_another_source_names_it() -> None:
    error = ConfigError([Problem("a.toml", "k", "1", "2"), Problem("environment", "V", "1", "2")])
    assert str(error) == "a.toml, k: found 1; allowed: 2\nenvironment, V: found 1; allowed: 2"


def test_an_error_survives_pickling() -> None:
    error = ConfigError.at("a", "b", "c", "d")
    assert pickle.loads(pickle.dumps(error)).problems == error.problems  # noqa: S301 - its own bytes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ("é", '"é"'),
        ("a\nb", '"a\\nb"'),
        ("\ud800", '"\\ud800"'),
        (True, "true"),
        (5, "5"),
        (Decimal("0.10"), "0.10"),
        (1 << 200, "an integer of 201 bits"),
        ({}, "a table"),
        ([], "an array"),
    ],
)
def test_values_are_shown_as_a_person_would_write_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_keys_with_odd_characters_are_quoted() -> None:
    assert key_path("a", "b") == "a.b"
    assert key_path("a", "BTC/USD") == 'a."BTC/USD"'
    assert key_path("", "") == '""'


def test_choices_read_like_a_sentence() -> None:
    assert [one_of(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "nothing",
        '"a"',
        '"a" or "b"',
        '"a", "b" or "c"',
    ]


def test_a_guess_ignores_case_and_blanks_and_gives_up_on_strangers() -> None:
    assert did_you_mean(" swing", ["SWING", "cDCA"]) == 'Did you mean "SWING"?'
    assert did_you_mean("zebra", ["SWING", "cDCA"]) == ""
    assert did_you_mean("SWING" * 1000, ["SWING"]) == ""
