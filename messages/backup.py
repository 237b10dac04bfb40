"""What a command asks the running program for, and what it is told: a backup, over the local API."""

from msgspec import Struct

PATH = "/api/v1/backup"
LONGEST_SECONDS = 3600.0
"""Until whoever asks, or answers, gives up."""


class BackupWish(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request for a backup."""

    target: str = ""
    """Absolute path of a new file, or of a directory; empty: beside the database."""


class Backup(Struct, frozen=True):
    """What was made."""

    path: str
    bytes: int
    rows: dict[str, int]
    """By table."""
    seconds: float


class NoBackup(Struct, frozen=True):
    """Why none was made."""

    error: str
    """One sentence."""
