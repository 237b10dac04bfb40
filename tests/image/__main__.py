"""The image's steps carried out, what runs then tried, and the figures of it: `python -m tests.image`."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import trio

from tests.image import dockerfile, stages
from tests.image.bench import Bench
from tests.image.container import Runnable
from tests.image.machine import run
from tests.image.trials import MEMORY, STOP, UNTIL_FILL, UNTIL_HEALTHY, everything
from tests.image.wheels import missing_wheels

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("debootstrap", "unshare", "nsenter", "setpriv", "chroot", "mount")
SECONDS = 1800
"""The whole must have ended by then."""
INNER = "--in-namespace"
MEGABYTE = 1_000_000
SIZE = "image, uncompressed"
SUMMARY = (SIZE, UNTIL_HEALTHY, UNTIL_FILL, MEMORY, STOP)
"""The figures of the last line."""

NOT_TRIED = (
    "Docker, Compose, Kubernetes and registries themselves: the steps of the Dockerfile are carried out by this script",
    "debian:trixie-slim as it is published: it is made by debootstrap; its digest is not known here",
    "running on arm64: only that the lock has a wheel of everything for it",
    "cgroup limits, seccomp and AppArmor profiles of an engine; volumes on a network file system",
)


def main() -> int:
    """0 when everything is as it should be."""
    options = _options()
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if os.geteuid() or missing:
        reason = f"not found: {', '.join(missing)} (apt-get install debootstrap)" if missing else "needs root"
        print(f"error: {reason}")
        return 2
    if options.in_namespace:
        return _proof(Path(options.in_namespace), options)
    with tempfile.TemporaryDirectory(prefix="image-", dir="/var/tmp") as folder:
        # In namespaces of its own: all mounts and all processes go with it, however it ends.
        namespace = [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--mount-proc",
            "--kill-child",
            "--fork",
        ]
        again = [sys.executable, "-m", "tests.image", *sys.argv[1:], INNER, folder]
        try:
            return subprocess.run([*namespace, *again], cwd=ROOT, timeout=SECONDS, check=False).returncode
        except subprocess.TimeoutExpired:
            print(f"error: not done after {SECONDS} s")
            return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.image", description=__doc__)
    parser.add_argument("--base", type=Path, help="archive of the bare Debian: read if it exists, else written")
    parser.add_argument("--only", default="", metavar="WORD", help="only trials whose sentence has this word")
    parser.add_argument(INNER, help=argparse.SUPPRESS)
    return parser.parse_args()


def _proof(work: Path, options: argparse.Namespace) -> int:
    failures = 0
    made, figures = _made(work, options.base)
    if not options.only:
        absent = missing_wheels(ROOT / "requirements.lock")
        for machine, names in absent.items():
            word = f"FAILED: {names}" if names else "ok"
            print(f"{word}: the lock has a wheel of everything for {machine}", flush=True)
        failures += sum(map(bool, absent.values()))
    bench = Bench(made, work)
    bench.figures |= figures
    failures += trio.run(partial(everything, bench, options.only))
    print("\nnot tried here:")
    for what in NOT_TRIED:
        print(f"- {what}")
    print()
    for name, value in bench.figures.items():
        print(f"{name}: {value}")
    print(", ".join(f"{name} {bench.figures[name]}" for name in SUMMARY if name in bench.figures))
    return 1 if failures else 0


def _made(work: Path, kept: Path | None) -> tuple[Runnable, dict[str, str]]:
    read = dockerfile.read(ROOT)
    base = work / "base"
    begun = time.monotonic()
    stages.bare_debian(read[-1].base, base, kept)
    print(f"a bare {read[-1].base}: {time.monotonic() - begun:.0f} s, {_size(base):.0f} MB")
    layers = stages.Layers(work, base)
    begun = time.monotonic()
    stages.build(read, ROOT, layers)
    top = layers.added(read[-1].name)
    added = _size(top)
    print(f"the steps of the Dockerfile: {time.monotonic() - begun:.0f} s", flush=True)
    parts = ", ".join(f"/{part} {_size(top / part):.0f} MB" for part in ("opt/venv", "app", "usr"))
    figures = {
        SIZE: f"{added + _size(base):.0f} MB",
        "of it beyond the base": f"{added:.0f} MB ({parts})",
        "compressed, as it is sent": f"{_compressed(base) + _compressed(top):.0f} MB",
    }
    return Runnable(layers, read[-1].name, dockerfile.image(read[-1])), figures


def _compressed(folder: Path) -> float:
    """Megabytes of the folder as a layer."""
    return int(run("sh", "-c", f"tar -C '{folder}' -c . | gzip | wc -c")) / MEGABYTE


def _size(folder: Path) -> float:
    """Megabytes of the files."""
    paths = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return sum(path.lstat().st_size for path in paths) / MEGABYTE


if __name__ == "__main__":
    sys.exit(main())
