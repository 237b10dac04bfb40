"""docs/configuration.md and config/config.schema.json, made of what the source says of each key.

`python -m tests.config.reference` writes both anew.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo

from adapters.channels.telegram import TelegramOptions
from adapters.channels.webhook import WebhookOptions
from assembly import registry
from assembly.config_schema import CHANNEL_OPTIONS
from config import Known
from config.channels import COMMON_KEYS
from config.forms import Form
from config.json_schema import Schema, allowed_in_words, encoded, json_schema, notes_of, secret_file_words
from config.key_texts import NOTES, KeyText, explained
from config.schema import (
    BotConfig,
    ChannelConfig,
    ExchangeConfig,
    MetricsConfig,
    PairOverride,
    PaperConfig,
    PersistenceConfig,
    StrategyConfig,
    SupervisorConfig,
)
from config.secrets import CHANNEL_SECRETS, PLACES, PREFIX, Secret
from messages.letters import NotificationLevels

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "config" / "config.schema.json"

BUILT_IN = Known(
    kinds=frozenset(registry.VARIANTS),
    exchanges=frozenset({"paper", registry.KRAKEN}),
    channels=frozenset({*CHANNEL_OPTIONS, registry.LOG}),
)
"""Without the plug-ins that a developer may have installed."""

STRATEGY = "strategy[]"
SECTIONS: tuple[tuple[str, str, type[Struct]], ...] = (
    ("[bot]", "bot", BotConfig),
    ("[exchange]", "exchange", ExchangeConfig),
    ("[exchange.paper]", "exchange.paper", PaperConfig),
    ('[exchange.paper.pairs."BASE/QUOTE"]', "exchange.paper.pairs{}", PairOverride),
    ("[persistence]", "persistence", PersistenceConfig),
    ("[metrics]", "metrics", MetricsConfig),
    ("[notifier.NAME]", "notifier.*", ChannelConfig),
    ("[notifier.telegram]", "notifier.telegram", TelegramOptions),
    ("[notifier.webhook]", "notifier.webhook", WebhookOptions),
    ("notices of a channel", "notifier.*.notices", NotificationLevels),
    ("[supervisor]", "supervisor", SupervisorConfig),
    ("[[strategy]]", STRATEGY, StrategyConfig),
)
"""Heading, path and struct, in the order of the ready files."""

PREFIXES = re.compile(r"^(One )?`\[+[^`]*`: ")
"""The name of the table in front of its docstring: the heading says it."""

INTRODUCTION = """\
# Configuration

Every key of the configuration file. This page is made from the source (`.venv/bin/python -m tests.config.reference`),
and so is [config.schema.json](../config/config.schema.json), with which an editor completes and checks keys while
you type; the files in `config/` name it in their first line. For a file of yours, have one beside it, which then knows
the names of installed plug-ins, too:

```sh
.venv/bin/python -m supervisor schema > config.schema.json
```

The file is TOML. All rates are fractions (0.01 is 1 %), all numbers are read exactly, digit by digit, and unknown keys
are refused. Paths of price files and secret files start at the configuration's directory, those of the database and the
log file at the current one; `~` is the home directory, variables are not expanded.
`.venv/bin/python -m supervisor --check config.toml` judges a file as a whole.

The file is read at the start: stop, edit, start again. A key may change between two starts unless its note
says otherwise.

| note | what it means |
| --- | --- |
"""

SECRETS = """
## Secrets

Each secret has three sources. The environment beats the file; a value and a path for the same secret are refused.

| table | in the file | a file that holds it | in the environment |
| --- | --- | --- | --- |
"""

SECRETS_END = f"""\

