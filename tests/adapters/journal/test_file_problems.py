"""Whatever DuckDB or the operating system says becomes one sentence with a remedy."""

import os
from pathlib import Path

import duckdb
import pytest

from adapters.journal.file_problems import explain, explained
from trading.ports import DatabaseUnusable

PATH = Path("data/grid.duckdb")


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (OSError(28, "No space left on device"), "cannot be written because the disk (or its quota) is full"),
        (OSError(122, "Disk quota exceeded"), "cannot be written because the disk (or its quota) is full"),
        (OSError(30, "Read-only file system"), "lies on a read-only disk"),
        (OSError(13, "Permission denied"), f"is not writable for the user of this program (number {os.geteuid()})"),
        (duckdb.IOException('Could not set lock on file "x": Resource busy'), "is in use by another process"),
        (
            duckdb.IOException('Could not set lock on file "x": Conflicting lock is held in PID 0. See also'),
            "is in use by a process outside this container: stop that process",
        ),
        (
            duckdb.IOException("a database file with version number 99, but we can only read up to 68."),
            "was written by a newer DuckDB",
        ),
        (duckdb.InternalException("Something new.\nStack trace:\n..."), "cannot be used (Something new)"),
    ],
)
def test_an_error_becomes_one_sentence(error: Exception, found: str) -> None:
    text = str(explain(PATH, error))
    assert text.startswith(f"the database data/grid.duckdb {found}")
    assert text.endswith(".")
    assert "\n" not in text


def test_bugs_are_not_taken_for_an_unusable_database() -> None:
    with pytest.raises(ZeroDivisionError), explained(PATH):
        raise ZeroDivisionError
    with pytest.raises(DatabaseUnusable), explained(PATH):
        raise duckdb.FatalException("database has been invalidated")
