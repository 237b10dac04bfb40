"""The socket beside the database, by which commands reach the program that has it open."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BACKLOG = 128
LONGEST_PATH = 100
"""Bytes; systems take 104 or 108."""

_PRIVATE = 0o600


def socket_of(database: Path) -> Path:
    """Its name."""
    return database.with_name(f"{database.name}.sock")


@contextmanager
def reached(path: Path) -> Iterator[str]:
    """A path of the same socket that is short enough for the system, where there is one."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def listen(path: Path) -> socket.socket:
    """Make the socket, for its owner alone; only who has the database open may call it.

    One that an earlier program left is replaced, any other file is not. Raises `OSError`.
    """
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(OSError):  # Linux: the file has this mode from its first instant
            os.fchmod(listener.fileno(), _PRIVATE)
        with reached(path) as short:
            listener.bind(short)
        path.chmod(_PRIVATE)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(0, "a file of this name is there, and no socket")
    path.unlink()
