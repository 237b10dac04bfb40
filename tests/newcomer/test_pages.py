"""Every command of every page, in an environment with nothing in it but what make has made."""

import re
from pathlib import Path

import pytest

from tests.newcomer.printed import Command, commands, pages
from tests.newcomer.stage import Failed, Stage, copy, lend_environment, tracked
from tests.newcomer.unattended import NOT_RUN, why_not_run
from tests.newcomer.walk import walk
from tests.process.running import ROOT

pytestmark = pytest.mark.process


def printed() -> list[Command]:
    """All commands of all pages."""
    names = pages(ROOT, tracked())
    return [command for page in names for command in commands(page, (ROOT / page).read_text(encoding="utf-8"))]


def pages_with_commands() -> list[str]:
    """Pages of which something is run."""
    return sorted({command.page for command in printed() if not why_not_run(command)})


def new_stage(folder: Path, *stamps: str) -> Stage:
    """A copy of the repository after these targets of make."""
    clone = copy(folder / "clone")
    lend_environment(clone, *stamps)
    return Stage(clone, folder / "home")


@pytest.mark.skipif(not tracked(), reason="not a checkout")
@pytest.mark.timeout(300)  # a page is many programs, one after the other
@pytest.mark.parametrize("page", pages_with_commands() or ["README.md"])
def test_every_command_works_as_it_is_printed(page: str, tmp_path: Path) -> None:
    done = list(walk(page, new_stage(tmp_path, "runtime", "development")))
    assert done == [command for command in printed() if command.page == page and not why_not_run(command)]


@pytest.mark.skipif(not tracked(), reason="not a checkout")
def test_what_is_not_run_is_named_with_a_reason_and_still_printed() -> None:
    entries = [entry for entry in NOT_RUN if (ROOT / entry.page).exists()]
    assert [entry for entry in entries if not entry.reason] == []
    stale = [entry for entry in entries if not any(command.text.startswith(entry.begins) for command in of(entry.page))]
    assert stale == []


def of(page: str) -> list[Command]:
    """The commands of one page."""
    return [command for command in printed() if command.page == page]


@pytest.mark.skipif(not tracked(), reason="not a checkout")
def test_of_the_readme_only_the_suite_does_not_run_itself() -> None:
    assert [command.text.split("#")[0].strip() for command in of("README.md") if why_not_run(command)] == ["make test"]
    assert len(of("README.md")) >= 6


def test_the_demo_runs_right_after_the_tests_too(tmp_path: Path) -> None:
    """The packages of the tests are those of the program, so that make finds nothing to download."""
    stage = new_stage(tmp_path, "development")
    stage.environment["PIP_NO_INDEX"] = "1"
    stage.run("make replay")
    assert (stage.clone / ".venv/runtime").exists()


def test_a_command_that_does_not_work_fails_with_its_words(tmp_path: Path) -> None:
    stage = bare_stage(tmp_path)
    with pytest.raises(Failed, match="exit code 3\nno such luck"):
        stage.run("echo no such luck; exit 3")
    with pytest.raises(Failed, match="Traceback"):
        stage.run("echo Traceback")
    with pytest.raises(Failed, match="ended with exit code 0"):
        stage.start("echo done", "ready")


def test_a_program_that_does_not_stop_in_order_fails(tmp_path: Path) -> None:
    stage = bare_stage(tmp_path)
    with pytest.raises(Failed, match="exit code 4 after SIGINT"), stage.cleared():
        stage.start("sh -c 'trap \"exit 4\" INT; echo ready; while :; do sleep 0.05; done'", "ready")


def test_after_a_failure_nothing_is_left_that_the_next_page_would_stop(tmp_path: Path) -> None:
    stage = bare_stage(tmp_path)
    with pytest.raises(Failed, match="ended with exit code 1"), stage.cleared():
        stage.start("sh -c 'echo up; sleep 60'", "up") and stage.start("false", "up")
    with stage.cleared():
        pass


def test_a_command_without_an_end_that_nobody_knows_of_fails(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"did not end within 0\.5 s"):
        bare_stage(tmp_path).run("sleep 60", patience=0.5)


def test_exports_reach_the_next_command_and_nothing_of_ours_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    stage = bare_stage(tmp_path)
    assert "PYTHONPATH" not in stage.run("env")
    stage.run("export GREETING='two words'")
    assert stage.run('echo "$GREETING"') == "two words\n"


def test_printed_ports_are_replaced_by_free_ones_everywhere_alike(tmp_path: Path) -> None:
    stage = bare_stage(tmp_path)
    assert stage.ported("port = 8080") == stage.ported("port = 8080") != "port = 8080"
    assert stage.ported("time 18080 8100.5") != "time 18080 8100.5"
    assert stage.ported("price 61250.8080") == "price 61250.8080"


def bare_stage(folder: Path) -> Stage:
    """Without anything of the repository."""
    clone = folder / "clone"
    clone.mkdir()
    return Stage(clone, folder / "home")


def test_the_readme_is_read_in_two_minutes() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Look it up")[0]
    prose = [line for line in text.splitlines() if not line.startswith("|")]
    assert len(" ".join(prose).split()) < 700
    assert "loses money" in text


@pytest.mark.skipif(not tracked(), reason="not a checkout")
def test_the_readme_names_the_python_that_make_has_made() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python -m" in text
    assert re.findall(r"(?<!\.venv/bin/)python3? -m", text) == []
