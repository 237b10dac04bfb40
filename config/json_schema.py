"""The configuration as a JSON schema, for editors: what `load` takes and refuses, in a form that they understand.

It says what each table and key alone may be. What makes no sense between keys is told by the start and by `--check`,
and so is what JSON cannot tell apart: whole numbers that are written with a point, and more than 18 decimals.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo

from config.channels import COMMON_KEYS, LOG
from config.forms import DIGITS, Form
from config.key_texts import KeyNote, KeyText, explained
from config.problems import one_of
from config.schema import PAPER, PRICE_FILE_SUFFIXES, SYNTHETIC, ChannelConfig, Config, Known
from config.secrets import CHANNEL_SECRETS, PLACES, Secret

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest draft that editors of TOML understand."""
TITLE = "Configuration of infinity-grid on trio"
DESCRIPTION = "What each key alone may be. `python -m supervisor --check` judges the configuration as a whole."
_BY_KIND = "by kind"


def json_schema(known: Known, channels: Mapping[str, type[Struct]]) -> Schema:
    """The schema for the names of one installation; `channels` has the options of each kind of channel.

    A kind of `known` that is not among `channels` is a plug-in, whose options are not known.
    """
    kinds = sorted(known.channels | {LOG})
    named = {
        "exchange.adapter": _names(known.exchanges),
        "strategy[].kind": _names(known.kinds),
        "exchange.paper.prices": {"anyOf": [_names({SYNTHETIC, *known.exchanges} - {PAPER}), _price_file()]},
        "notifier": _notifier(kinds),
        "notifier.*.kind": _names(kinds),
    }
    writer = _Writer(named)
    tables = {kind: _channel(writer, kind, channels.get(kind)) for kind in kinds}
    whole = {**writer.table(Config, ""), "description": DESCRIPTION}
    return {"$schema": DRAFT, "title": TITLE, **whole, "definitions": {**tables, _BY_KIND: _by_kind(kinds)}}


def encoded(schema: Schema) -> str:
    """The text of the file."""
    text = msgspec.json.Encoder(decimal_format="number").encode(schema)
    return msgspec.json.format(text, indent=2).decode() + "\n"


def allowed_in_words(form: Form, schema: Schema) -> str:
    """What a key may be, for people; empty for a table, which shows it by its keys."""
    if "enum" in schema:
        return one_of(schema["enum"])
    if "anyOf" in schema:
        return f"{one_of(schema['anyOf'][0]['enum'])}, or a path that ends in {', '.join(PRICE_FILE_SUFFIXES)}"
    return "" if schema["type"] in ("object", "array") else form.allowed


def notes_of(form: Form) -> list[KeyNote]:
    """When the key counts, and whether it may change."""
    return [remark for remark in form.remarks if isinstance(remark, KeyNote)]


def _in_words(form: Form, text: KeyText, schema: Schema, path: str) -> str:
    """What an editor shows of a key."""
    allowed = allowed_in_words(form, schema)
    variable = next((place.variable for place in PLACES if f"{'.'.join(place.table)}.{place.key}" == path), "")
    return "\n\n".join(
        [
            text.meaning,
            *([f"Allowed: {allowed}."] if allowed else []),
            *([f"Or in the environment: {variable}, or {variable}_FILE with a path."] if variable else []),
            *(note.words for note in notes_of(form)),
        ]
    )


class _Writer:
    """Turns structs into schemas; `named` replaces what is said of some paths."""

    def __init__(self, named: Mapping[str, Schema]) -> None:
        self._named = named

    def table(self, kind: type[Struct], path: str) -> Schema:
        """A closed table with the fields of `kind`."""
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        schema = _closed(self.properties(kind, path, fields), kind)
        required = [name for name, field in fields.items() if field.required]
        return {**schema, "required": required} if required else schema

    def properties(self, kind: type[Struct], path: str, names: Iterable[str]) -> Schema:
        """The keys `names` of a table."""
        texts = explained(kind)
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        return {name: self._key(fields[name], texts.get(name), f"{path}.{name}".lstrip(".")) for name in names}

    def _key(self, field: FieldInfo, text: KeyText | None, path: str) -> Schema:
        form = Form.of(field.type)
        schema = dict(self._value(form, path))
        if text is not None:
            schema = {**schema, "description": _in_words(form, text, schema, path)}
        if text is not None and text.example is not None:
            schema["examples"] = [text.example]
        default = field.default
        if default is not NODEFAULT and default is not None and not isinstance(default, Struct | Secret):
            schema["default"] = default
        return schema

    def _value(self, form: Form, path: str) -> Schema:
        if path in self._named:
            return self._named[path]
        if isinstance(form.kind, type) and issubclass(form.kind, Struct):
            return self.table(form.kind, path)
        match get_origin(form.kind):
            case origin if origin is dict:
                names, items = (Form.of(part) for part in get_args(form.kind))
                table = {"type": "object", "additionalProperties": self._value(items, f"{path}{{}}")}
                bounds = _leaf(names)
                return {**table, "propertyNames": bounds} if len(bounds) > 1 else table
            case origin if origin is tuple:
                items = Form.of(get_args(form.kind)[0])
                return {"type": "array", "items": self._value(items, f"{path}[]"), **_stated(form)}
            case _:
                return _leaf(form)


