"""The hour's own judgement: what counts as the answer that a configuration should get, and what a part reports."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.newcomer import __main__ as command
from tests.newcomer.configurations import DOUBT, FINE, NO, Case, cases, disagreement, set_key
from tests.newcomer.hour import Hour, Skipped
from tests.newcomer.parts import PARTS
from tests.newcomer.stage import Failed, tracked


def case(answer: object = NO, words: str = "interval") -> Case:
    """A case that expects this."""
    return Case("x", {"NO": NO, "DOUBT": DOUBT, "FINE": FINE}[getattr(answer, "name", "NO")], words, b"", {})


@pytest.mark.parametrize(
    ("expected", "code", "said", "wrong"),
    [
        (case(NO), 2, "error: x.toml, INTERVAL: found 2", ""),
        (case(NO), 2, "error: x.toml, fee: found 2", "nothing like"),
        (case(NO), 0, "x.toml: valid", "exit code 0"),
        (case(NO), 2, "Traceback\ninterval", "a traceback"),
        (case(DOUBT), 0, "warning: interval is wide\nvalid", ""),
        (case(DOUBT), 0, "interval: valid", "nothing like"),
        (case(DOUBT), 2, "error: interval", "exit code 2"),
        (case(FINE), 0, "valid", ""),
        (case(FINE), 0, "warning: interval is wide", "doubts"),
    ],
)
def test_an_answer_is_right_or_told_what_is_wrong_with_it(expected: Case, code: int, said: str, wrong: str) -> None:
    found = disagreement(expected, code, said)
    assert found.startswith(wrong)
    assert bool(found) == bool(wrong)


def test_a_key_is_set_where_it_stands_also_in_a_comment() -> None:
    text = '[bot]\nname = "a"   # the name\n# fee = 0.1\n'
    assert set_key(text, "name", '"b"') == '[bot]\nname = "b"\n# fee = 0.1\n'
    assert set_key(text, "fee", "0.2").endswith("\nfee = 0.2\n")
    assert set_key(text, "name", None) == "[bot]\n# fee = 0.1\n"
    with pytest.raises(ValueError, match="no line of speed"):
        set_key(text, "speed", "1")


def test_the_configurations_are_many_and_all_of_them_differ() -> None:
    given = cases()
    assert len(given) > 95
    assert len({(one.content, *sorted(one.environment.items())) for one in given}) == len(given)
    assert len({one.name for one in given}) == len(given)


def fine(_: Hour) -> str:
    """All is well."""
    return "3 of 3"


def bad(_: Hour) -> str:
    """Something is not."""
    raise Failed("exit code 4")


def elsewhere(_: Hour) -> str:
    """Not on this machine."""
    raise Skipped("needs root")


@pytest.mark.parametrize(("parts", "code"), [(["fine", "elsewhere"], 0), (["fine", "bad"], 1)])
def test_each_part_is_told_and_a_failed_one_is_the_exit_code(
    parts: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PARTS", {"fine": fine, "bad": bad, "elsewhere": elsewhere})
    monkeypatch.setattr(command, "Hour", Path)
    monkeypatch.setattr(command, "version", lambda: "abc")
    monkeypatch.setattr(sys, "argv", ["newcomer", *parts])
    assert command.main() == code
    told = capsys.readouterr().out
    assert "3 of 3" in told
    assert ("needs root" in told) == ("elsewhere" in parts)
    assert ("failed: bad" in told) == ("bad" in parts)


def test_a_part_that_is_none_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["newcomer", "lunch"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2


def test_a_machine_without_what_the_image_needs_skips_it_with_the_reason(tmp_path: Path) -> None:
    hour = SimpleNamespace(clone=tmp_path)
    with pytest.raises(Skipped, match="no image yet"):
        PARTS["image"](cast("Hour", hour))
    proof = tmp_path / "tests/image/__main__.py"
    proof.parent.mkdir(parents=True)
    for code, line, raised in ((2, "error: needs root", Skipped), (1, "no: it grew", Failed)):
        proof.write_text(f"print('trying')\nprint({line!r})\nraise SystemExit({code})\n")
        with pytest.raises(raised, match=line.partition(": ")[2]):
            PARTS["image"](cast("Hour", hour))
    proof.write_text("print('97 MB')\n")
    assert PARTS["image"](cast("Hour", hour)) == "97 MB"


@pytest.mark.skipif(not tracked(), reason="not a checkout")
def test_a_clean_clone_knows_nothing_of_what_was_exported_or_written(tmp_path: Path) -> None:
    hour = Hour(tmp_path)
    hour.stage.run("export INFINITY_GRID_API_PUBLIC_KEY=left; echo x > left.toml; echo >> README.md")
    hour.clean()
    assert "INFINITY_GRID" not in hour.stage.run("env; ls; git status --short")
    assert "left" not in hour.stage.run("ls; git status --short")


def test_each_part_says_what_it_is() -> None:
    assert [name for name, part in PARTS.items() if not part.__doc__] == []
