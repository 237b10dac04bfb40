"""The program as process 1 of a container: what it says goes to stdout, from where engines take logs.

    python -m console.contained config.toml

Everything else is as with `python -m supervisor`. Some collectors take each line of stderr for an error.
"""

import os
import runpy
import sys


def main() -> None:
    """Run the program with its stderr joined to its stdout; ends with its exit code."""
    os.dup2(sys.__stdout__.fileno(), sys.__stderr__.fileno())  # type: ignore[union-attr] # a container's process has both
    runpy.run_module("supervisor", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
