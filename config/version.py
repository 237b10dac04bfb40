"""Which version this is: one place for `--version`, the log, `/status`, `/metrics` and what exchanges are told."""

import tomllib
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "infinity-grid-trio"

UNKNOWN = "unknown"
"""Neither a checkout nor an installation, for instance single files that were copied."""


def version(root: Path = Path(__file__).parent.parent) -> str:
    """The version that `pyproject.toml` in `root` states: of the checkout when the program runs from one.

    Otherwise as installed, or `UNKNOWN`. Asks neither git nor the network.
    """
    return _stated(root / "pyproject.toml") or _installed()


def program_and_version() -> str:
    """For people, as `infinity-grid-trio 0.2.0`."""
    return f"{DISTRIBUTION} {version()}"


def user_agent() -> str:
    """For servers, as `infinity-grid-trio/0.2.0`."""
    return f"{DISTRIBUTION}/{version()}"


def _stated(project: Path) -> str:
    """Empty where there is no project file of ours, whatever another one that lies there says."""
    try:
        table = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return ""
    return str(table.get("version", "")) if table.get("name") == DISTRIBUTION else ""


def _installed() -> str:
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return UNKNOWN
