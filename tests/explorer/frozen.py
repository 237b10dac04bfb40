"""Live objects of the program as values: equal contents are one object, and a step never changes what it began with.

The program's own classes are mutable. Here one is kept as bytes from which a fresh copy is made for each step, and is
found again by its contents, so that two paths that lead to the same contents meet.
"""

import pickle
from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")
R = TypeVar("R")

_LEAVES = frozenset({str, int, bool, Decimal, bytes, type(None)})


class Kept(Generic[T]):
    """A value of which there is only one with these contents; compared and hashed by identity, which is fast."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value


class Pool(Generic[T]):
    """One of each."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Kept[T]] = {}

    def of(self, value: T, key: Hashable = None) -> Kept[T]:
        """The kept value with these contents; `key` tells them where the value itself cannot be hashed."""
        name = value if key is None else key
        found = self._kept.get(name)
        if found is None:
            found = self._kept[name] = Kept(value)
        return found

    def __len__(self) -> int:
        return len(self._kept)


class Machines(Generic[T]):
    """Mutable objects of one class, frozen between two steps; a step that was done once is not done again."""

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        """`without`: attributes that decide nothing between two steps, as a count of changes."""
        self._without = without
        self._pool: Pool[bytes] = Pool()
        self._done: dict[Hashable, tuple[Kept[bytes], object]] = {}

    def keep(self, machine: T) -> Kept[bytes]:
        """Freeze it."""
        return self._pool.of(pickle.dumps(machine), contents(machine, self._without))

    def look(self, kept: Kept[bytes]) -> T:
        """A copy of its own."""
        copy: T = pickle.loads(kept.value)  # noqa: S301 - made here, a moment ago
        return copy

    def step(self, kept: Kept[bytes], name: Hashable, body: Callable[[T], R]) -> tuple[Kept[bytes], R]:
        """What `body` makes of it, and what it returns; `name` says what `body` does, its arguments included."""
        key = (kept, name)
        done = self._done.get(key)
        if done is None:
            machine = self.look(kept)
            answer = body(machine)
            done = self._done[key] = (self.keep(machine), answer)
        return done  # type: ignore[return-value]


def contents(value: object, without: frozenset[str] = frozenset()) -> Hashable:
    """All that the value is made of, hashable, `without` attributes of these names."""
    kind = type(value)
    if kind in _LEAVES:
        return value
    if isinstance(value, dict):
        return tuple((contents(key, without), contents(one, without)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(contents(one, without) for one in value)
    if isinstance(value, set | frozenset):
        return frozenset(contents(one, without) for one in value)
    return _attributes(value, without)


def _attributes(value: object, without: frozenset[str]) -> Hashable:
    kind = type(value)
    if isinstance(value, Struct):
        named = [contents(getattr(value, name), without) for name in value.__struct_fields__]
        return (kind.__name__, *named)
    if hasattr(value, "__dict__"):
        named = [(name, contents(one, without)) for name, one in vars(value).items() if name not in without]
        return (kind.__name__, *named)
    return repr(value)
