import inspect
from decimal import Decimal

import pytest
from msgspec import Struct

from config.key_texts import KeyText, explained, key_text


class Table(Struct):
    """A table."""

    first: int
    """What it is, in
    seconds.

    Example: `5`.
    """
    second: int = 2
    third: str = "x"
    """With `code` in it."""


def test_the_docstrings_below_fields_are_the_explanations() -> None:
    assert explained(Table) == {"first": KeyText("What it is, in seconds.", 5), "third": KeyText("With `code` in it.")}


@pytest.mark.parametrize(
    ("written", "value"),
    [("0.02", Decimal("0.02")), ('"a b"', "a b"), ("{ USD = 1 }", {"USD": 1}), ("true", True), ("-7", -7)],
)
def test_an_example_is_a_toml_value(written: str, value: object) -> None:
    assert key_text(f"A key. Example: `{written}`.") == KeyText("A key.", value)


def test_an_example_that_is_none_is_a_mistake_of_the_source() -> None:
    with pytest.raises(ValueError, match="Invalid value"):
        key_text("A key. Example: `no such value`.")


def test_without_its_source_a_table_has_no_explanations(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(kind: object) -> str:
        raise OSError

    monkeypatch.setattr(inspect, "getsource", absent)
    assert explained(Table) == {}
