"""How errors are told on a command line."""

import sys

from config import ConfigError
from console.fitted import fitted


def complain(error: BaseException, code: int) -> int:
    """Print an error to stderr, each of its lines as one of an error; returns the exit code."""
    lines = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else [str(error)]
    if sys.stdout is not None:
        sys.stdout.flush()
    for line in (part for text in lines for part in text.splitlines()):
        print(fitted(f"error: {line}", sys.stderr), file=sys.stderr)  # noqa: T201
    return code
