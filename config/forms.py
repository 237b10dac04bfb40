"""Types of configuration fields taken apart: what a value must be, in Python and in words."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from msgspec import Meta

from config.problems import one_of
from config.secrets import ALLOWED as ALLOWED_SECRET
from config.secrets import Secret

DIGITS = 15
"""Digits that a number may have before its point."""
SCALE = 18
"""Digits that a number may have after its point."""

_ALLOWED: Mapping[object, str] = {
    bool: "true or false",
    int: "a whole number",
    Decimal: "a number",
    str: "a text",
    Secret: ALLOWED_SECRET,
}


def secret_text(allowed: str, pattern: str, *, number: Mapping[str, int] | None = None) -> Meta:
    """A hidden text that `pattern` matches as a whole. With `number`, whole numbers within it are taken as digits."""
    whole = re.compile(rf"(?:{pattern})\Z")

    def check(secret: Secret) -> bool:
        return whole.match(secret.reveal()) is not None

    schema: dict[str, object] = {"pattern": f"^(?:{pattern})$"}
    if number is not None:
        schema |= {"type": ["string", "integer"], **number}
    return Meta(description=allowed, extra={"check": check}, extra_json_schema=schema)


class Form(NamedTuple):
    """A type without its annotations and without None, which TOML cannot say."""

    kind: Any
    meta: Meta | None
    remarks: tuple[object, ...] = ()
    """Annotations that are not msgspec's."""

    @classmethod
    def of(cls, kind: object) -> "Form":
        """The type of a field, taken apart."""
        notes: list[object] = []
        while True:
            if get_origin(kind) is Annotated:
                kind, *inner = get_args(kind)
                notes = [*inner, *notes]
            elif get_origin(kind) in (Union, UnionType):
                (kind,) = (part for part in get_args(kind) if part is not NoneType)
            else:
                metas = [note for note in notes if isinstance(note, Meta)]
                rest = tuple(note for note in notes if not isinstance(note, Meta))
                return cls(kind, metas[0] if metas else None, rest)

    @property
    def allowed(self) -> str:
        """What a value may be, in words."""
        if self.meta and self.meta.description:
            return self.meta.description
        if get_origin(self.kind) is Literal:
            return one_of(get_args(self.kind))
        return _ALLOWED.get(self.kind, "a table")

    def note(self, name: str) -> Any:  # noqa: ANN401 - msgspec's own type for it
        """An entry of the annotation's `extra`; None without it."""
        return (self.meta.extra or {}).get(name) if self.meta else None
