import json
import subprocess
import sys
from pathlib import Path

import pytest

from console.verbs import VERBS, verb_of

ROOT = Path(__file__).parents[2]


def supervisor(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "supervisor.py"), *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "verb"),
    [
        (["schema"], "schema"),
        (["schema", "--help"], "schema"),
        (["./schema"], None),
        (["config.toml", "schema"], None),
        (["--check", "schema"], None),
        ([], None),
    ],
)
def test_only_a_first_argument_is_a_verb(arguments: list[str], verb: str | None) -> None:
    assert verb_of(arguments) is (VERBS[verb] if verb else None)


@pytest.mark.process
def test_schema_prints_a_schema_and_nothing_else() -> None:
    ended = supervisor("schema")
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["title"] == "Configuration of infinity-grid on trio"
    assert ended.stderr == ""


@pytest.mark.process
def test_a_verb_has_usage_errors_of_its_own() -> None:
    ended = supervisor("schema", "config.toml")
    assert ended.returncode == 2
    assert "python -m supervisor schema: error: unrecognized arguments: config.toml" in ended.stderr


@pytest.mark.process
def test_a_file_of_a_verbs_name_is_written_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "schema").write_text("[bot\n")
    ended = supervisor("./schema", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: schema: found line 1, column 5")
