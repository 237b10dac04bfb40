"""docs/public.md promises names: they are there, and whoever imports them gets their types."""

import re
import tomllib
from importlib import import_module
from pathlib import Path

import duckdb
import pytest

from actors.metrics.actor import ENDPOINTS
from adapters.journal.table_schema import TABLES
from assembly import registry

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/public.md").read_text(encoding="utf-8")
ROWS = [
    (module, re.findall(r"`(\w+)`", names))
    for module, names in re.findall(r"^\| [^|]+ \| `([\w.]+)` \| ([^|]+) \|$", PAGE, re.MULTILINE)
]


def test_the_page_names_what_plug_ins_and_embedders_need() -> None:
    assert {"supervisor", "config", "trading.ports", "trading.strategies.core", "messages.ids"} <= dict(ROWS).keys()


@pytest.mark.parametrize(("module", "names"), ROWS, ids=[f"{module}-{names[0]}" for module, names in ROWS])
def test_public_names_exist(module: str, names: list[str]) -> None:
    there = vars(import_module(module))
    assert [name for name in names if name not in there] == []


def test_what_is_read_from_outside_is_named_as_it_is() -> None:
    for text in (registry.STRATEGY_GROUP, registry.EXCHANGE_GROUP, registry.CHANNEL_GROUP, *(ENDPOINTS.keys() - {"/"})):
        assert f"`{text}`" in PAGE
    connection = duckdb.connect()
    for table in TABLES:
        connection.execute(table)
    made = {name for (name,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    (row,) = re.findall(r"^\| tables (.+) of the journal \|", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) <= made


def test_every_package_says_that_it_is_typed_and_takes_the_mark_along() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = [name.removesuffix("*") for name in tools["packages"]["find"]["include"]]
    assert [name for name in packages if not (ROOT / name / "py.typed").is_file()] == []
    assert "py.typed" in tools["package-data"]["*"]
