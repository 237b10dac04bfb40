"""The pages tell of each exit code that there is, and of no other one."""

import re
from pathlib import Path

import pytest

from adapters.journal import file_problems
from assembly import exit_codes
from supervision.signals import KILLED, NUMBERS

ROOT = Path(__file__).resolve().parents[2]
AFTER = ROOT / "docs" / "after-exit.md"

OURS = {number for name, number in vars(exit_codes).items() if name.startswith("EXIT_")}
BY_SIGNAL = {KILLED + number for number in NUMBERS}
BY_OTHERS = {137}
"""SIGKILL: a page may explain it, although no program returns it."""


def rows(page: Path) -> list[list[str]]:
    """The rows of all tables whose first column is headed "exit code"."""
    found, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if inside and cells and not set(cells[0]) <= set("- "):
            found.append(cells)
        inside = bool(cells) and (inside or cells[0] == "exit code")
    return found


def codes(page: Path) -> list[int]:
    """All that its tables have, each as often as it stands there."""
    return [int(code) for row in rows(page) for code in re.findall(r"\d+", row[0])]


PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if rows(page)]


def test_each_code_has_a_meaning_in_the_help() -> None:
    told = exit_codes.explained()
    assert len(OURS) > 4
    assert {int(code) for code in re.findall(r"(?:^|, )(\d+) ", told)} == OURS


def test_the_tables_are_found() -> None:
    assert {ROOT / "README.md", AFTER} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_explains_no_code_twice_and_none_that_there_is_not(page: Path) -> None:
    """A page about one command has those of this command."""
    told = codes(page)
    assert len(told) == len(set(told))
    assert set(told) <= OURS | BY_SIGNAL | BY_OTHERS


@pytest.mark.parametrize("page", [ROOT / "README.md", AFTER], ids=lambda page: page.name)
def test_a_page_about_the_program_explains_each_code(page: Path) -> None:
    assert set(codes(page)) - BY_OTHERS == OURS | BY_SIGNAL


def test_each_row_says_what_becomes_of_orders_what_to_do_and_whether_to_restart() -> None:
    for code, *cells in rows(AFTER):
        assert len(cells) == 4, code
        assert all(cells), code
        assert cells[-1].startswith(("yes", "no")), code


def test_what_is_restarted_under_systemd_is_what_the_page_says() -> None:
    unit = ROOT / "deploy" / "infinity-grid.service"
    prevented = re.findall(r"^RestartPreventExitStatus=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    never = {int(code) for row in rows(AFTER) if row[-1].startswith("no") for code in re.findall(r"\d+", row[0])}
    assert {int(code) for code in prevented[0].split()} == never - {0}


FINDINGS = (
    *(found for _, found, _ in file_problems._PROBLEMS if "already open in this process" not in found),
    "is in use by",
    "has schema version",
    "belongs to another program",
    "is missing, but its write-ahead log",
)


@pytest.mark.parametrize("found", FINDINGS)
def test_what_is_said_of_a_database_is_explained(found: str) -> None:
    """By its most telling words: a sentence that is reworded has to be reworded on the page, too."""
    text = " ".join(AFTER.read_text(encoding="utf-8").split())
    words = found.split()
    assert any(" ".join(words[start : start + 4]) in text for start in range(max(1, len(words) - 3)))
