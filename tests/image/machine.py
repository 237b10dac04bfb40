"""What this machine knows about its mirrors, for the steps of the image; none of it stays in a layer."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path("run/machine")
"""In the root of a step, for as long as it runs."""
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_PIP = ("index-url", "extra-index-url", "find-links", "trusted-host", "proxy", "default-timeout")
"""Of its settings those that say where packages come from; local folders are not there in the root."""


def run(*command: str | Path, **more: str) -> str:
    """What a command prints. Raises RuntimeError, with all that it said, when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | more, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-3000:]
        raise RuntimeError(f"{' '.join(map(str, command))[:300]}\n-> {done.returncode}\n{said}")
    return done.stdout


def debian_mirror() -> list[str]:
    """Where this machine's own Debian comes from; empty when apt does not say."""
    rows = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian")
    return [row for row in rows.splitlines() if row][:1]


def pip_settings() -> dict[str, str]:
    """As environment of a step."""
    found = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    for line in run(sys.executable, "-m", "pip", "config", "list").splitlines():
        match = re.fullmatch(r"[^=]*\.([\w-]+)=(.*)", line)
        if match and match[1] in _PIP:
            words = [word for word in ast.literal_eval(match[2]).split() if not word.startswith(("/", "file:"))]
            if words:
                found["PIP_" + match[1].upper().replace("-", "_")] = " ".join(words)
    return found


def lend(root: Path) -> dict[str, str]:
    """Put apt's settings and the authorities into a root whose `/run` is no layer. Returns the environment."""
    folder = root / FOLDER
    folder.mkdir(parents=True)
    environment = pip_settings()
    acquire = [line for line in run("apt-config", "dump").splitlines() if line.startswith("Acquire::")]
    (folder / "apt.conf").write_text("\n".join(acquire) + "\n")
    environment["APT_CONFIG"] = f"/{FOLDER}/apt.conf"
    if AUTHORITIES.is_file():
        shutil.copy(AUTHORITIES, folder / "authorities.crt")
        environment["PIP_CERT"] = f"/{FOLDER}/authorities.crt"
    return environment
