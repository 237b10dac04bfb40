"""Runs an image's last stage as a container runs: process 1 of its own namespace, read-only root, one volume."""

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from tests.image.dockerfile import Image
from tests.image.machine import run
from tests.image.stages import DEVICES, Layers

PATIENCE = 60.0
KNOWN_USER = "10001"
"""The one that /etc/passwd of the image has; Docker gives all others `/` as home."""
CLUSTER = {
    "INFINITY_GRID_SERVICE_HOST": "10.0.0.7",
    "INFINITY_GRID_SERVICE_PORT": "8080",
    "INFINITY_GRID_SERVICE_PORT_HTTP": "8080",
    "INFINITY_GRID_PORT": "tcp://10.0.0.7:8080",
    "INFINITY_GRID_PORT_8080_TCP": "tcp://10.0.0.7:8080",
    "INFINITY_GRID_PORT_8080_TCP_ADDR": "10.0.0.7",
}
"""What Kubernetes puts into every container for a service of this name."""

_ENTER = """
set -e
root=$1 lower=$2 data=$3 config=$4; shift 4
mount -t overlay overlay -o "ro,lowerdir=$lower" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for name in DEVICES; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
mkdir -m 1777 "$root/dev/shm"
mount --bind "$data" "$root/data"
mount --bind "$config" "$root/config"
mount -o remount,bind,ro "$root/config"
exec "$@"
""".replace("DEVICES", " ".join(DEVICES))


class Runnable(Struct, frozen=True):
    """An image that can be run."""

    layers: Layers
    stage: str
    image: Image

    def inside(self, environment: dict[str, str], arguments: list[str]) -> list[str]:
        """The command line that becomes the user of the image, in its root and its folder."""
        user, _, group = self.image.user.partition(":")
        home = self.image.folder if user == KNOWN_USER else "/"
        known = self.image.environment | {"HOME": home, "HOSTNAME": "container"} | environment
        pairs = [f"{name}={value}" for name, value in known.items()]
        become = ["setpriv", "--no-new-privs", "chroot", f"--userspec={user}:{group}", "--groups=", str(self.root)]
        return [*become, "env", "-i", f"--chdir={self.image.folder}", *pairs, *arguments]

    def run_by(self, user: str) -> "Runnable":
        """The same with `docker run --user`."""
        return replace(self, image=replace(self.image, user=user))

    @property
    def root(self) -> Path:
        """Where each container mounts its root, in its own namespace."""
        return self.layers.work / "root"


class Container:
    """One life of a container; `log` is what Docker would show."""

    def __init__(
        self,
        image: Runnable,
        volume: Path,
        config: Path,
        arguments: list[str] | None = None,
        entrypoint: list[str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._image = image
        self._environment = CLUSTER | (environment or {})
        image.root.mkdir(exist_ok=True)
        lower = f"{image.layers.added(image.stage)}:{image.layers.base}"
        command = [*(entrypoint or image.image.entrypoint), *(arguments or image.image.command)]
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--propagation", "private"]
        places = [str(image.root), lower, str(volume), str(config)]
        inside = image.inside(self._environment, command)
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            [*namespaces, "sh", "-c", _ENTER, "sh", *places, *inside],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._lines: list[bytes] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Not by --kill-child: what the kernel knows of that is forgotten when process 1 stops being root.
        with suppress(ProcessLookupError, FileNotFoundError):
            if self.first and not self.ended:
                self.kill(signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._reader.join(5)

    @property
    def log(self) -> str:
        """What has been said so far."""
        return b"".join(self._lines).decode(errors="replace")

    @property
    def first(self) -> int:
        """Process 1 of the container, as this machine numbers it; 0 while there is none."""
        outer = self._process.pid
        children = Path(f"/proc/{outer}/task/{outer}/children").read_text(encoding="ascii").split()
        return int(children[0]) if children else 0

    def begun(self) -> bool:
        """Whether process 1 is the program itself: it began with mounting its root."""
        first = self.first
        return bool(first) and Path(f"/proc/{first}/comm").read_text(encoding="utf-8").startswith("python")

    def hears(self) -> bool:
        """Whether process 1 has a handler for SIGTERM; without one the kernel keeps every signal from it."""
        status = Path(f"/proc/{self.first}/status").read_text(encoding="utf-8")
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

    @property
    def ended(self) -> bool:
        """Whether it has."""
        return self._process.poll() is not None

    def kill(self, number: int = signal.SIGTERM) -> None:
        """Send a signal to process 1, as `docker stop` and `docker kill` do."""
        os.kill(self.first, number)

    def wait(self, seconds: float = PATIENCE) -> int:
        """The exit code, negative for a signal. Raises `AssertionError` when it does not end."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not ended after {seconds} s:\n{self.log}") from None
        self._reader.join(5)
        return code

    def stop(self) -> tuple[int, float]:
        """`docker stop`: exit code, and the seconds that it took."""
        begun = time.monotonic()
        self.kill()
        return self.wait(), time.monotonic() - begun

    def health(self) -> tuple[int, str]:
        """What the HEALTHCHECK of the image answers now: exit code and line."""
        return self.run(self._image.image.health)

    def run(self, command: list[str]) -> tuple[int, str]:
        """`docker exec`."""
        enter = ["nsenter", "--target", str(self.first), "--mount", "--pid"]
        done = subprocess.run(
            [*enter, *self._image.inside(self._environment, command)], capture_output=True, text=True, check=False
        )
        return done.returncode, (done.stdout + done.stderr).strip()

    def memory(self) -> int:
        """Resident bytes of process 1."""
        pages = Path(f"/proc/{self.first}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in iter(self._process.stdout.readline, b""):
            self._lines.append(line)


def volume(place: Path, megabytes: int, owner: str) -> Path:
    """An empty volume of this size, of its own file system."""
    place.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", place)
    run("chown", owner, place)
    return place
