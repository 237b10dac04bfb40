"""Secrets that others may read, or that are ignored, are told; none is shown."""

from pathlib import Path

import pytest

from config import examine
from config.secret_care import read_by_others
from tests.config.texts import KNOWN, VALID

SECRET = "canary-4711"


def warnings(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    told = [str(warning) for warning in examine(path, environ or {}, KNOWN).warnings]
    assert SECRET not in "".join(told)
    return told


def grid(folder: Path, *keys: str, mode: int = 0o644) -> Path:
    path = folder / "grid.toml"
    path.write_text(VALID.replace('adapter = "kraken"', "\n".join(['adapter = "kraken"', *keys])))
    path.chmod(mode)
    return path


def test_a_secret_in_a_file_that_others_may_read(tmp_path: Path) -> None:
    keys = (f'api_public_key = "{SECRET}"', f'api_secret_key = "{SECRET}"')
    told = warnings(grid(tmp_path, *keys))
    assert [line.partition(": found")[0] for line in told] == [
        f"{tmp_path}/grid.toml, exchange.api_public_key",
        f"{tmp_path}/grid.toml, exchange.api_secret_key",
    ]
    assert "chmod 600" in told[0]
    assert warnings(grid(tmp_path, *keys, mode=0o600)) == []


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_secrets_own_file_that_others_may_read(tmp_path: Path, by_variable: bool) -> None:
    key = tmp_path / "key"
    key.write_text(SECRET)
    key.chmod(0o644)
    environ = {"INFINITY_GRID_API_SECRET_KEY_FILE": str(key)} if by_variable else {}
    path = grid(tmp_path, *([] if by_variable else ['api_secret_key_file = "key"']))
    (line,) = warnings(path, environ)
    assert "a file that other users may read" in line
    key.chmod(0o600)
    assert warnings(path, environ) == []


def test_a_secret_that_the_environment_replaces(tmp_path: Path) -> None:
    path = grid(tmp_path, f'api_public_key = "{SECRET}"', mode=0o600)
    (line,) = warnings(path, {"INFINITY_GRID_API_PUBLIC_KEY": "other"})
    assert "the environment's is used, this one is not" in line


def test_a_file_without_secrets_may_be_read_by_all(tmp_path: Path) -> None:
    assert warnings(grid(tmp_path)) == []


def test_what_is_not_there_is_told_by_others() -> None:
    assert not read_by_others(Path("/no/such/file"))
    assert not read_by_others(Path("/dev/null"))
    assert not read_by_others(Path("/run/secrets/key"))
