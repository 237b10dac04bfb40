"""What may be a secret at a place where none belongs: a text that looks like a key is nowhere shown.

Nobody can tell a key from a name for certain. Keys and tokens are long and turn between letters and digits, or
small and capital letters, every few characters; names, paths and words do not.
"""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

HIDDEN = "***"
_PIECE = re.compile(r"[A-Za-z0-9+=_-]{16,}")
_RUN = re.compile(r"[A-Za-z0-9+=]{20,}")
_LONG = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
"""Base64 has slashes, too: one that begins with `/` looks like a path, and its parts may be too short to tell."""
_PATH = re.compile(r"[~.]|/(?:[a-z][a-z0-9._-]{1,31}|[A-Z][a-z]{1,31})(?:/|\Z)")
"""How a path begins."""
_TURN = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[A-Z][A-Z])(?=[a-z])")
_PLAIN = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9]{6,}:[A-Za-z0-9_-]{20,}")
"""A UUID, and a token of Telegram: known by their shape."""
_WORD = re.compile(r"[^\s\"'\[\]{},]+")
_FEWEST_TURNS = 3
_SIGNS_A_TURN = 5
"""A key turns more often than once in so many characters."""
_FEWEST_SIGNS = 8
"""Different characters of a key: `xxxxxxxx...` is none."""
_NO_WORD = 32
"""Letters in a row that are no word of any language, in nobody's spelling."""


def may_be_secret(text: str) -> bool:
    """Whether any part of the text looks like a key or a token."""
    return bool(_PLAIN.search(text)) or any(True for _ in _keys_in(text))


def _keys_in(text: str) -> Iterator[str]:
    yield from (piece for piece in _PIECE.findall(text) if _looks_like_key(piece))
    yield from (piece for piece in _LONG.findall(text) if "/" in piece and _turns_often(piece.replace("/", "")))


def _looks_like_key(piece: str) -> bool:
    if len(set(piece)) < _FEWEST_SIGNS:
        return False
    if _turns_often(piece):
        return True
    return any(_unbroken(run) for run in _RUN.findall(piece) if len(set(run)) >= _FEWEST_SIGNS)


def _turns_often(piece: str) -> bool:
    return len(_TURN.findall(piece)) >= max(_FEWEST_TURNS, len(piece) // _SIGNS_A_TURN)


def _unbroken(run: str) -> bool:
    mixed = any(sign.isdigit() for sign in run) and any(sign.isalpha() for sign in run)
    return mixed or len(run) >= _NO_WORD


class Veil(Struct, frozen=True):
    """Hides the likely secrets of one configuration in whatever is said of it."""

    words: tuple[str, ...] = ()
    """Longest first, each also as it would stand in the name of a variable."""

    @classmethod
    def of(cls, raw: object) -> "Veil":
        """Over the keys and texts of raw tables."""
        return cls._over(word for text in _texts(raw) for word in _secrets_in(text))

    @classmethod
    def of_text(cls, text: str) -> "Veil":
        """Over the words of a text that is no TOML, where nobody knows what is a value."""
        words = [word for word in _WORD.findall(text) if may_be_secret(word)]
        values = [word.partition("=")[2] for word in words if may_be_secret(word.partition("=")[2])]
        return cls._over(word for each in (*words, *values) for word in _secrets_in(each))

    @classmethod
    def _over(cls, words: Iterable[str]) -> "Veil":
        # Without its end of `=`, too: that is what is left where the sign is taken for the one between key and value.
        bare = {each for word in words for each in (word, word.rstrip("=")) if each}
        spelled = {each for word in bare for each in (word, word.upper().replace("-", "_"))}
        return cls(tuple(sorted(spelled, key=lambda word: (-len(word), word))))

    def text(self, sentence: str) -> str:
        """The sentence with `***` where it would show one."""
        for word in self.words:
            sentence = sentence.replace(word, HIDDEN)
        return sentence


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, item in value.items():
                yield str(name)
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)


def _secrets_in(text: str) -> Iterator[str]:
    """What is hidden of a text: of a path the parts that look like a key, of a URL all behind its host, else all."""
    if not may_be_secret(text):
        return
    yield from _keys_in(text)
    yield from _PLAIN.findall(text)
    _, scheme, rest = text.partition("://")
    whole = rest.partition("/")[2] if scheme else "" if _PATH.match(text) else text.strip()
    if whole and may_be_secret(whole):
        yield whole
