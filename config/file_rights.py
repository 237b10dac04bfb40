"""Why a file may not be opened: who asks, whose it is, and its mode, so that nobody has to go and look."""

import os
import stat
from pathlib import Path

_SEARCH = 0o1
_READ = 0o4


def denied(error: PermissionError) -> str:
    """The refusal in words; no path is in them, since a path may be a secret that stands in the wrong place.

    Looks at the file, or at the first directory on its way that may not be entered.
    """
    user = os.geteuid()
    who = f"permission denied for user {user}"
    if not isinstance(error.filename, str):
        return who
    path = Path(error.filename)
    for folder in reversed(path.absolute().parents):
        state = _state(folder)
        if state is not None and not _allowed(state, _SEARCH):
            return f"{who}: a directory on its way {_rights(state)}"
    state = _state(path)
    if state is None:
        return who
    guess = ", which lets it be read: is it SELinux or AppArmor?" if _allowed(state, _READ) else ""
    return f"{who}: the file {_rights(state)}{guess}"


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def _rights(state: os.stat_result) -> str:
    return f"has mode {stat.S_IMODE(state.st_mode):04o} and belongs to {state.st_uid}:{state.st_gid}"


def _allowed(state: os.stat_result, right: int) -> bool:
    """As the kernel decides it for a user without capabilities: of owner, group and others the first that fits."""
    if state.st_uid == os.geteuid():
        return bool(state.st_mode & right << 6)
    if state.st_gid in {os.getegid(), *os.getgroups()}:
        return bool(state.st_mode & right << 3)
    return bool(state.st_mode & right)
