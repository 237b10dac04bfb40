"""The arguments of `python -m supervisor`."""

import argparse
from pathlib import Path
from textwrap import fill

from assembly.exit_codes import explained
from config.version import program_and_version

_COLUMNS = 80
_PARAGRAPHS = (
    "python -m supervisor schema prints the JSON schema of the configuration file, for editors.",
    "python -m supervisor backup config.toml copies the database, also while it runs; restore puts it back.",
    f"exit codes: {explained()}.",
    "SIGINT, SIGTERM and SIGHUP stop in order: strategies, orders (on_stop), journal, notices.",
    "A second signal changes nothing, a third cuts the stop short and says what it leaves.",
)
EPILOG = "\n\n".join(fill(paragraph, _COLUMNS, break_on_hyphens=False) for paragraph in _PARAGRAPHS)


def parser() -> argparse.ArgumentParser:
    """The parser, help text included."""
    made = argparse.ArgumentParser(
        prog="python -m supervisor",
        description="Trade grids unattended: run every strategy of a configuration file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("config", type=Path, help="TOML file, for instance config/demo.toml")
    made.add_argument(
        "--check",
        action="store_true",
        help="judge the configuration and the database: errors (exit code 2) and warnings; no connection, no change",
    )
    made.add_argument(
        "--adopt",
        action="store_true",
        help="take over open orders that the database cannot explain (make sure that no second instance runs)",
    )
    made.add_argument(
        "--take-back",
        action="append",
        default=[],
        metavar="STRATEGY",
        help="place this strategy's released sells again (after a cancel by hand); may be repeated",
    )
    made.add_argument("--version", action="version", version=program_and_version())
    return made
