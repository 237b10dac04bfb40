"""Whether the running program trades: what a container's health check asks, without curl.

    python -m console.ready [config.toml]

Without a file it is the one that process 1 was started with. Exit code 0 when `/readyz` answers 200, else 1, with one
line that says why.
"""

import sys
import tomllib
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from config.schema import MetricsConfig

SECONDS = 5.0
"""How long an answer may take."""
FIRST_PROCESS = Path("/proc/1/cmdline")
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to compare with, nothing is bound


class NotReady(Exception):
    """Says why in one line."""


def main(arguments: list[str], first_process: Path = FIRST_PROCESS) -> int:
    """Ask, and print the answer. Returns the exit code."""
    try:
        path = Path(arguments[0]) if arguments else configured(first_process)
        told, code = ask(*endpoint(path)), 0
    except NotReady as error:
        told, code = f"not ready: {error}", 1
    print(told)  # noqa: T201 - what a health check's log shows
    return code


def configured(first_process: Path) -> Path:
    """The configuration file on a command line as /proc shows it; a container's processes share their directory.

    Raises `NotReady`.
    """
    try:
        words = first_process.read_bytes().decode(errors="surrogateescape").split("\0")
    except OSError as error:
        raise NotReady(f"process 1 cannot be looked at ({error.strerror}); name the configuration file") from None
    files = [word for word in words if word.endswith(".toml")]
    if not files:
        raise NotReady("process 1 was not started with a .toml file; name the configuration file")
    return Path(files[-1])


def endpoint(path: Path) -> tuple[str, int]:
    """Where the program of this file answers on its own machine. Raises `NotReady`."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("metrics", {})
    except (OSError, ValueError) as error:
        raise NotReady(f"{path.name} cannot be read ({error})") from None
    values = table if isinstance(table, dict) else {}
    usual = MetricsConfig()
    host, port = values.get("host", usual.host), values.get("port", usual.port)
    if values.get("enabled", usual.enabled) is not True:
        raise NotReady(f"{path.name}: metrics.enabled is off, nobody can be asked")
    if not isinstance(host, str) or not isinstance(port, int) or not port:
        raise NotReady(f"{path.name}: metrics.port has to be stated, any free one cannot be found again")
    return _ANYWHERE.get(host, host), port


def ask(host: str, port: int) -> str:
    """What `/readyz` says. Raises `NotReady` for anything but 200."""
    connection = HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        text = " ".join(answer.read(10_000).decode(errors="replace").split())
    except (OSError, HTTPException) as error:
        raise NotReady(f"http://{host}:{port}/readyz does not answer ({error})") from None
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise NotReady(f"{answer.status} {text}")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
