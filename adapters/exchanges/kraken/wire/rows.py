"""Lists of the account, read row by row: an odd row about external activity must not hide all others."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from adapters.exchanges.kraken.wire.values import WireError

Row = TypeVar("Row")

_ERRORS = (msgspec.DecodeError, RecursionError, UnicodeError)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ROWS = msgspec.json.Decoder(list[Raw])
_TEXT = msgspec.json.Decoder(str | None)


class Unread(Struct, frozen=True):
    """A row that cannot be read as a whole, and what of it can be: None is no text, empty is null or absent."""

    error: str
    texts: Mapping[str, str | None] | None = None
    """None where the row is not even an object."""

    @property
    def is_nothing(self) -> bool:
        """Whether the row is no object: it says nothing of anybody, and what it left unsaid shows elsewhere."""
        return self.texts is None

    def text(self, name: str) -> str | None:
        """One field; None where it cannot be read."""
        return None if self.texts is None else self.texts.get(name)


class RowReader(Generic[Row]):
    """Reads rows of one kind; of the others it keeps the texts that say whose they are."""

    def __init__(self, kind: type[Row], *texts: str) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._texts = texts

    def read_list(self, data: Raw, what: str) -> list[Row | Unread]:
        """Every row in its place. Raises `WireError` for what is no list."""
        return [self.read(row) for row in raw_rows(data, what)]

    def read(self, row: Raw) -> Row | Unread:
        """Decode one row; an `Unread` with its readable texts where that fails."""
        try:
            return self._decoder.decode(row)
        except (*_ERRORS, WireError) as error:
            return Unread(str(error), texts_of(row, self._texts))


def raw_rows(data: Raw, what: str) -> list[Raw]:
    """The rows of a list, not decoded. Raises `WireError` for what is no list."""
    if not bytes(data):
        raise WireError(f"{what}: an answer without content")
    try:
        return _ROWS.decode(data)
    except _ERRORS as error:
        raise WireError(f"{what}: {error}") from None


def texts_of(row: Raw, names: tuple[str, ...], inside: str = "") -> dict[str, str | None] | None:
    """These fields of an object, or of the object under `inside`, as texts; None for what is no object."""
    try:
        fields = _FIELDS.decode(row)
        if inside:
            fields = _FIELDS.decode(fields.get(inside, Raw(b"null")))
    except _ERRORS:
        return None
    return {name: _text(fields.get(name)) for name in names}


def _text(raw: Raw | None) -> str | None:
    if raw is None:
        return ""
    try:
        return _TEXT.decode(raw) or ""
    except _ERRORS:
        return None
