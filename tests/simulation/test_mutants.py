"""Wrong programs are found: all edits still apply, and a few are played. All of them: `tests.simulation.mutants`."""

from pathlib import Path

import pytest

from tests.simulation.mutants import ROOT, DoesNotApply, copied, edited, play
from tests.simulation.wrong import ALL, Edit, Wrong

SAMPLE = (
    ("counter-sells at 1.5 times their price", "due for"),
    ("no counter-sell is placed, all wait for funds", "is free for it"),
    ("max_investment forgets the sells", "investment"),
)


@pytest.mark.parametrize("wrong", ALL, ids=lambda wrong: wrong.name)
def test_each_edit_applies_and_changes_something(wrong: Wrong) -> None:
    for path, text in edited(ROOT, wrong).items():
        assert text != path.read_text()
        compile(text, path, "exec")


def test_names_differ() -> None:
    assert len({wrong.name for wrong in ALL}) == len(ALL) >= 40


def test_an_edit_that_does_not_apply_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("one = 1\n")
    with pytest.raises(DoesNotApply, match=r"nothing: file.py has no 'two'"):
        edited(tmp_path, Wrong("nothing", (Edit("file.py", "two", "three"),)))


def test_a_sample_is_found() -> None:
    with copied() as root:
        for name, words in SAMPLE:
            (wrong,) = (one for one in ALL if one.name == name)
            fate = play(root, wrong, range(1, 4))
            assert fate.found, fate
            assert words in fate.why, fate
