"""Raw TOML tables into checked values: every problem of every field is collected, none ends the reading.

`msgspec.convert` stops at its first error, so it is asked field by field.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo

from config.belonging import home_of
from config.forms import DIGITS, SCALE, Form
from config.problems import Problem, did_you_mean, key_path, kind_of, shown
from config.secrets import Secret
from config.veil import HIDDEN, may_be_secret

INVALID: Final = object()
"""Placeholder for a value with a reported problem."""

_NUMBER_LIMITS = f"a number below 1e{DIGITS} with at most {SCALE} decimals"
_KEY_NAMES = re.compile(r"((api|public|private)[_-]?)?(key|secret)([_-]?key)?|api[_-]?(public|private)", re.IGNORECASE)
_KEYS = ("api_public_key", "api_secret_key")
_PERCENT = re.compile(r"\s*(\d{1,9}(?:[.,]\d{1,9})?)\s*%\s*\Z", re.ASCII)


class Reader:
    """Reads tables of one source; what is wrong goes to `problems`."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self._source = source
        self._problems = problems
        self._strategy = ""

    def table(self, kind: type[Struct], raw: Mapping[str, object], key: str) -> dict[str, object]:
        """The valid fields of `kind` in `raw`, defaults included; a table inside is a dict again."""
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for name in raw:
            if name not in fields:
                hint = _two_keys(name, fields) or did_you_mean(name, fields) or home_of(name)
                self._tell(key_path(key, name), "an unknown key", ", ".join(fields) or "no key", hint)
        values = {name: self._field(field, raw, key_path(key, name)) for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not INVALID}

    def _field(self, field: FieldInfo, raw: Mapping[str, object], key: str) -> object:
        form = Form.of(field.type)
        if field.encode_name in raw:
            return self._value(form, raw[field.encode_name], key)
        if field.required:
            self._tell(key, "nothing", form.allowed)
            return INVALID
        if field.default_factory is not NODEFAULT:
            return field.default_factory()
        if isinstance(field.default, Struct):
            return self.table(type(field.default), {}, key)
        return field.default

    def _value(self, form: Form, value: object, key: str) -> object:
        if isinstance(form.kind, type) and issubclass(form.kind, Struct):
            return self.table(form.kind, value, key) if isinstance(value, dict) else self._wrong(form, value, key)
        match get_origin(form.kind):
            case origin if origin is dict:
                return self._mapping(form, value, key)
            case origin if origin is tuple:
                return self._array(form, value, key)
            case _:
                return self._leaf(form, value, key)

    def _mapping(self, form: Form, value: object, key: str) -> object:
        if not isinstance(value, dict):
            return self._wrong(form, value, key)
        names, items = (Form.of(part) for part in get_args(form.kind))
        result = {}
        for name, item in value.items():
            path = key_path(key, name)
            name_ok = self._leaf(names, name, path) is not INVALID
            read = self._value(items, item, path)
            if name_ok and read is not INVALID:
                result[name] = read
        return result

    def _array(self, form: Form, value: object, key: str) -> object:
        if not isinstance(value, list | tuple):
            return self._wrong(form, value, key)
        items = Form.of(get_args(form.kind)[0])
        result = []
        for index, item in enumerate(value):
            self._strategy = strategy_name(item)
            result.append(self._value(items, item, f"{key}[{index}]"))
        self._strategy = ""
        return result

    def _leaf(self, form: Form, value: object, key: str) -> object:
        if form.kind is object:
            return value
        if form.kind is Decimal or form.kind is int:
            return self._number(form, value, key)
        plain = value.reveal() if form.kind is not Secret and isinstance(value, Secret) else value
        return self._convert(form, plain, value, key)

    def _number(self, form: Form, value: object, key: str) -> object:
        """The number if it is one and of a size that arithmetic on money can bear."""
        if isinstance(value, bool) or not isinstance(value, int if form.kind is int else int | Decimal):
            return self._wrong(form, value, key)
        if form.kind is int:
            return self._convert(form, value, value, key)
        exact = Decimal(value)
        if not exact.is_finite():
            return self._wrong(form, value, key)
        if exact.adjusted() >= DIGITS or int(exact.as_tuple().exponent) < -SCALE:
            self._tell(key, shown(value), _NUMBER_LIMITS)
            return INVALID
        return self._convert(form, exact, exact, key)

    def _convert(self, form: Form, value: object, given: object, key: str) -> object:
        kind = Annotated[form.kind, form.meta] if form.meta else form.kind
        try:
            result = msgspec.convert(value, kind, dec_hook=keep)
        except msgspec.ValidationError:
            return self._wrong(form, given, key)
        check = form.note("check")
        if (check and not check(result)) or (isinstance(result, str) and not result.isprintable()):
            return self._wrong(form, given, key)
        return result

    def _wrong(self, form: Form, value: object, key: str) -> object:
        mark = form.note("hidden")
        hidden = form.kind is Secret or (mark is not None and isinstance(value, str) and mark in value)
        found = "a text" if isinstance(value, Secret) else kind_of(value) if hidden else shown(value)
        self._tell(key, found, form.allowed, _hint(form, value, key))
        return INVALID

    def _tell(self, key: str, found: str, allowed: str, hint: str = "") -> None:
        self._problems.append(Problem(self._source, key, found, allowed, hint, self._strategy))


def _two_keys(name: str, fields: Iterable[str]) -> str:
    """The two keys of an exchange, for a name that others use for one of them: the nearest may be the wrong one."""
    if not set(_KEYS) <= set(fields) or not _KEY_NAMES.fullmatch(name.strip()):
        return ""
    return "There are two: api_public_key is what Kraken calls API key, api_secret_key its private key"


def _hint(form: Form, value: object, key: str) -> str:
    """A sentence on what was probably meant, or nothing."""
    if isinstance(value, str):
        return "" if may_be_secret(value) else _hint_at_text(form, value)
    of_number = form.note("hint")
    if of_number and isinstance(value, Decimal) and value.is_finite():
        return str(of_number(value))
    if get_origin(form.kind) is tuple and isinstance(value, dict):
        return f"Write [[{key}]], with two brackets on each side"
    if isinstance(form.kind, type) and issubclass(form.kind, Struct) and isinstance(value, list):
        return f"Write [{key}], with one bracket on each side"
    return ""


def _hint_at_text(form: Form, value: str) -> str:
    if get_origin(form.kind) is Literal:
        return did_you_mean(value, get_args(form.kind))
    if of_text := form.note("text_hint"):
        return str(of_text(value))
    return _number_in_quotes(value) if form.kind in (int, Decimal) else ""


def _number_in_quotes(value: str) -> str:
    """What to write instead of a number that stands as a text."""
    percent = _PERCENT.match(value)
    if percent is None:
        return "A number has no quotes"
    return f"{percent[1]} % is written {Decimal(percent[1].replace(',', '.')).scaleb(-2):f}, without quotes"


def strategy_name(raw: object) -> str:
    """The name inside a raw `[[strategy]]` table, if it has one."""
    name = raw.get("name") if isinstance(raw, Mapping) else None
    if not isinstance(name, str):
        return ""
    return HIDDEN if may_be_secret(name) else shown(name)[1:-1]


def keep(kind: type, value: object) -> object:
    """`dec_hook` for types that msgspec does not know: only a value that is one already will do."""
    if isinstance(value, kind):
        return value
    raise TypeError(kind_of(value))
