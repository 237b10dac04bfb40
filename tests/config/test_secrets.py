import pickle
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from config import Secret, load
from config.secrets import PLACES
from config.variables import unknown_variables
from tests.config.texts import KNOWN, VALID, changed, lines, read, refusal

CANARY = "canary-4711"
KEYS = {"INFINITY_GRID_API_PUBLIC_KEY": "public", "INFINITY_GRID_API_SECRET_KEY": CANARY}


def with_exchange(*keys: str) -> str:
    return changed('adapter = "kraken"', "\n".join(['adapter = "kraken"', 'api_public_key = "public"', *keys]))


def secret_key(text: str, environ: Mapping[str, str]) -> str:
    secret = read(text, environ).exchange.api_secret_key
    assert secret is not None
    return secret.reveal()


def test_a_secret_never_shows_itself() -> None:
    secret = Secret(CANARY)
    for text in (str(secret), repr(secret), f"{secret}", f"{secret!r}", f"{[secret]}", "%s" % secret):  # noqa: UP031
        assert CANARY not in text
    assert secret.reveal() == CANARY


def test_a_secret_is_neither_encoded_nor_pickled() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(Secret(CANARY))
    with pytest.raises(TypeError):
        pickle.dumps(Secret(CANARY))


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_the_representation_of_a_configuration_shows_no_secret() -> None:
    text = VALID + f'[notifier.telegram]\ntoken = "{CANARY}"\nnested = [["{CANARY}"], {{ x = "{CANARY}" }}]\n'
    config = read(text, KEYS)
    assert CANARY not in repr(config)
    assert CANARY not in str(config)


def test_a_key_stands_in_the_file_or_in_the_environment() -> None:
    assert secret_key(with_exchange(f'api_secret_key = " {CANARY} "'), {}) == CANARY
    assert secret_key(VALID, KEYS) == CANARY


def test_the_environment_beats_the_file() -> None:
    assert secret_key(with_exchange('api_secret_key = "other"'), KEYS) == CANARY
    assert secret_key(with_exchange('api_secret_key_file = "/absent"'), KEYS) == CANARY


def test_an_empty_variable_counts_as_absent() -> None:
    environ = {"INFINITY_GRID_API_SECRET_KEY": "", "INFINITY_GRID_API_SECRET_KEY_FILE": ""}
    assert secret_key(with_exchange(f'api_secret_key = "{CANARY}"'), environ) == CANARY


def test_a_key_comes_from_a_file_that_the_environment_names(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{CANARY}\n")
    environ = {"INFINITY_GRID_API_PUBLIC_KEY": "p", "INFINITY_GRID_API_SECRET_KEY_FILE": str(path)}
    assert secret_key(VALID, environ) == CANARY


def test_a_key_comes_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{CANARY}\n")
    path = tmp_path / "grid.toml"
    path.write_text(with_exchange('api_secret_key_file = "key"'))
    exchange = load(path, {}, KNOWN).exchange
    assert exchange.api_secret_key == Secret(CANARY)
    assert exchange.api_secret_key_file == ""


def test_the_telegram_token_reaches_its_table() -> None:
    text = VALID + '[notifier.telegram]\nchat_id = "5"\n'
    config = read(text, {"INFINITY_GRID_TELEGRAM_TOKEN": CANARY})
    assert config.notifier["telegram"].options["token"] == Secret(CANARY)


@pytest.mark.parametrize(
    ("name", "kind", "key", "variable"),
    [
        ("ops", "telegram", "token", "INFINITY_GRID_OPS_TOKEN"),
        ("night-shift", "telegram", "token", "INFINITY_GRID_NIGHT_SHIFT_TOKEN"),
        ("pager", "webhook", "url", "INFINITY_GRID_PAGER_URL"),
        ("webhook", "webhook", "url", "INFINITY_GRID_WEBHOOK_URL"),
    ],
)
def test_each_channel_has_a_variable_of_its_own_and_may_name_a_file(
    name: str, kind: str, key: str, variable: str, tmp_path: Path
) -> None:
    table = f'[notifier.{name}]\nkind = "{kind}"\n'
    assert read(VALID + table, {variable: CANARY}).notifier[name].options == {key: Secret(CANARY)}
    (tmp_path / "secret").write_text(CANARY)
    path = tmp_path / "grid.toml"
    path.write_text(VALID + table + f'{key}_file = "secret"\n')
    assert load(path, {}, KNOWN).notifier[name].options == {key: Secret(CANARY)}


def test_a_variable_for_a_channel_that_does_not_exist_is_refused() -> None:
    assert "INFINITY_GRID_OPS_TOKEN" in str(refusal(VALID, {"INFINITY_GRID_OPS_TOKEN": CANARY}))


def test_a_telegram_token_without_a_table_enables_nothing() -> None:
    assert read(VALID, {"INFINITY_GRID_TELEGRAM_TOKEN": CANARY}).notifier == {}


def test_a_telegram_token_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(CANARY)
    path = tmp_path / "grid.toml"
    path.write_text(VALID + '[notifier.telegram]\ntoken_file = "token"\n')
    assert load(path, {}, KNOWN).notifier["telegram"].options == {"token": Secret(CANARY)}


def test_a_file_of_another_user_is_told_with_its_mode_and_without_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / CANARY
    path.touch(mode=0o600)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    said = str(refusal(VALID, {"INFINITY_GRID_API_SECRET_KEY_FILE": str(path)}))
    assert "cannot be read (permission denied for user " in said
    assert ": the file has mode 0600 and belongs to " in said
    assert CANARY not in said


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (
            [f'api_secret_key = "{CANARY}"', 'api_secret_key_file = "x"'],
            "exchange.api_secret_key: found both api_secret_key and api_secret_key_file; allowed: one of them",
        ),
        (
            [f'api_secret_key = "{CANARY} {CANARY}"'],
            (
                "exchange.api_secret_key: found a text with other characters; "
                "allowed: a secret of printable ASCII characters without blanks"
            ),
        ),
        (
            ["api_secret_key = 4711"],
            "exchange.api_secret_key: found a number; allowed: a secret of printable ASCII characters without blanks",
        ),
        (
            [f'api_secret_key_file = "/{CANARY}"'],
            (
                "exchange.api_secret_key_file: found a file that cannot be read (the file does not exist); "
                "allowed: a readable file with one line, the secret"
            ),
        ),
        (
            ['api_secret_key_file = "a\\u0000b"'],
            (
                "exchange.api_secret_key_file: found a path with a zero character; "
                "allowed: a readable file with one line, the secret"
            ),
        ),
        (
            [f'api_secret_key = "{CANARY}"', "api_secret_key_file = 5"],
            "exchange.api_secret_key_file: found 5; allowed: a text",
        ),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_without_showing_it(keys: list[str], line: str) -> None:
    error = refusal(with_exchange(*keys))
    assert line in [problem.line() for problem in error.problems]
    assert CANARY not in f"{error} {error!r}"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"a\nb", "a file with something else than one line of printable ASCII"),
        (b"\xff", "a file with something else than one line of printable ASCII"),
        (b"x" * 20_000, "a file with something else than one line of printable ASCII"),
    ],
)
def test_a_secret_file_holds_one_line(content: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    environ = {"INFINITY_GRID_TELEGRAM_TOKEN_FILE": str(path)}
    assert lines(VALID, environ) == [
        (
            f"INFINITY_GRID_TELEGRAM_TOKEN_FILE: found {found}; "
            "allowed: the path of a readable file with one line, the secret"
        )
    ]


def test_a_variable_and_its_file_exclude_each_other() -> None:
    environ = {"INFINITY_GRID_API_PUBLIC_KEY": CANARY, "INFINITY_GRID_API_PUBLIC_KEY_FILE": "x"}
    error = refusal(VALID, environ)
    assert "found both INFINITY_GRID_API_PUBLIC_KEY and INFINITY_GRID_API_PUBLIC_KEY_FILE" in str(error)
    assert CANARY not in str(error)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("INFINITY_GRID_API_SECRET", 'Did you mean "INFINITY_GRID_API_SECRET_KEY"?'),
        ("infinity_grid_telegram_token", 'Did you mean "INFINITY_GRID_TELEGRAM_TOKEN"?'),
        ("INFINITY_GRID_DRY_RUN", "dry_run stands in the file, in [bot]"),
        ("INFINITY_GRID_COLOUR", "All other settings stand in the file"),
    ],
)
def test_an_unknown_variable_is_refused(name: str, hint: str) -> None:
    error = refusal(VALID, {name: CANARY})
    (problem,) = error.problems
    assert (problem.source, problem.key, problem.found, problem.hint) == (
        "environment",
        name,
        "an unknown variable",
        hint,
    )
    assert CANARY not in str(error)


