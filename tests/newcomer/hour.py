"""The clone that the hour begins with, and what all of its parts need."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.newcomer.stage import DOWNLOADS, PATH, Stage
from tests.process.running import ROOT


class Skipped(Exception):
    """A part that this machine cannot do, with the reason."""


class Hour:
    """A clean clone on a machine with Python, make and the way to a package index, and nothing else of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.began = time.monotonic()
        """When the clone was begun, in seconds."""
        self.clone = folder / "clone"
        _git("clone", "--quiet", str(ROOT), str(self.clone), cwd=folder)
        self.stage = Stage(self.clone, folder / "home")
        ways = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        # The Python below the one that runs this: whatever is installed in ours is not in it.
        self._environment = {**self.stage.environment, "PATH": f"{sys.base_prefix}/bin:{PATH}", **ways}
        self.clean()

    def python(self) -> Path:
        """The interpreter that make has made; makes it first if need be."""
        if not (self.clone / ".venv/runtime").exists():
            self.stage.run("make .venv/runtime", DOWNLOADS)
        return self.clone / ".venv/bin/python"

    def clean(self) -> None:
        """As it was cloned, apart from what make has installed; and a new terminal, with nothing exported."""
        self.stage.environment = dict(self._environment)
        _git("checkout", "--quiet", ".", cwd=self.clone)
        _git("clean", "--quiet", "-fdx", "-e", ".venv", cwd=self.clone)


def version() -> str:
    """What is cloned."""
    commit = _git("rev-parse", "--short", "HEAD", cwd=ROOT).strip()
    changed = _git("status", "--porcelain", "--untracked-files=no", cwd=ROOT).strip()
    return f"{commit}{' (what is not committed is not in it)' if changed else ''}"


def _git(*arguments: str, cwd: Path) -> str:
    return subprocess.run(["git", *arguments], cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout
