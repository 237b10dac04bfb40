"""Edits apply, or say that they do not; a spoiled copy is mended."""

from pathlib import Path

import pytest

from tests.crash import wrong as crash
from tests.faults import wrong as faults
from tests.mutants.edits import ROOT, DoesNotApply, Edit, Wrong, edited, spoiled
from tests.simulation import wrong as simulation

LISTS = {"simulation": (simulation.ALL, 40), "faults": (faults.ALL, 10), "crash": (crash.ALL, 10)}
EVERYTHING = [(judge, wrong) for judge, (wrongs, _) in LISTS.items() for wrong in wrongs]


@pytest.mark.parametrize(
    "wrong", [wrong for _, wrong in EVERYTHING], ids=[f"{judge}: {wrong.name}" for judge, wrong in EVERYTHING]
)
def test_each_edit_applies_and_changes_something(wrong: Wrong) -> None:
    for path, text in edited(ROOT, wrong).items():
        assert text != path.read_text()
        compile(text, path, "exec")


@pytest.mark.parametrize("judge", LISTS)
def test_names_differ_and_there_are_enough(judge: str) -> None:
    wrongs, least = LISTS[judge]
    assert len({wrong.name for wrong in wrongs}) == len(wrongs) >= least


def test_an_edit_that_does_not_apply_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("one = 1\n")
    with pytest.raises(DoesNotApply, match=r"nothing: file.py has no 'two'"):
        edited(tmp_path, Wrong("nothing", (Edit("file.py", "two", "three"),)))


def test_a_spoiled_copy_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "file.py"
    file.write_text("one = 1\n")
    with spoiled(tmp_path, Wrong("other", (Edit("file.py", "1", "2"), Edit("file.py", "one", "two")))):
        assert file.read_text() == "two = 2\n"
    assert file.read_text() == "one = 1\n"
