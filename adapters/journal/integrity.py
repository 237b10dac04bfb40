"""Whether a database file is, byte for byte, what was written.

A backup ends in a seal: a digest of all that is before it, which DuckDB leaves unread. Any other file is held against
the checksums that DuckDB itself keeps with each of its headers and blocks, indexes included, which it checks only where
it reads them.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from messages.counted import counted
from trading.ports import DatabaseUnusable

HEADER, HEADERS = 4096, 3
BLOCK = 262_144
SUM = 8
"""Bytes in front of each header and block: its checksum."""
_START = HEADER * HEADERS
_MARK = b"infinity-grid\x00\x01\n"
SEAL = len(_MARK) + hashlib.sha256().digest_size
"""Bytes."""
_SEED, _FACTOR = 5381, 0xBF58476D1CE4E5B9
_AT_A_TIME = 16 * BLOCK


def whole_blocks(size: int) -> int:
    """Bytes of a file that are headers and blocks; what is behind them, as a seal, is none of the database."""
    return size - (size - _START) % BLOCK if size > _START else size


def seal(path: Path) -> None:
    """Add the digest of what the file holds. Blocks. Raises `OSError`."""
    with path.open("r+b") as file:
        digest = _digest(file, os.fstat(file.fileno()).st_size)
        file.write(_MARK + digest)


def examine(path: Path) -> bool:
    """Read every byte; returns whether a seal has proved it, or only the checksums of DuckDB have. Blocks.

    Raises `DatabaseUnusable` for what is damaged, cut or longer than it was, `OSError`.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        kept = size - SEAL
        file.seek(max(kept, 0))
        end = file.read()
        if kept > 0 and end.startswith(_MARK):
            file.seek(0)
            if _digest(file, kept) != end[len(_MARK) :]:
                raise _damaged(path, "its digest does not match what it holds")
            return True
        if size < _START or size != whole_blocks(size):
            length = counted(size, "byte")
            raise _damaged(path, f"it is cut, or something was added to it: {length} are no number of whole blocks")
        file.seek(0)
        for start, part in _parts(file, size):
            if not _is_right(part):
                raise _damaged(path, f"the checksum of {len(part):,} bytes from byte {start:,} does not match")
        return False


def _damaged(path: Path, how: str) -> DatabaseUnusable:
    return DatabaseUnusable(f"the backup {path} is damaged ({how}): take another one.")


def _digest(file: BinaryIO, size: int) -> bytes:
    digest = hashlib.sha256()
    while size > 0 and (chunk := file.read(min(size, _AT_A_TIME))):
        size -= len(chunk)
        digest.update(chunk)
    return digest.digest()


def _parts(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    """Headers and blocks, each with where it begins."""
    for number in range(HEADERS):
        yield number * HEADER, file.read(HEADER)
    for start in range(_START, size, BLOCK):
        yield start, file.read(BLOCK)


def _is_right(part: bytes) -> bool:
    """As DuckDB sums up: each word times a factor, all of them together by exclusive or."""
    import numpy as np  # noqa: PLC0415 - it takes a tenth of a second, and no start has to wait for it

    kept = int.from_bytes(part[:SUM], "little")
    words = np.frombuffer(part, dtype="<u8", offset=SUM)
    return int(np.bitwise_xor.reduce(words * np.uint64(_FACTOR))) ^ _SEED == kept
