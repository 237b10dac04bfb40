"""The JSON schema and the reference page: up to date, complete, and of one mind with `load`."""

import json
import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from assembly import registry
from assembly.config_schema import CHANNEL_OPTIONS
from config import Config, ConfigError, Known, Problem, load
from config.channels import COMMON_KEYS, arrange_channels
from config.forms import Form
from config.json_schema import DRAFT, json_schema
from config.json_schema import encoded as json_text
from config.schema import ChannelConfig
from config.secrets import PLACES, Sources, insert_secrets
from config.tables import Reader, keep
from messages.letters import NotificationLevels
from tests.config import reference
from tests.config.reference import BUILT_IN, ROOT, Key, every_key, published, schema_at, toml

READY = sorted((ROOT / "config").glob("*.toml"))
VALIDATOR: Any = jsonschema.Draft7Validator(json.loads(reference.SCHEMA.read_text(encoding="utf-8")))
KEYS = {key.path: key for key in every_key()}
CHANNELS = ("log", "telegram", "webhook")
SECRETS = {f"{'.'.join(place.table)}.{place.key}" for place in PLACES}
UNITS = ("currency", "fraction", "seconds", "decimals", "Decimals", "number", "Number", "port", "second", "megabytes")


def raw_of(text: str) -> dict[str, Any]:
    return tomllib.loads(text, parse_float=Decimal)


def complaints(raw: object) -> list[str]:
    """What the schema says."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(raw)]


def refusals(raw: dict[str, Any]) -> list[Problem]:
    """What reading says of each table and key alone, as a start does before it looks at what makes sense together."""
    raw = raw_of(document(raw))
    problems: list[Problem] = []
    insert_secrets(raw, Sources("all.toml", {}, Path("/nowhere")), problems)
    arrange_channels(raw, BUILT_IN.channels, "all.toml", problems)
    values = Reader("all.toml", problems).table(Config, raw, "")
    if not problems:
        try:
            registry.channels(msgspec.convert(values, Config, dec_hook=keep))
        except ConfigError as error:
            problems += error.problems
    return problems


def document(raw: object) -> str:
    """The configuration as inline tables."""
    assert isinstance(raw, dict)
    return "\n".join(f"{json.dumps(name)} = {_value(value)}" for name, value in raw.items())


def _value(value: object) -> str:
    match value:
        case dict():
            return f"{{ {', '.join(f'{json.dumps(name)} = {_value(item)}' for name, item in value.items())} }}"
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Decimal():
            return f"{value:f}" if "." in f"{value:f}" else f"{value:f}.0"
        case date():
            return value.isoformat()
        case _:
            return toml(value)


def everything() -> dict[str, Any]:
    """A configuration that has every key, with its example or its default; secret files apart, which would be read."""
    return deepcopy(_everything())


@cache
def _everything() -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for key in KEYS.values():
        if key.name.endswith("_file") and "secret" in str(key.text.example):
            continue
        table = table_of(whole, key.path)
        if isinstance(table.get(key.name), dict) or key.path == "exchange.paper":
            continue
        default = raw_of(f"it = {key.default[1:-1]}")["it"] if key.text.example is None else None
        table[key.name] = deepcopy(key.text.example) if default is None else default
    for name in CHANNELS:
        whole["notifier"][name]["kind"] = name
    return whole


def table_of(whole: dict[str, Any], path: str) -> dict[str, Any]:
    """The table that holds the key at `path`; made where it is not there."""
    table = whole
    *parents, _ = path.replace("notifier.*", "notifier.log").split(".")
    for parent in parents:
        if parent.endswith("[]"):
            table = table.setdefault(parent[:-2], [{}])[0]
        elif parent.endswith("{}"):
            table = table.setdefault(parent[:-2], {}).setdefault("BTC/USD", {})
        else:
            table = table.setdefault(parent, {})
    return table


def changed(path: str, value: object) -> dict[str, Any]:
    whole = everything()
    table_of(whole, path)[KEYS[path].name] = value
    if path == "notifier.*.kind":
        whole["notifier"]["log"] = {"kind": value}
    return whole


@pytest.mark.parametrize("path", published(), ids=lambda path: path.name)
def test_what_is_published_is_what_the_source_says(path: Path) -> None:
    """Written anew by `python -m tests.config.reference`."""
    assert path.read_text(encoding="utf-8") == published()[path]


def test_it_is_a_schema_that_needs_no_network() -> None:
    text = reference.SCHEMA.read_text(encoding="utf-8")
    jsonschema.Draft7Validator.check_schema(json.loads(text))
    assert set(re.findall(r'"\$ref": "([^"]*)"', text)) == {
        f"#/definitions/{name}" for name in ("by kind", "log", "telegram", "webhook")
    }
    assert text.count('"$schema"') == 1
    assert DRAFT in text


def test_it_is_installed_with_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"*.toml", reference.SCHEMA.name} <= set(project["tool"]["setuptools"]["package-data"]["config"])


def test_every_table_is_on_the_page_and_closed_in_the_schema() -> None:
    shown = {kind for _, _, kind in reference.SECTIONS}
    assert set(tables(Config)) - {Config} | set(CHANNEL_OPTIONS.values()) == shown
    opened = [node for node in objects(reference.schema()) if "properties" in node and "type" in node]
    loose = [node for node in opened if node.get("additionalProperties") is not False]
    assert [set(node["properties"]) for node in loose] == [{"log", "telegram", "webhook"}, {"kind"}]


def tables(kind: type[Struct]) -> Iterator[type[Struct]]:
    """A table and all tables in it."""
    yield kind
    for field in msgspec.structs.fields(kind):
        if kind is ChannelConfig and field.name not in COMMON_KEYS:
            continue
        form = Form.of(field.type)
        for part in (form.kind, *getattr(form.kind, "__args__", ())):
            if isinstance(part, type) and issubclass(part, Struct):
                yield from tables(part)


def objects(node: object) -> Iterator[dict[str, Any]]:
    """All objects of a schema."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.path)
