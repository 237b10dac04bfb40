"""A terminal with keys to press: the program and what has started it get the signal that Ctrl-C makes."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

CTRL_C = b"\x03"


class Terminal:
    """One command in a pseudo-terminal."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: dict[str, str], *, in_shell: bool = False
    ) -> None:
        """`in_shell`: a shell waits for the command, as in a window, instead of becoming it."""
        self._ours, theirs = pty.openpty()
        self._ends = [self._ours, theirs]
        self._lives, alive = os.pipe()
        self.shown = ""
        self.process = subprocess.Popen(
            # A session of its own, whose terminal the first one becomes that it opens.
            ["sh", "-c", f'exec 0<>"$0" 1>&0 2>&0; {"" if in_shell else "exec"} "$@"', os.ttyname(theirs), *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(alive,),
        )
        os.close(alive)

    def press(self, keys: bytes) -> None:
        """As somebody at the keyboard does."""
        os.write(self._ours, keys)

    def read_until(self, words: str, seconds: float) -> bool:
        """Read what is shown until these words; False if they do not come."""
        deadline = time.monotonic() + seconds
        while words not in self.shown and time.monotonic() < deadline and self._read(0.1):
            pass
        return words in self.shown

    def read_to_end(self, seconds: float) -> int:
        """Read until the command has ended; its exit code. Raises `subprocess.TimeoutExpired`."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.1)
        code = self.process.wait(0 if time.monotonic() >= deadline else seconds)
        while self._read(0):
            pass
        return code

    def _read(self, seconds: float) -> bool:
        """Whether more may come."""
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if ready:
            with suppress(OSError):
                self.shown += os.read(self._ours, 65_536).decode(errors="replace").replace("\r\n", "\n")
                return True
            return False
        return seconds > 0

    def hang_up(self) -> None:
        """Close the window: everybody in it gets SIGHUP, and nothing can be shown any more."""
        while self._ends:
            os.close(self._ends.pop())

    def all_end(self, seconds: float) -> bool:
        """Wait until everything that was started here has ended: it shares an open pipe."""
        return bool(select.select([self._lives], [], [], seconds)[0])

    def close(self) -> None:
        """Hang up, and leave nothing that runs."""
        self.hang_up()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._lives)
