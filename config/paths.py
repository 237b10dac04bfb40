"""Paths in the configuration: `~` is expanded, variables are not, and that is said."""

import re
from pathlib import Path

from config.problems import shown

_VARIABLE = re.compile(r"\$\{?[A-Za-z_]|%[A-Za-z_][A-Za-z0-9_()]*%")
_ALLOWED = "a path, written out"


def expanded(path: str) -> Path:
    """The path with `~` or `~user` at its beginning replaced by that home directory; without one it stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


_SCHEME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]+:")
_KERNEL = ("/proc", "/sys")


def no_database(path: str) -> tuple[str, str] | None:
    """What cannot be meant by the path of the journal, besides `what_is_wrong`, and what is allowed.

    DuckDB takes some names for something else than a file (`:memory:`, `md:name`, `s3://...`): nothing would be kept.
    """
    allowed = "the path of a file that keeps what happens, for instance infinity-grid.duckdb"
    if path.startswith(":") or _SCHEME.match(path):
        return f"{shown(path)}, which is no file of this machine", allowed
    place = Path(path)
    if not place.name or place.name == ".." or path.endswith(("/", "/.")):
        return f"{shown(path)}, which is a directory", allowed
    if any(place.is_relative_to(kernel) for kernel in _KERNEL):
        return f"{shown(path)}, where the kernel keeps no files", allowed
    return None


def what_is_wrong(path: str) -> tuple[str, str] | None:
    """What cannot be meant by a path, and what is allowed; None for an ordinary one. Neither quotes the path."""
    if _VARIABLE.search(path):
        return "a path with a variable in it", f"{_ALLOWED}: variables are not expanded here, only ~ at its beginning"
    if path.startswith("~"):
        try:
            Path(path).expanduser()
        except RuntimeError:
            return "a path in the home directory of a user who does not exist", _ALLOWED
    return None
