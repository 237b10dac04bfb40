import json

import pytest

from assembly import registry
from assembly.config_schema import CHANNEL_OPTIONS, schema_text
from config import Known
from tests.config import reference


def test_without_plug_ins_it_is_the_file_that_is_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "known", lambda: reference.BUILT_IN)
    assert schema_text() == reference.SCHEMA.read_text(encoding="utf-8")


def test_it_knows_the_names_of_this_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    known = reference.BUILT_IN
    more = Known(known.kinds | {"Patient"}, known.exchanges, known.channels)
    monkeypatch.setattr(registry, "known", lambda: more)
    strategy = json.loads(schema_text())["properties"]["strategy"]["items"]
    assert "Patient" in strategy["properties"]["kind"]["enum"]


def test_every_built_in_channel_but_the_log_has_its_options_there() -> None:
    assert {*CHANNEL_OPTIONS, registry.LOG} == registry.known().channels - _plug_ins()


def _plug_ins() -> set[str]:
    return set(registry.known().channels) - set(reference.BUILT_IN.channels)
