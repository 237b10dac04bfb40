"""A machine of a newcomer's own: a clone, a home, an environment with nothing in it, ports that nobody else has."""

import os
import re
import shutil
import signal
import site
import subprocess
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.process.running import ROOT, free_port

PATH = "/usr/local/bin:/usr/bin:/bin"
DOWNLOADS = 600
"""Seconds for what make gets from a package index."""
PATIENCE = 60
"""Seconds for what takes a few of them on an idle machine."""
PRINTED_PORTS = re.compile(r"(?<![\d.])(?:8080|810[0-3])(?!\d)")
"""The ports that the pages and the ready-made configurations name."""


class Failed(Exception):
    """A command did not do what its page says."""


def tracked(root: Path = ROOT) -> list[str]:
    """Files of the repository; none outside of a checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and (root / name).is_file()]


def copy(folder: Path) -> Path:
    """The tracked files as they stand now, as a clone would have them once they are committed."""
    for name in tracked():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return folder


def lend_environment(clone: Path, *stamps: str) -> None:
    """A `.venv` with the packages of the tests' own, so that nothing is downloaded; what make has done by then."""
    venv.create(clone / ".venv", symlinks=True)
    packages = next((clone / ".venv").glob("lib/python*/site-packages"))
    (packages / "lent.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    for stamp in stamps:
        (clone / ".venv" / stamp).touch()


class Stage:
    """Where commands run."""

    def __init__(self, clone: Path, home: Path) -> None:
        self.clone = clone
        self.home = home
        home.mkdir(exist_ok=True)
        self.environment = {"PATH": PATH, "HOME": str(home), "LANG": "C.UTF-8"}
        self._ports: dict[str, str] = {}
        self._programs: list[Program] = []

    def ported(self, text: str) -> str:
        """The text with a free port for each that it names, since others may have the printed ones."""
        return PRINTED_PORTS.sub(lambda match: self._ports.setdefault(match[0], str(free_port())), text)

    def configure(self, *, at_local_kraken: bool) -> None:
        """Give the ready-made configurations ports that are free, and the addresses of the local Kraken if need be."""
        for path in (self.clone / "config").glob("*.toml"):
            text = self.ported(path.read_text())
            path.write_text(
                re.sub(r"^# ((?:rest|ws|ws_auth)_url = )", r"\1", text, flags=re.MULTILINE) if at_local_kraken else text
            )

    def run(self, text: str, patience: float = PATIENCE) -> str:
        """Run a command that ends, and keep what it has exported; returns what it said. Raises `Failed`."""
        kept = self.home / "exported"
        with subprocess.Popen(
            ["sh", "-c", f'{self.ported(text)}\nstatus=$?\nenv -0 > "{kept}"\nexit $status'],
            cwd=self.clone,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                told, _ = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise Failed(f"it did not end within {patience:g} s") from None
        said = told.decode(errors="replace")
        if process.returncode or "Traceback" in said:
            raise Failed(f"exit code {process.returncode}\n{said}")
        self.environment = dict(pair.split("=", 1) for pair in kept.read_text().split("\0") if pair)
        return said

    def start(self, text: str, works: str, patience: float = PATIENCE) -> "Program":
        """Start a command that runs until a signal, and wait until it says that it works. Raises `Failed`."""
        program = Program(self, self.ported(text))
        self._programs.append(program)
        program.wait_for(works, patience)
        return program

    def stop(self, which: re.Pattern[str]) -> None:
        """Stop these in order, as Ctrl-C does. Raises `Failed` where one does not end in order."""
        for program in [program for program in self._programs if which.match(program.text)]:
            program.end()
            self._programs.remove(program)

    def kill(self, program: "Program") -> None:
        """`kill -9`."""
        self._programs.remove(program)
        program.kill()

    @contextmanager
    def cleared(self) -> Iterator[None]:
        """Whatever happens, nothing runs afterwards; what still runs has to stop in order."""
        try:
            yield
            self.stop(re.compile(""))
        finally:
            while self._programs:
                self._programs.pop().kill()


class Program:
    """A command that runs until a signal, in a process group of its own, as in a terminal."""

    def __init__(self, stage: Stage, text: str) -> None:
        self.text = text
        self._log = stage.home / f"{time.monotonic_ns()}.log"
        # Whoever runs the tests in the background may have SIGINT ignored, and children would inherit that.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", f"exec {text}"],
                cwd=stage.clone,
                env=stage.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def said(self) -> str:
        """Its output so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, words: str, patience: float = PATIENCE) -> None:
        """Until it has said them. Raises `Failed` if it ends first, or says nothing of the kind."""
        deadline = time.monotonic() + patience
        while words not in self.said():
            if self.process.poll() is not None and words not in self.said():
                raise Failed(f"it ended with exit code {self.process.returncode}\n{self.said()}")
            if time.monotonic() > deadline:
                raise Failed(f"it never said {words!r}\n{self.said()}")
            time.sleep(0.02)

    def end(self, number: signal.Signals = signal.SIGINT) -> None:
        """As Ctrl-C does it: all of the group are told, make as well as what it has started. Raises `Failed`."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"it did not end after {number.name}\n{self.said()}") from None
        # make itself ends by the signal once what it started has ended.
        if code != 0 and not (code == -number and self.text.startswith("make ")):
            raise Failed(f"exit code {code} after {number.name}\n{self.said()}")
        if "Traceback" in self.said():
            raise Failed(self.said())

    def kill(self) -> None:
        """SIGKILL to all of the group."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
