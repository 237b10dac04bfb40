"""Paths in the configuration: `~` is expanded, variables are not, and that is said."""

import re
from pathlib import Path

_VARIABLE = re.compile(r"\$\{?[A-Za-z_]|%[A-Za-z_][A-Za-z0-9_()]*%")
_ALLOWED = "a path, written out"


def expanded(path: str) -> Path:
    """The path with `~` or `~user` at its beginning replaced by that home directory; without one it stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


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
