"""Whether every package of the lock comes as a wheel for both machines of the image."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PYTHON = "3.13"
"""That of the base."""
MACHINES = ("x86_64", "aarch64")
GLIBC = 41
"""Minor version of the base's C library: wheels for it or an older one run there."""


def missing_wheels(lock: Path) -> dict[str, str]:
    """For each machine what pip says is missing; empty when nothing is."""
    return {machine: _missing(lock, machine) for machine in MACHINES}


def _missing(lock: Path, machine: str) -> str:
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(5, GLIBC + 1)] + [f"manylinux2014_{machine}"]
    with tempfile.TemporaryDirectory() as target:
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps", "--target", target]
        command += ["--require-hashes", "--only-binary", ":all:", "--python-version", PYTHON, "--implementation", "cp"]
        command += [word for platform in platforms for word in ("--platform", platform)]
        done = subprocess.run([*command, "-r", str(lock)], capture_output=True, text=True, check=False)
    if not done.returncode:
        return ""
    errors = re.findall(r"^ERROR: (.+)$", done.stderr, re.MULTILINE)
    return "; ".join(errors) or done.stderr[-500:]
