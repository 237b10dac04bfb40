"""A text that is no TOML is answered with its line and with what to write."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.problems import Problem
from config.toml_errors import toml_problem
from tests.config.texts import VALID, refusal


def told(text: str) -> Problem:
    (problem,) = refusal(text).problems
    return problem


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("interval = 0,02   # two percent", "Decimals are written with a point"),
        ("max_investment = 1,000.50", "Decimals are written with a point"),
        ("max_investment = 1'000", "Thousands are written without a mark"),
        ("interval = 2%", "0.02 is 2 %"),
        ("interval = 2 %", "0.02 is 2 %"),
        ("interval = .02", "A number begins with a digit"),
        ("amount_per_grid = 5.", "A digit stands behind the point"),
        ("userref = 007", "needless 0"),
        ("amount_per_grid = 100 USD", "without a unit"),
        ("amount_per_grid = $100", "without a unit"),
        ("amount_per_grid = 100€", "without a unit"),
        ("interval = 0.02,", "no comma"),
        ("interval = 0.02;", "no comma"),
        ('kind = "SWING",', "no comma"),
        ("kind = SWING", 'A text stands in quotes: kind = "SWING"'),
        ("database = /data/grid.duckdb", 'database = "/data/grid.duckdb"'),
        ("dry_run = True", "true or false, in small letters"),
        ("dry_run = yes", "true or false, in small letters"),
        ("fee = None", "Leave the whole line out"),
        ("fee = null", "Leave the whole line out"),
        ("fee =", "Nothing stands behind fee ="),
        ("name = “grid”", "Quotes are plain ones"),
        ('name = "grid', "The closing quote is missing"),
        (r'database = "C:\Users\grid.duckdb"', "single quotes"),
        ("balances = { USD = 1 BTC = 2 }", "is not closed, or a comma is missing"),
        ("[bot", "as many brackets behind as before"),
        ("[[strategy]", "as many brackets behind as before"),
        ("// a comment", "A comment begins with #"),
        ("; a comment", "A comment begins with #"),
        ("interval 0.02", "key = value"),
        ("interval: 0.02", "key = value"),
    ],
)
def test_a_line_is_shown_with_its_place_and_what_to_write(line: str, hint: str) -> None:
    problem = told(f"[x]\n# a comment\n{line}\nz = 1\n")
    assert problem.found.startswith("line 3, column ")
    assert hint in problem.hint
    assert problem.source == "grid.toml"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[bot]\nname = 1\nlog_level = 2\nname = 3\n", "name stands twice in this table, first in line 2"),
        ("[bot]\nname = 1\n[x]\n[bot]\n", "[bot] stands twice, first in line 1"),
        ("[strategy]\nname = 1\n[[strategy]]\n", "[[strategy]] stands already as something else"),
    ],
)
def test_what_stands_twice_is_told_with_the_first_place(text: str, hint: str) -> None:
    assert told(text).hint == hint


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"bot": {"name": "x"}}', "JSON"),
        ("bot:\n  name: x\n", "YAML"),
        ("# settings\n- name: x\n", "YAML"),
        ("<config></config>", "XML or HTML"),
    ],
)
def test_another_language_is_named(text: str, name: str) -> None:
    assert told(text).found.startswith(name)


@pytest.mark.parametrize(
    "line",
    [
        "api_secret_key = c4n4ry==",
        'api_secret_key = "c4n4ry',
        "token = 123:c4n4ry",
        "url = https://example.org/c4n4ry",
        'headers = { Authorization = "Bearer c4n4ry }',
        "c4n4ryABC==",
        "c4n4ry",
        '["c4n4ry"',
        "API_KEY = c4n4ry",
        "password c4n4ry",
    ],
)
def test_a_line_that_may_hold_a_secret_is_not_shown(line: str) -> None:
    assert "c4n4ry" not in str(refusal(f"[exchange]\n{line}\n"))


@given(st.sampled_from(VALID.splitlines()), st.text(max_size=8), st.integers(0, 80))
def test_whatever_is_wrong_is_one_printable_line(line: str, junk: str, at: int) -> None:
    text = VALID.replace(line, line[:at] + junk + line[at:], 1)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = str(toml_problem(text, "grid.toml", error))
    else:
        return
    assert line.isprintable()


@pytest.mark.parametrize("row", ["balances = { USD: 10000 }", 'balances = {"USD": 10000}'])
def test_a_colon_within_an_inline_table_is_told(row: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as raised:
        tomllib.loads(row)
    assert toml_problem(row, "grid.toml", raised.value).hint.startswith("Inside { } too a key stands before =")
