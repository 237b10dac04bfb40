"""What a wrong program is, and a copy of the tree to make it in."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parent.parent.parent
PARTS = tuple(path.parent.name for path in ROOT.glob("*/__init__.py"))
FILES = (*(path.name for path in ROOT.glob("*.py")), "pyproject.toml")


class Edit(Struct, frozen=True):
    """In one file, every occurrence of a text."""

    file: str
    old: str
    new: str


class Wrong(Struct, frozen=True):
    """One wrong program, and how it is judged."""

    name: str
    edits: tuple[Edit, ...]
    words: tuple[str, ...] = ()
    """Options of the judge's command line for this one alone."""
    within: int = 0
    """Seeds that it takes at most, as written down when it was played; 0 where there are none."""


class DoesNotApply(Exception):
    """An edit whose text is not in its file any more."""


def one(name: str, file: str, old: str, new: str, *words: str, within: int = 0) -> Wrong:
    """A wrong program of a single edit."""
    return Wrong(name, (Edit(file, old, new),), words, within)


def edited(root: Path, wrong: Wrong) -> dict[Path, str]:
    """The texts of the changed files. Raises `DoesNotApply`."""
    texts: dict[Path, str] = {}
    for edit in wrong.edits:
        path = root / edit.file
        text = texts.get(path) or path.read_text()
        if edit.old not in text:
            raise DoesNotApply(f"{wrong.name}: {edit.file} has no {edit.old!r}")
        texts[path] = text.replace(edit.old, edit.new)
    return texts


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the tree, to be spoiled; gone at the end of the block."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        for file in FILES:
            shutil.copy(ROOT / file, root / file)
        yield root


@contextmanager
def spoiled(root: Path, wrong: Wrong) -> Iterator[None]:
    """The copy is the wrong program for the length of the block. Raises `DoesNotApply`."""
    texts = edited(root, wrong)
    before = {path: path.read_text() for path in texts}
    try:
        for path, text in texts.items():
            path.write_text(text)
        yield
    finally:
        for path, text in before.items():
            path.write_text(text)
