"""Nonces: strictly rising over the whole life of a key, through crashes and steps of the clock.

Nanoseconds of the exchange's clock, or one more than the last: this machine's own, where it is wrong, would use up
numbers that another machine with the same key could not get above. A reservation on disk runs ahead of them, so that
not every call writes. It is shorter than a start takes: the next one finds itself in the past of no earlier one, and
leaves nothing ahead of the clock that a second folder with the same key would stumble over.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec
import trio

from trading.ports import DatabaseUnusable

STEP = 10**9
"""Nanoseconds that one write reserves; the next start's nonces begin where they may have ended.

Kraken takes a call or two a second of one key for long, so that a longer one would save little.
"""


class NonceStore(Protocol):
    """Keeps one number per key."""

    async def load(self) -> int:
        """No nonce of this value or above has been used; 0 for a new key."""

    async def reserve(self, until: int) -> None:
        """Make durable that nonces below `until` may be used; returns once it is."""

    async def has_traded(self) -> bool:
        """Whether orders were ever placed with this key from here."""

    async def note_trading(self) -> None:
        """Make durable that they are; returns once it is."""


class NonceSource:
    """The only source of nonces of one key; its caller sends them in their order."""

    def __init__(self, store: NonceStore, now: Callable[[], int]) -> None:
        """`now` is the exchange's clock in nanoseconds UTC."""
        self._store = store
        self.now = now
        self._last: int | None = None
        self._reserved = 0
        self._traded: bool | None = None

    async def next(self, *, by_clock: bool = True) -> int:
        """A nonce above all that were handed out before, in this run or an earlier one.

        Not `by_clock`: the lowest one. It is refused if anybody else has used the key since the last one.
        """
        if self._last is None:
            self._reserved = await self._store.load()
            self._last = self._reserved
        nonce = max(self._last + 1, self.now() if by_clock else 0)
        if nonce >= self._reserved:
            self._reserved = nonce + STEP
            await self._store.reserve(self._reserved)
        self._last = nonce
        return nonce

    async def has_traded(self) -> bool:
        """Whether orders were ever placed with this key from here, in this run or an earlier one."""
        if self._traded is None:
            self._traded = await self._store.has_traded()
        return self._traded

    async def trades(self) -> None:
        """Orders are about to be placed; written once in the life of a file."""
        if not await self.has_traded():
            await self._store.note_trading()
            self._traded = True


class FileNonceStore:
    """A small file beside the database: it has to outlive a database that is deleted.

    Each write is a new file that replaces the old one, done in a worker thread. Raises `DatabaseUnusable`.
    """

    def __init__(self, path: Path, key: str) -> None:
        """`key` tells API keys apart; a file holds any number of them."""
        self._path = path
        self._key = key
        self._turn = trio.Lock()

    async def load(self) -> int:
        """The reservation of this key."""
        return (await trio.to_thread.run_sync(self._read)).get(self._key, 0)

    async def reserve(self, until: int) -> None:
        """Replace this key's reservation."""
        async with self._turn:
            await trio.to_thread.run_sync(self._write, until)

    async def has_traded(self) -> bool:
        """Orders that carry our mark may be of an earlier database of this place only if it has."""
        return self._trading in await trio.to_thread.run_sync(self._read)

    async def note_trading(self) -> None:
        """Beside this key's reservation."""
        async with self._turn:
            await trio.to_thread.run_sync(self._merge, {self._trading: 1})

    @property
    def _trading(self) -> str:
        return f"{self._key} has traded"

    def _read(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise DatabaseUnusable(
                f"{self._path} keeps the nonces of the API key and cannot be read ({error}): "
                "make it readable, or make a new API key and remove the file"
            ) from None

    def _write(self, until: int) -> None:
        self._merge({self._key: until})

    def _merge(self, news: Mapping[str, int]) -> None:
        numbers = {**self._read(), **news}
        draft = self._path.with_name(f"{self._path.name}.new")
        try:
            draft.unlink(missing_ok=True)
            with open(draft, "wb", opener=_private) as file:
                file.write(msgspec.json.encode(numbers))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise DatabaseUnusable(f"{self._path} cannot be written ({error.strerror})", passing=True) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where the system lets a folder be opened."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
