"""Carries out the steps of a Dockerfile in layers over a bare Debian, as a builder would.

To be called in a mount namespace of its own. ARG values of the command line and ONBUILD are not known here.
"""

import shutil
from pathlib import Path

from tests.image import context
from tests.image.dockerfile import Stage, Step, assignments, flags
from tests.image.machine import debian_mirror, lend, run

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOT_IN_SLIM = ("doc", "man", "info", "locale", "lintian")
"""Of /usr/share: what the slim variant of Debian's images leaves out."""
DEVICES = ("null", "zero", "full", "random", "urandom")


def bare_debian(reference: str, folder: Path, kept: Path | None) -> None:
    """A minimal Debian like the image `debian:SUITE-slim`; from the archive `kept` if it exists, else into it."""
    folder.mkdir()
    if kept is not None and kept.exists():
        run("tar", "-C", folder, "-xf", kept)
        return
    suite = reference.partition(":")[2].removesuffix("-slim")
    run("debootstrap", "--variant=minbase", suite, folder, *debian_mirror())
    for name in NOT_IN_SLIM:
        shutil.rmtree(folder / "usr/share" / name, ignore_errors=True)
    for name in ("var/cache/apt", "var/lib/apt/lists", "var/log"):
        for path in (folder / name).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    slim = "".join(f"path-exclude=/usr/share/{name}/*\n" for name in NOT_IN_SLIM)
    (folder / "etc/dpkg/dpkg.cfg.d/slim").write_text(slim)
    if kept is not None:
        run("tar", "-C", folder, "-cf", kept, ".")


class Layers:
    """The bare Debian, and what each stage adds to it."""

    def __init__(self, work: Path, base: Path) -> None:
        self.work = work
        self.base = base

    def added(self, stage: str) -> Path:
        """What this stage adds."""
        return self.work / f"layer-{stage}"

    def mounted(self, stage: str) -> Path:
        """Mount a stage to be changed; once."""
        root, upper, scratch = self.work / f"root-{stage}", self.added(stage), self.work / f"scratch-{stage}"
        if not root.exists():
            for folder in (root, upper, scratch):
                folder.mkdir()
            places = f"lowerdir={self.base},upperdir={upper},workdir={scratch}"
            run("mount", "-t", "overlay", "overlay", "-o", places, root)
        return root


def build(stages: list[Stage], source: Path, layers: Layers) -> None:
    """All stages, in their order."""
    for stage in stages:
        known: dict[str, str] = {"PATH": PATH}
        for step in stage.steps:
            if step.word in ("ARG", "ENV"):
                known |= assignments(step.text, known)
            elif step.word == "RUN":
                _run(step, layers.mounted(stage.name), known)
            elif step.word == "COPY":
                _copy(step, source, layers, layers.mounted(stage.name))
            elif step.word == "WORKDIR":
                (layers.mounted(stage.name) / step.text.lstrip("/")).mkdir(parents=True, exist_ok=True)


def _run(step: Step, root: Path, known: dict[str, str]) -> None:
    """With the machine's settings for the time of the step."""
    run("mount", "-t", "tmpfs", "tmpfs", root / "run")
    run("mount", "-t", "proc", "proc", root / "proc")
    devices(root)
    borrowed = [Path("/etc/resolv.conf"), Path("/etc/hosts")]
    for file in borrowed:
        (root / file.relative_to("/")).touch()
        run("mount", "--bind", file, root / file.relative_to("/"))
    environment = lend(root) | known | {"DEBIAN_FRONTEND": "noninteractive"}
    pairs = [f"{name}={value}" for name, value in environment.items()]
    try:
        run("env", "-i", *pairs, "chroot", root, "/bin/sh", "-c", step.text)
    finally:
        for place in ("etc/hosts", "etc/resolv.conf", "dev", "proc", "run"):
            run("umount", "--lazy", root / place)


def devices(root: Path) -> None:
    """A `/dev` with what a container has in it."""
    run("mount", "-t", "tmpfs", "tmpfs", root / "dev")
    for name in DEVICES:
        (root / "dev" / name).touch()
        run("mount", "--bind", f"/dev/{name}", root / "dev" / name)
    (root / "dev/fd").symlink_to("/proc/self/fd")
    (root / "dev/shm").mkdir(mode=0o1777)


def _copy(step: Step, source: Path, layers: Layers, root: Path) -> None:
    options, rest = flags(step.text)
    if set(options) - {"from"}:
        raise ValueError(f"line {step.line}: COPY with {options}")
    *what, where = rest.split()
    target = root / where.lstrip("/")
    if "from" in options:
        for path in what:
            there = layers.mounted(options["from"]) / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            run("cp", "-a", "-T", there, target)
        return
    for name in context.files(source):
        for path in what:
            if path == ".":
                _copy_file(source / name, target / name)
            elif path == name:
                _copy_file(source / name, target)


def _copy_file(source: Path, target: Path) -> None:
    """As from a checkout that was made with umask 077."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(source, target)
    target.chmod(0o600)
