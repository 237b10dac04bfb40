import pytest

from config import ConfigError
from console.arguments import EPILOG
from console.complaints import complain


def test_each_problem_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [ConfigError.at("c.toml", f"bot.{name}", "x", "y").problems[0] for name in ("name", "dry_run")]
    assert complain(ConfigError(problems), 2) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: c.toml, bot.name")
    assert second.startswith("error: c.toml, bot.dry_run")


def test_another_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert complain(ValueError("it is broken"), 6) == 6
    assert capsys.readouterr().err == "error: it is broken\n"


def test_each_line_of_an_error_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert complain(ValueError("it is broken\nat two places"), 6) == 6
    assert capsys.readouterr().err == "error: it is broken\nerror: at two places\n"


def test_the_end_of_the_help_fits_a_narrow_terminal() -> None:
    assert max(map(len, EPILOG.splitlines())) <= 80
    assert "exit codes: 0 stopped as asked" in EPILOG
