import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from config import ConfigError
from console import cli
from console.verbs import VERBS, verb_of
from tests.process.running import environment
from trading.ports import DatabaseUnusable

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


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_a_help_text(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        VERBS[verb](["--help"])
    assert ended.value.code == 0
    assert f"python -m supervisor {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError.at("c.toml", "bot.name", "x", "y"), 2, "c.toml, bot.name: found x; allowed: y"),
        (DatabaseUnusable("the backup is damaged."), 6, "the backup is damaged."),
        (
            PermissionError(13, "Permission denied", "/a/b"),
            2,
            "/a/b: Permission denied; check the path, and what this user may do there",
        ),
    ],
)
def test_trouble_is_a_sentence_and_a_code(
    error: Exception, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: list[str]) -> int:
        assert arguments == ["config.toml"]
        raise error

    module = ModuleType("console.backup_command")
    module.main = fail  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "console.backup_command", module)
    monkeypatch.setattr(sys, "argv", ["supervisor", "backup", "config.toml"])
    assert cli.main(None) == code  # type: ignore[arg-type]
    assert capsys.readouterr().err == f"error: {said}\n"


@pytest.mark.process
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_a_verb_at_once_and_what_it_has_begun_is_cleared_away(name: str, code: int) -> None:
    """Although the program's first line has put handlers in place that only count."""
    script = (
        "import os, signal, sys, types\n"
        "from supervision.signals import hold_signals\n"
        "hold_signals()\n"
        "from console.verbs import VERBS\n"
        "def main(arguments):\n"
        "    try:\n"
        f"        os.kill(os.getpid(), signal.{name})\n"
        "        signal.pause()\n"
        "    finally:\n"
        "        print('cleared', flush=True)\n"
        "sys.modules['console.backup_command'] = types.SimpleNamespace(main=main)\n"
        "sys.exit(VERBS['backup']([]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.stdout, ended.returncode) == ("cleared\n", code)