def _leaf(form: Form) -> Schema:
    """What one value may be: as msgspec has it, but numbers are numbers, and secrets texts."""
    if form.kind is Decimal:
        limit = 10**DIGITS
        bounds = _stated(form)
        if not {"minimum", "exclusiveMinimum"} & bounds.keys():
            bounds["exclusiveMinimum"] = -limit
        if not {"maximum", "exclusiveMaximum"} & bounds.keys():
            bounds["exclusiveMaximum"] = limit
        return {"type": "number", **bounds}
    if form.kind is Secret:
        return {"type": "string", **_stated(form)}
    if get_origin(form.kind) is Literal:
        return {"type": "string", "enum": list(get_args(form.kind))}
    schema: Schema = msgspec.json.schema(Annotated[form.kind, form.meta] if form.meta else form.kind)
    schema.pop("description", None)
    return schema


def _stated(form: Form) -> Schema:
    return dict(form.meta.extra_json_schema or {}) if form.meta else {}


def _closed(properties: Schema, kind: type[Struct]) -> Schema:
    doc = " ".join((kind.__doc__ or "").split())
    return {"type": "object", "description": doc, "properties": properties, "additionalProperties": False}


def _names(names: Iterable[str]) -> Schema:
    return {"type": "string", "enum": sorted(names)}


def _price_file() -> Schema:
    """A text with the suffix of a price file; small and capital letters are alike."""
    ends = map(_any_case, PRICE_FILE_SUFFIXES)
    return {"type": "string", "pattern": f"({'|'.join(ends)})$"}


def _any_case(suffix: str) -> str:
    return "".join(f"[{sign}{sign.upper()}]" if sign.isalpha() else "\\." for sign in suffix)


def _notifier(kinds: Iterable[str]) -> Schema:
    """`[notifier.<name>]`: its kind says what else it may have, and without one its name is its kind."""
    by_kind, stated = _channel_ref(_BY_KIND), {"required": ["kind"]}
    named = {kind: {"type": "object", "if": stated, "then": by_kind, "else": _channel_ref(kind)} for kind in kinds}
    return {"type": "object", "properties": named, "additionalProperties": by_kind}


def _by_kind(kinds: Iterable[str]) -> Schema:
    cases = [{"if": {"properties": {"kind": {"const": kind}}}, "then": _channel_ref(kind)} for kind in kinds]
    return {"type": "object", "required": ["kind"], "properties": {"kind": _names(kinds)}, "allOf": cases}


def _channel_ref(kind: str) -> Schema:
    return {"$ref": f"#/definitions/{kind}"}


def _channel(writer: _Writer, kind: str, options: type[Struct] | None) -> Schema:
    """A channel's table. What it needs it does not need while it rests; a plug-in's own keys are not known."""
    common = writer.properties(ChannelConfig, "notifier.*", COMMON_KEYS)
    if options is None and kind != LOG:
        return {"type": "object", "properties": common}
    fields = msgspec.structs.fields(options) if options else ()
    own = writer.properties(options, f"notifier.{kind}", [field.encode_name for field in fields]) if options else {}
    secret = CHANNEL_SECRETS.get(kind)
    schema = _closed({**common, **_with_file(own, secret)}, options or ChannelConfig)
    needed = [field.encode_name for field in fields if field.required and field.encode_name != secret]
    if needed:
        rests = {"required": ["enabled"], "properties": {"enabled": {"const": False}}}
        schema |= {"if": rests, "then": {}, "else": {"required": needed}}
    return schema


def _with_file(own: Schema, secret: str | None) -> Schema:
    """The keys with `SECRET_file` behind the secret, which is trimmed, and may stand elsewhere and be empty here."""
    keys: Schema = {}
    for name, schema in own.items():
        keys[name] = schema
        if name == secret:
            keys[name] = {**schema, "pattern": rf"^\s*{schema['pattern'].removeprefix('^').removesuffix('$')}?\s*$"}
            keys[f"{name}_file"] = {"type": "string", "description": secret_file_words(name), "default": ""}
    return keys


def secret_file_words(secret: str) -> str:
    """The meaning of the key beside a channel's secret that names a file."""
    return (
        f"Path of a file whose only line is the {secret}; a relative path starts at the configuration's directory. "
        "Empty: none."
    )
