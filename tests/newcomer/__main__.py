"""The first hour with the program, from a clean clone: `python -m tests.newcomer [PART ...]`.

Prints what was done and how long it took; the exit code is 1 if anything did not do what it should.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.newcomer.hour import Hour, Skipped, version
from tests.newcomer.parts import ASKED_FOR, PARTS
from tests.newcomer.stage import Failed


def main() -> int:
    """0 if all went well, 1 if not."""
    names = _names()
    print(f"a clean clone of {version()}", flush=True)
    bad = []
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        hour = Hour(Path(folder))
        for name in names:
            begun = time.monotonic()
            try:
                word, what = "done", PARTS[name](hour)
            except Skipped as reason:
                word, what = "skipped", str(reason)
            except Failed as error:
                word, what = "FAILED", str(error)
                bad.append(name)
            print(f"{name:<15} {word:<8} {time.monotonic() - begun:>6.1f} s  {what}", flush=True)
    if bad:
        print(f"failed: {', '.join(bad)}")
    return 1 if bad else 0


def _names() -> list[str]:
    about = "\n".join(f"  {name:<15} {(part.__doc__ or '').splitlines()[0]}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.newcomer",
        description=f"The first hour with the program, from a clean clone.\n\nparts:\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual = [name for name in PARTS if name not in ASKED_FOR]
    parser.add_argument(
        "parts", nargs="*", metavar="PART", choices=[*PARTS, []], help=f"what to do; default: {', '.join(usual)}"
    )
    wanted = parser.parse_args().parts or usual
    return [name for name in PARTS if name in wanted]


if __name__ == "__main__":
    sys.exit(main())
