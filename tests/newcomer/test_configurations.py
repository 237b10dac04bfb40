"""A hundred configurations as newcomers write them: each gets the answer of a careful expert."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.newcomer.configurations import cases, disagreement
from tests.process.running import PATIENCE, environment

pytestmark = pytest.mark.process


def test_each_configuration_gets_the_answer_that_it_should(tmp_path: Path) -> None:
    """Nothing else is there, and nothing is left there: whether a database exists would change the answers."""
    given, folder, place = cases(), tmp_path / "configurations", tmp_path / "place"
    folder.mkdir()
    place.mkdir()
    for case in given:
        (folder / f"{case.name}.toml").write_bytes(case.content)
    (folder / "cases.json").write_text(json.dumps([(case.name, case.environment) for case in given]))
    command = [sys.executable, "-m", "tests.newcomer.check_all", str(folder)]
    subprocess.run(command, cwd=place, env=environment(), check=True, timeout=2 * PATIENCE)
    answers = json.loads((folder / "answers.json").read_text())
    wrong = {case.name: disagreement(case, *answers[case.name]) for case in given}
    assert {name: (what, answers[name][1]) for name, what in wrong.items() if what} == {}
    assert list(place.iterdir()) == []
