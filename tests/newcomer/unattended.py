"""What of the pages cannot run unattended, and how to tell that a program without an end does its work."""

import re
from typing import NamedTuple

from tests.newcomer.printed import Command


class NotRun(NamedTuple):
    """Commands that no test runs."""

    page: str
    begins: str
    reason: str


_SUITE = "runs this very test"
_ENGINE = "needs Docker; `python -m tests.image` carries out the Dockerfile's steps"
_MACHINE = "changes the machine: users, services, files of root"
_DOWNLOADS = "downloads what is in no lock of this repository"

NOT_RUN = (
    NotRun("README.md", "make test", _SUITE),
    NotRun("CONTRIBUTING.md", "make test", _SUITE),
    NotRun("CONTRIBUTING.md", "make check", _SUITE),
    NotRun("CONTRIBUTING.md", "make coverage", _SUITE),
    NotRun("CONTRIBUTING.md", ".venv/bin/python -m pip install pre-commit", _DOWNLOADS),
    NotRun(
        "docs/notifications.md",
        ".venv/bin/python -m pip install --no-deps",
        "downloads asks; `make asks` does it in CI",
    ),
    NotRun("docs/deploy.md", "docker ", _ENGINE),
    NotRun("docs/deploy.md", "kubectl ", "needs a cluster"),
    NotRun("docs/deploy.md", "sed ", "needs a cluster"),
    NotRun("docs/deploy.md", "sudo ", _MACHINE),
    NotRun("docs/deploy.md", "git archive ", _MACHINE),
    NotRun("docs/deploy.md", "journalctl ", _MACHINE),
    NotRun("docs/deploy.md", "grid", "as the user of a service that is not there"),
    NotRun("docs/deploy.md", "at=/opt/", "as the user of a service that is not there"),
    NotRun("docs/deploy.md", "git pull", _DOWNLOADS),
)


class Endless(NamedTuple):
    """A command that runs until a signal."""

    command: re.Pattern[str]
    works: str
    """What it prints once it does its work."""


ENDLESS = (
    Endless(re.compile(r"make demo\b"), "buy executed"),
    Endless(re.compile(r"\S*python -m simulators\.kraken(?!\S)(?!.*--help)"), "control_url = "),
    Endless(re.compile(r"\S*python -m supervisor (?!.*--(check|help|version)\b)([^-]\S*\.toml|--)"), "state: RUNNING"),
)
ONE_AT_A_TIME = re.compile(r"make demo\b|\S*python -m supervisor ")
"""These have one port: whoever starts the next one has stopped the last one."""


def why_not_run(command: Command) -> str:
    """The reason; empty for a command that is run."""
    reasons = [
        entry.reason for entry in NOT_RUN if entry.page == command.page and command.text.startswith(entry.begins)
    ]
    return reasons[0] if reasons else ""


def endless(text: str) -> Endless | None:
    """The entry of a command that runs until it is stopped; None for all others."""
    bare = text.partition(" #")[0]
    return next((entry for entry in ENDLESS if entry.command.match(bare)), None)
