"""Every path of the configuration follows the same rules."""

from pathlib import Path

import pytest

from config import ConfigError, load
from config.paths import expanded, no_database, what_is_wrong
from tests.config.texts import KNOWN, VALID


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_tilde_is_the_home_directory(home: Path) -> None:
    assert expanded("~/grid.duckdb") == home / "grid.duckdb"
    assert expanded("~") == home
    assert expanded("~root/x").is_absolute()
    assert expanded("a/~/b") == Path("a/~/b")
    assert expanded("relative.duckdb") == Path("relative.duckdb")


@pytest.mark.parametrize("path", ["$HOME/x", "${HOME}/x", "/var/$USER.log", "%USERPROFILE%/x", r"%APPDATA%\x"])
def test_a_variable_is_named_as_such(path: str) -> None:
    found, allowed = what_is_wrong(path) or ("", "")
    assert found == "a path with a variable in it"
    assert "not expanded" in allowed


@pytest.mark.parametrize("path", ["", "a.csv", "~/a", "100%/a", "cost$", "$5/a", r"C:\grids\a.csv", "a b/ü.log"])
def test_ordinary_paths_are_fine(path: str) -> None:
    assert what_is_wrong(path) is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (":memory:", "no file of this machine"),
        (":memory:grid", "no file of this machine"),
        ("md:grid", "no file of this machine"),
        ("s3://bucket/grid.duckdb", "no file of this machine"),
        ("postgres:dbname=x", "no file of this machine"),
        ("2026:grid.duckdb", "no file of this machine"),
        (".", "a directory"),
        ("..", "a directory"),
        ("/", "a directory"),
        ("data/", "a directory"),
        ("data/.", "a directory"),
        ("data/..", "a directory"),
        ("/proc/self/x", "the kernel"),
        ("/sys/x.duckdb", "the kernel"),
    ],
)
def test_a_journal_is_a_file_that_keeps_what_is_written(path: str, words: str, home: Path) -> None:
    found, allowed = no_database(path) or ("", "")
    assert words in found
    assert "a file that keeps what happens" in allowed
    with pytest.raises(ConfigError, match=r"persistence\.database"):
        load(written(home, database=path), {}, KNOWN)


@pytest.mark.parametrize(
    "path", ["grid", "a/grid.duckdb", "../grid.duckdb", r"C:\\grids\\a.duckdb", "/process/x", ".grid"]
)
def test_other_names_of_a_journal_are_fine(path: str) -> None:
    assert no_database(path) is None


def test_a_user_who_does_not_exist(home: Path) -> None:
    found, _ = what_is_wrong("~no-such-user/x") or ("", "")
    assert found == "a path in the home directory of a user who does not exist"
    assert expanded("~no-such-user/x") == Path("~no-such-user/x")


def written(folder: Path, **paths: str) -> Path:
    text = VALID.replace("[bot]\n", f'[bot]\nlog_file = "{paths["log_file"]}"\n' if "log_file" in paths else "[bot]\n")
    if "prices" in paths:
        text = text.replace("[exchange.paper]\n", f'[exchange.paper]\nprices = "{paths["prices"]}"\n')
    if "database" in paths:
        text += f'\n[persistence]\ndatabase = "{paths["database"]}"\n'
    path = folder / "grid.toml"
    path.write_text(text)
    return path


def test_all_keys_expand_it(home: Path) -> None:
    path = written(home, log_file="~/a.log", prices="~/p.csv", database="~/g.duckdb")
    config = load(path, {}, KNOWN)
    assert config.bot.log_path == home / "a.log"
    assert config.exchange.paper.price_file == home / "p.csv"
    assert config.persistence.database == str(home / "g.duckdb")


@pytest.mark.parametrize(
    ("key", "name"),
    [("log_file", "bot.log_file"), ("prices", "exchange.paper.prices"), ("database", "persistence.database")],
)
def test_all_keys_refuse_variables(tmp_path: Path, key: str, name: str) -> None:
    with pytest.raises(ConfigError, match="variables are not expanded") as caught:
        load(written(tmp_path, **{key: "$HOME/x.csv"}), {}, KNOWN)
    assert [problem.key for problem in caught.value.problems] == [name]


@pytest.mark.parametrize("ends", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_secret_files_as_windows_writes_them_in_the_home_directory(home: Path, ends: bytes, mark: bytes) -> None:
    (home / "secret").write_bytes(mark + b"hush" + ends)
    (home / "public").write_bytes(mark + b"known" + ends)
    environ = {
        "INFINITY_GRID_API_SECRET_KEY_FILE": "~/secret",
        "INFINITY_GRID_API_PUBLIC_KEY_FILE": "~/public",
    }
    keys = load(written(home), environ, KNOWN).exchange
    assert keys.api_secret_key is not None
    assert (keys.api_secret_key.reveal(), keys.api_public_key and keys.api_public_key.reveal()) == ("hush", "known")


def test_a_secret_files_path_with_a_variable_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path), {"INFINITY_GRID_API_SECRET_KEY_FILE": "$HOME/planted"}, KNOWN)
    assert "variables are not expanded" in str(caught.value)
    assert "planted" not in str(caught.value)


def test_a_configuration_as_windows_writes_it(tmp_path: Path) -> None:
    path = written(tmp_path)
    before = load(path, {}, KNOWN)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(path, {}, KNOWN) == before
