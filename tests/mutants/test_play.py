"""What a judge's end means, several at a time, and nothing that outlives its time."""

import time
from pathlib import Path

import pytest

from tests.mutants import play as playing
from tests.mutants.edits import Edit, Wrong
from tests.mutants.play import Fate, parser, play, play_all, report, why

LATE = Wrong("late", (Edit("messages/ids.py", "import hashlib", "import hashlib  # late"),), within=1)
FINDS = "import sys; print('3 seeds, 1 failed; x'); print('Plan(seed=3): due for'); sys.exit(1)"
FINDS_NOTHING = "print('12 seeds, 0 failed')"


@pytest.fixture
def judges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Modules that stand for judges."""
    (tmp_path / "finds.py").write_text(FINDS)
    (tmp_path / "finds_nothing.py").write_text(FINDS_NOTHING)
    (tmp_path / "sleeps.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages/ids.py").write_text("import hashlib\n")
    return tmp_path


def test_a_fate(judges: Path) -> None:
    found = play(judges, LATE, ["finds"])
    assert (found.found, found.seeds, found.by) == (True, 3, "due for")
    survives = play(judges, LATE, ["finds_nothing"])
    assert (survives.found, survives.seeds) == (False, 12)


def test_a_judge_without_end_is_ended(judges: Path) -> None:
    begin = time.monotonic()
    fate = play(judges, LATE, ["sleeps"], 0.5)
    assert not fate.found
    assert fate.by == "not judged within 0 s"
    assert time.monotonic() - begin < 20


def test_several_at_a_time_each_in_its_copy(judges: Path) -> None:
    wrongs = [Wrong(f"number {number}", LATE.edits) for number in range(3)]
    fates = list(play_all(wrongs, lambda wrong: ["finds"], 2))
    assert sorted(fate.name for fate in fates) == ["number 0", "number 1", "number 2"]
    assert all(fate.found for fate in fates)


def test_the_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fates = [Fate("late", True, 3, 1.0, "due for"), Fate("alive", False, 12, 1.0, "")]
    monkeypatch.setattr(playing, "play_all", lambda *_: iter(fates))
    options = parser("x", "").parse_args([])
    assert report([LATE, Wrong("alive", ())], lambda wrong: [], options) == 1
    told = capsys.readouterr().out
    assert "survive: ['alive']; later than written down: ['late']" in told
    assert "SURVIVES" in told


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("Plan(seed=1, clear=True): Violation('x')\n", "Violation('x')"),
        ("WRONG SWING    a case\n   AssertionError: y\n", "WRONG SWING    a case AssertionError: y"),
        ("GridSell: 1 of 2\rGridSell p: drift: z\n", "GridSell p: drift: z"),
        ("a\nOSError: b\n", "OSError: b"),
        ("", ""),
    ],
)
def test_which_line_says_it(told: str, words: str) -> None:
    assert why(told) == words