A variable with `_FILE` at its end names a file that holds the secret. A channel that is called otherwise than its kind
has variables of its own: the token of `[notifier.ops]` with `kind = "telegram"` is `{PREFIX}OPS_TOKEN`. Other settings
cannot stand in the environment, and an unknown `{PREFIX}` variable is refused, unless it is one that a cluster
sets for a service of this name.
"""


@cache
def schema() -> Schema:
    """The schema that is shipped."""
    return json_schema(BUILT_IN, CHANNEL_OPTIONS)


def page() -> str:
    """The reference page."""
    notes = "\n".join(f"| {note.mark} | {note.words} |" for note in NOTES)
    secrets = "\n".join(_secret_rows())
    sections = "\n".join(section(*about) for about in SECTIONS)
    return f"{INTRODUCTION}{notes}\n{SECRETS}{secrets}\n{SECRETS_END}\n{sections}"


def section(heading: str, path: str, kind: type[Struct]) -> str:
    """One table of the file, or what a channel adds to it."""
    doc = PREFIXES.sub("", " ".join((kind.__doc__ or "").split()))
    rows = "\n".join(_row(key) for key in keys(path, kind))
    head = "| key | meaning | allowed | default | example | note |\n| --- | --- | --- | --- | --- | --- |"
    return f"## {heading}\n\n{doc[0].upper()}{doc[1:]}\n\n{head}\n{rows}\n"


class Key(Struct, frozen=True):
    """One key of the file, with all that the source says of it."""

    path: str
    name: str
    text: KeyText
    allowed: str
    default: str
    """As TOML; `required` without one, and nothing where its absence means something."""
    marks: str


def keys(path: str, kind: type[Struct]) -> list[Key]:
    """The keys of a table, in the order of the source."""
    texts, found = explained(kind), []
    for field in msgspec.structs.fields(kind):
        if kind is ChannelConfig and field.encode_name not in COMMON_KEYS:
            continue
        found.append(_key(path, field, texts.get(field.name, KeyText(""))))
        if CHANNEL_SECRETS.get(path.removeprefix("notifier.")) == field.name:
            twin = f"{field.name}_file"
            text = KeyText(secret_file_words(field.name), f"/run/secrets/{path.rpartition('.')[2]}_{field.name}")
            found.append(Key(f"{path}.{twin}", twin, text, "a text", '`""`', ""))
    return found


def every_key() -> Iterator[Key]:
    """Every key that a configuration may have."""
    for _, path, kind in SECTIONS:
        yield from keys(path, kind)


def _key(path: str, field: FieldInfo, text: KeyText) -> Key:
    form = Form.of(field.type)
    own = schema_at(f"{path}.{field.encode_name}")
    marks = ", ".join(note.mark for note in notes_of(form))
    return Key(
        f"{path}.{field.encode_name}",
        field.encode_name,
        text,
        allowed_in_words(form, own) or ("tables" if get_origin(form.kind) is tuple else "a table"),
        _default(path, field),
        marks,
    )


def schema_at(path: str) -> Schema:
    """What the schema says of a key."""
    whole = schema()
    root, _, rest = path.partition(".")
    node: Schema = whole["properties"][root.removesuffix("[]")]
    if root == "notifier":
        kind, _, rest = rest.partition(".")
        node = whole["definitions"]["log" if kind == "*" else kind]
    elif root.endswith("[]"):
        node = node["items"]
    for part in rest.split("."):
        node = node["properties"][part.removesuffix("{}")]
        node = node["additionalProperties"] if part.endswith("{}") else node
    return node


def _default(path: str, field: FieldInfo) -> str:
    if field.required:
        at_home = CHANNEL_SECRETS.get(path.removeprefix("notifier.")) == field.name
        return "" if at_home or (field.name == "kind" and path == "notifier.*") else "required"
    if field.default_factory is not NODEFAULT or isinstance(field.default, Struct):
        return ""
    if field.default is None:
        return ""
    value = field.default.reveal() if isinstance(field.default, Secret) else field.default
    return f"`{toml(value)}`"


def toml(value: object) -> str:
    """A value as it stands in the file."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case dict():
            pairs = ", ".join(f"{_toml_key(name)} = {toml(item)}" for name, item in value.items())
            return f"{{ {pairs} }}"
        case str():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)


def _toml_key(name: str) -> str:
    return f'"{name}"' if "/" in name else name


def _row(key: Key) -> str:
    example = f"`{toml(key.text.example)}`" if key.text.example is not None else ""
    cells = (f"`{key.name}`", key.text.meaning, key.allowed, key.default, example, key.marks)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _secret_rows() -> Iterator[str]:
    for place in PLACES:
        table = ".".join(place.table)
        variables = f"`{place.variable}`, `{place.variable}_FILE`"
        yield f"| `[{table}]` | `{place.key}` | `{place.key}_file` | {variables} |"


def published() -> Mapping[Path, str]:
    """The files and what they should hold."""
    return {PAGE: page(), SCHEMA: encoded(schema())}


if __name__ == "__main__":
    for path, text in published().items():
        path.write_text(text, encoding="utf-8")
