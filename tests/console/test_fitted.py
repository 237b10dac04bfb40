import io

import pytest

from console.fitted import fitted

SENTENCE = (
    "btc-hodl (GridHODL, BTC/USD): 5 buys of 100 USD from 98.04 % down to 90.57 % of the price; "
    "a round of buy and sell leaves 1.18 USD at a maker fee of 0.4 %"
)


class Shown(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [10, 40, 80, 132, 400])
def test_a_terminal_gets_lines_that_fit_and_every_word(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = fitted(SENTENCE, Shown()).split("\n")
    assert all(len(line) <= max(columns, 40) for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines) == SENTENCE


def test_what_is_no_terminal_gets_one_line() -> None:
    assert fitted(SENTENCE, io.StringIO()) == SENTENCE


def test_a_path_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    path = "/" + "a-long-name/" * 12
    assert path in fitted(f"error: {path} cannot be read", Shown())


def test_lines_that_are_there_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert fitted("one\n  two", Shown()) == "one\n  two"