def test_every_key_is_explained(key: Key) -> None:
    assert key.text.meaning.endswith(".")
    assert len(key.text.meaning.split()) > 2
    assert key.allowed
    assert key.text.example is not None or key.default or key.path == "exchange.paper", "an example, or a default"
    if schema_at(key.path).get("type") in ("integer", "number"):
        assert any(unit in f"{key.text.meaning} {key.allowed}" for unit in UNITS)


@pytest.mark.parametrize(
    "key", [key for key in KEYS.values() if key.text.example is not None], ids=lambda key: key.path
)
def test_the_example_of_a_key_is_one_that_it_takes(key: Key) -> None:
    jsonschema.Draft7Validator(schema_at(key.path)).validate(key.text.example)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.name)
def test_the_ready_files_fit_the_schema_that_they_name(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#:schema ./config.schema.json\n")
    assert complaints(raw_of(text)) == []


@pytest.mark.parametrize("path", READY, ids=lambda path: path.name)
def test_what_a_ready_file_has_commented_out_are_keys_too(path: Path) -> None:
    names = {key.name for key in KEYS.values()}
    commented = re.findall(r"^# (\w+) = ", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(commented) - names == set()


def test_the_tables_that_pages_show_fit_the_schema() -> None:
    blocks = re.findall(
        r"```toml\n(.*?)```", (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert blocks
    for block in blocks:
        assert complaints({**everything(), **raw_of(block)}) == []


def test_a_configuration_with_every_key_is_taken_by_both() -> None:
    whole = everything()
    assert complaints(whole) == []
    assert refusals(whole) == []


def test_the_page_of_the_notifications_names_every_kind_with_its_level() -> None:
    page = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|.*\| (on|silent|off) \|$", page, re.MULTILINE)
    told = {name: level for names, level in rows for name in re.findall(r"\w+", names)}
    assert told == msgspec.structs.asdict(NotificationLevels())


VALUES: list[Any] = [
    True, 0, 1, -1, 70_000, Decimal("0.5"), Decimal("-0.5"), Decimal("1e15"), "", " ", "x", "1", "a/b", "http://u@h", "ws://h",
    [], [1], ["x"], [{}], {}, {"x": 1}, {"x": "y"}, date(2026, 1, 1),
]  # fmt: skip


@pytest.mark.parametrize("path", KEYS)
def test_load_and_schema_judge_each_key_alike(path: str) -> None:
    for value in VALUES:
        agree(path, value)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(list(KEYS)),
    st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**6), max_value=10**6)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)
    | st.dictionaries(st.sampled_from(["USD", "a-b", "BTC/USD", "fill"]), st.integers(-1, 1) | st.just("off")),
)
def test_load_and_schema_judge_any_value_alike(path: str, value: object) -> None:
    agree(path, value)


