"""What looks like a key is nowhere shown, wherever in a configuration it was put by mistake."""

import base64
import json
import tomllib
import uuid
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from decimal import Decimal
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.veil import Veil, may_be_secret
from supervisor import main
from tests.config.judged.trials import DRY, LIVE, PAPER

_SHOWN = 12
"""Characters of a token in a row that give it away."""
_CHANNELS = """
[notifier.telegram]
token = "x"
chat_id = 5
[notifier.ops]
kind = "webhook"
url = "https://example.org/x"
headers = { Authorization = "x" }
notices = { fill = "silent" }
"""
_MORE = '[bot]\nname = "b"\nlog_file = "g.log"\n[persistence]\ndatabase = "d.duckdb"\n[metrics]\nhost = "localhost"\n'
BASES = [
    tomllib.loads(text + _CHANNELS)
    for text in (DRY, LIVE, PAPER + 'prices = "p.csv"\n', PAPER.replace("[bot]", "[other]") + _MORE)
]


def _token(seed: int) -> str:
    random = Random(seed)
    some = random.randbytes
    return [
        base64.b64encode(some(64)).decode(),
        base64.b64encode(some(42)).decode(),
        base64.urlsafe_b64encode(some(24)).decode().rstrip("="),
        some(16).hex(),
        some(32).hex(),
        base64.b32encode(some(20)).decode(),
        str(uuid.UUID(bytes=some(16))),
        f"{random.randrange(10**9, 10**10)}:AA{base64.urlsafe_b64encode(some(25)).decode().rstrip('=')[:33]}",
    ][seed % 8]


tokens = st.integers(0, 10**6).map(_token)
Path_ = tuple[str | int, ...]


def _places(value: object, path: Path_ = ()) -> Iterator[Path_]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*path, name)
        yield from _places(item, (*path, name))


def _planted(base: object, path: Path_, token: str, how: str) -> object:
    tree = deepcopy(base)
    parent: dict[str | int, object] = tree  # type: ignore[assignment]
    for name in path[:-1]:
        parent = parent[name]  # type: ignore[assignment]
    last = path[-1]
    match how:
        case "value":
            parent[last] = token
        case "within":
            parent[last] = f"https://example.org/{token}/x"
        case "key" if isinstance(parent, dict):
            parent[token] = parent.pop(last)
        case _ if isinstance(parent, dict):
            parent[token] = "x"
    return tree


def _toml(value: object) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(item)}" for name, item in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case bool() | str():
            return json.dumps(value)
        case _:
            return str(value)


def _said(text: str) -> str:
    Path("grid.toml").write_text(text)
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        main(["--check", "grid.toml"])
    return said.getvalue()


def _shows(said: str, token: str) -> bool:
    return any(token[at : at + _SHOWN] in said for at in range(len(token) - _SHOWN + 1))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("how", ["value", "within", "key", "beside"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), token=tokens)
def test_a_key_at_any_place_is_never_shown(how: str, data: st.DataObject, token: str) -> None:
    base = data.draw(st.sampled_from(BASES))
    path = data.draw(st.sampled_from(list(_places(base))))
    tree = _planted(base, path, token, how)
    assert isinstance(tree, dict)
    said = _said("\n".join(f"{json.dumps(name)} = {_toml(item)}" for name, item in tree.items()))
    assert said
    assert not _shows(said, token)


_BROKEN = [
    "kind = {}", "fee = {}", "adapter = {}", "{} = 5\n{} = 6", "[{}]\n[{}]", "[{}", "{}", "x: {}",
    'name = "{}',
    "{} = ", "a = {{ {}: 5 }}", "interval={}", "[exchange.{}]\na = 1\na = 2", '"{}" = 1\n"{}" = 2',
    "api = {}",
]  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=tokens, line=st.sampled_from(_BROKEN))
def test_a_key_in_a_text_that_is_no_toml_is_never_shown(token: str, line: str) -> None:
    assert not _shows(_said(f"[strategy]\n{line.format(token, token)}\n"), token)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.integers(0, 10**6).map(lambda seed: _token(8 * (seed // 2) + seed % 2)), line=st.sampled_from(_BROKEN))
def test_a_key_that_begins_like_a_path_is_never_shown(token: str, line: str) -> None:
    token = f"/{token[1:9]}/{token[10:]}"
    assert not _shows(_said(f"[strategy]\n{line.format(token, token)}\n"), token)


@pytest.mark.parametrize(
    "text",
    [
        "btc-usd-gridhodl-2024-01", "amount_per_grid", "n_open_buy_orders", "INFINITYGRIDAPIPUBLICKEY", "x" * 500,
        "/var/lib/infinity-grid/kraken-2.duckdb", "https://api.kraken.com/0/public/AssetPairs", "maxInvestmentInQuote",
        "/home/pytest-of-root/pytest-12/test_secrets_are_hidden_at_start0/grid.toml", "infinity-grid-demo.duckdb",
        "2026-11-28T16:35:03.123456789Z", "Authorization", "INFINITY_GRID_TELEGRAM_TOKEN_FILE",
        "wss://ws-auth.kraken.com/v2",
    ],
)  # fmt: skip
def test_names_paths_and_addresses_are_no_keys(text: str) -> None:
    assert not may_be_secret(text)


@given(token=tokens)
def test_keys_of_every_make_look_like_one(token: str) -> None:
    assert may_be_secret(token)


def test_of_a_path_only_the_part_that_looks_like_a_key_is_hidden() -> None:
    path = "/volumes/3f2a9c81d04be7765aa1/grid.duckdb"
    veil = Veil.of({"database": path, "fee": Decimal(1)})
    assert veil.text(f"no such file: {path}") == "no such file: /volumes/***/grid.duckdb"