def test_other_peoples_variables_do_not_matter() -> None:
    read(VALID, {"PATH": "/bin", "KRAKEN_DRY_RUN": "1"})


def test_no_refusal_shows_a_misplaced_secret() -> None:
    text = VALID + f'[notifier.telegram]\ntoken = "{CANARY}"\n[notifier.telegrm]\ntoken = "{CANARY}"\n'
    text = text.replace('adapter = "kraken"', f'adapter = "kraken"\napi_secret_kye = "{CANARY}"')
    assert CANARY not in str(refusal(text))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INFINITY_GRID_SERVICE_HOST", "10.0.0.7"),
        ("INFINITY_GRID_SERVICE_PORT", "8080"),
        ("INFINITY_GRID_SERVICE_PORT_HTTP", "8080"),
        ("INFINITY_GRID_PORT", "tcp://10.0.0.7:8080"),
        ("INFINITY_GRID_PORT_8080_TCP", "tcp://10.0.0.7:8080"),
        ("INFINITY_GRID_PORT_8080_TCP_ADDR", "10.0.0.7"),
        ("INFINITY_GRID_METRICS_PORT_9090_UDP_PROTO", "udp"),
        ("INFINITY_GRID_METRICS_PORT", "udp://10.0.0.7:9090"),
    ],
)
def test_what_a_cluster_says_of_a_service_of_this_name_is_no_setting(name: str, value: str) -> None:
    assert unknown_variables({name: value}, PLACES) == []


@pytest.mark.parametrize(
    ("name", "value"), [("INFINITY_GRID_PORT", "8080"), ("INFINITY_GRID_HOST", "x"), ("INFINITY_GRID_SERVICE", "x")]
)
def test_what_looks_like_a_setting_is_still_refused(name: str, value: str) -> None:
    assert len(unknown_variables({name: value}, PLACES)) == 1


@pytest.mark.parametrize(
    ("keys", "environ"),
    [
        ('api_public_key = "schl\u00fcssel"\napi_secret_key = "s"', {}),
        ('api_secret_key = "s"', {"INFINITY_GRID_API_PUBLIC_KEY": "schl\u00fcssel"}),
        ('api_secret_key = "s"', {"INFINITY_GRID_API_PUBLIC_KEY_FILE": "/no/such/file"}),
        ('api_public_key_file = "/no/such/file"\napi_secret_key = "s"', {}),
    ],
)
def test_a_key_that_cannot_be_used_is_one_problem(keys: str, environ: dict[str, str]) -> None:
    live = VALID.replace("dry_run = true", "dry_run = false")
    error = refusal(live.replace('adapter = "kraken"', f'adapter = "kraken"\n{keys}'), environ)
    assert len(error.problems) == 1