TABLES = (
    ("bot",),
    ("exchange",),
    ("exchange", "paper"),
    ("exchange", "paper", "pairs"),
    ("exchange", "paper", "pairs", "BTC/USD"),
    ("notifier",),
    ("notifier", "log"),
    ("notifier", "telegram"),
    ("notifier", "telegram", "notices"),
    ("strategy",),
    ("supervisor",),
    ("no such table",),
    ("exchange", "no such table"),
)


@pytest.mark.parametrize("place", TABLES, ids=".".join)
@pytest.mark.parametrize("value", [1, "x", True, [1], [[]], ["x"], date(2026, 1, 1)], ids=str)
def test_load_and_schema_take_nothing_else_for_a_table(place: tuple[str, ...], value: object) -> None:
    whole = everything()
    *parents, name = place
    table = whole
    for parent in parents:
        table = table[parent]
    table[name] = value
    assert refusals(whole)
    assert complaints(whole)


def agree(path: str, value: object) -> None:
    if path.endswith(("key_file", "token_file", "url_file")) and isinstance(value, str):
        return  # whether there is such a file is not the schema's business
    whole = changed(path, value)
    told, said = refusals(whole), complaints(whole)
    if path.endswith("enabled") and value is False:
        assert not said
    elif path == "notifier.webhook.headers" and not said:
        assert not told or "header" in str(told[0]) or "other characters" in str(told[0])
    elif path.endswith((".adapter", "strategy[].kind", "paper.prices")):
        assert said or not told  # which names exist is looked at later than the types
    elif path in SECRETS and isinstance(value, str) and not value.strip():
        assert not said  # not given here, so perhaps in the environment
    else:
        assert bool(told) == bool(said), (path, value, [str(problem) for problem in told], said)


@pytest.mark.parametrize("path", KEYS)
def test_an_unknown_key_is_refused_by_both_beside_every_key(path: str) -> None:
    whole = everything()
    table_of(whole, path)["no_such_key"] = 1
    assert refusals(whole)
    assert complaints(whole)


@pytest.mark.parametrize("key", [key for key in KEYS.values() if key.default == "required"], ids=lambda key: key.path)
def test_what_is_required_is_required_by_both(key: Key) -> None:
    whole = everything()
    del table_of(whole, key.path)[key.name]
    assert refusals(whole)
    assert complaints(whole)


@pytest.mark.parametrize(
    ("tables", "fits"),
    [
        ({"telegram": {"chat_id": 1}}, True),  # its token comes from the environment
        ({"telegram": {}}, False),
        ({"telegram": {"enabled": False}}, True),
        ({"telegram": {"kind": "webhook", "url": "https://h"}}, True),
        ({"telegram": {"kind": "webhook", "chat_id": 1}}, False),
        ({"ops": {"kind": "telegram", "chat_id": 1}}, True),
        ({"ops": {"kind": "telegram", "url": "https://h"}}, False),
        ({"ops": {"kind": "pager"}}, False),
        ({"ops": {"chat_id": 1}}, False),
        ({"log": {}}, True),
        ({"log": {"chat_id": 1}}, False),
        ({"log": 1}, False),
    ],
)
def test_a_channel_is_judged_by_its_kind(tables: dict[str, object], fits: bool) -> None:
    whole = {**everything(), "notifier": tables}
    assert (complaints(whole) == []) is fits
    told = [problem for problem in refusals(whole) if not problem.key.endswith(("token", "url"))]
    assert (told == []) is fits


def test_the_names_of_plug_ins_are_known_and_their_options_are_their_own() -> None:
    known = Known(BUILT_IN.kinds | {"Patient"}, BUILT_IN.exchanges | {"elsewhere"}, BUILT_IN.channels | {"pager"})
    validator: Any = jsonschema.Draft7Validator(json.loads(encoded(known)))
    whole = everything()
    whole["exchange"] |= {"adapter": "elsewhere"}
    whole["exchange"]["paper"]["prices"] = "elsewhere"
    whole["strategy"][0]["kind"] = "Patient"
    whole["notifier"] = {"pager": {"number": 7}, "ops": {"kind": "pager", "number": 8}}
    assert list(validator.iter_errors(whole)) == []
    assert complaints(whole) != []
    whole["notifier"]["pager"]["enabled"] = "yes"
    assert list(validator.iter_errors(whole)) != []


def encoded(known: Known) -> str:
    return json_text(json_schema(known, CHANNEL_OPTIONS))


def test_the_ready_files_are_loaded_with_their_first_line() -> None:
    assert all(load(path, {}, BUILT_IN) for path in READY)
