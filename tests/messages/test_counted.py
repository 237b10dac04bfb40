"""Sentences count in grammatical English."""

import ast
import re

import pytest

from messages.counted import counted
from tests.test_layout import SOURCES, tree_of

NOUNS = (
    "answers|attempts|buys|bytes|candles|closures|columns|configurations|connections|decimals|events|files|fills|"
    "holes|keys|levels|lines|messages|notices|orders|pairs|problems|requests|retries|rows|sells|strategies|"
    "subjects|times|trades"
)
BARE = re.compile(rf"(?: (?:closed|due|different|filled|log|more|new|older|open|own|waiting|wrong))* (?:{NOUNS})\b")
BY_PERCENT = re.compile(rf"%d(?: (?:closed|filled|log|more|new|open|waiting))* (?:{NOUNS})\b")


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (0, "order", "0 orders"),
        (1, "order", "1 order"),
        (2, "open order", "2 open orders"),
        (1, "strategy", "1 strategy"),
        (3, "strategy", "3 strategies"),
        (2, "day", "2 days"),
        (2, "address", "2 addresses"),
        (1234, "row", "1,234 rows"),
    ],
)
def test_the_noun_agrees_with_its_number(number: int, noun: str, words: str) -> None:
    assert counted(number, noun) == words


def _text(part: ast.expr) -> object:
    """What stands there; None for a number that may be 1, which a constant of the program is not."""
    if isinstance(part, ast.FormattedValue):
        return part.value.id if isinstance(part.value, ast.Name) and part.value.id.isupper() else None
    return part.value if isinstance(part, ast.Constant) else None


def uninflected(tree: ast.Module) -> list[str]:
    """Texts in which a plural follows a number that may be 1; "1 of 5 orders" is a plural whatever comes before."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [_text(part) for part in node.values]
            for before, number, after in zip([None, *parts], parts, parts[1:], strict=False):
                is_plural = isinstance(before, str) and before.endswith((" of ", " the "))
                if number is None and isinstance(after, str) and BARE.match(after) and not is_plural:
                    found.append(ast.unparse(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and BY_PERCENT.search(node.value):
            found.append(node.value)
    return found


def test_no_text_of_the_program_counts_without_looking_at_the_number() -> None:
    programs = [path for path in SOURCES if not path.is_relative_to("simulators/kraken")]
    assert {str(path): found for path in programs if (found := uninflected(tree_of(path)))} == {}


def test_texts_that_count_are_recognised() -> None:
    wrong = ast.parse("""f"{n} orders wait"; f"now {len(x):,} more rows: {y}"; log("%d requests for %s wait")""")
    right = ast.parse("""f"{n} of {m} orders wait"; f"{side} order"; f"{n} in order"; log("%s requests it")""")
    assert len(uninflected(wrong)) == 3
    assert uninflected(right) == []
