"""The health check of a container, against a real socket."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from console.ready import main


class _Answer(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        assert self.path == "/readyz"
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b'{\n  "ready": true\n}')

    def log_message(self, *_: object) -> None:
        """Not here."""


@pytest.fixture
def port() -> Iterator[int]:
    """Of somebody who answers."""
    with HTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def config(folder: Path, text: str) -> Path:
    """A file with this in it."""
    path = folder / "mine.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("host", ["", 'host = "127.0.0.1"', 'host = "0.0.0.0"', 'host = "localhost"'])
def test_a_program_that_is_ready_is_healthy(
    host: str, port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path, f"[metrics]\nport = {port}\n{host}\n")
    assert main([str(path)]) == 0
    assert capsys.readouterr().out == '{ "ready": true }\n'


def test_a_program_that_is_not_ready_is_not(
    port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Answer, "status", 503)
    assert main([str(config(tmp_path, f"[metrics]\nport = {port}\n"))]) == 1
    assert capsys.readouterr().out == 'not ready: 503 { "ready": true }\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[metrics]\nport = 1\n", "http://127.0.0.1:1/readyz does not answer"),
        ("[metrics]\nenabled = false\n", "metrics.enabled is off"),
        ("[metrics]\nport = 0\n", "metrics.port has to be stated"),
        ("[metrics\n", "mine.toml cannot be read"),
    ],
)
def test_it_says_why_in_one_line(text: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(config(tmp_path, text))]) == 1
    said = capsys.readouterr().out
    assert said.startswith("not ready: ")
    assert why in said
    assert said.count("\n") == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "gone.toml")]) == 1
    assert "gone.toml" in capsys.readouterr().out


def test_without_a_file_it_is_the_one_of_process_1(
    port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path, f"[metrics]\nport = {port}\n")
    first = tmp_path / "cmdline"
    first.write_bytes(b"/sbin/docker-init\0--\0python\0-m\0supervisor\0" + str(path).encode() + b"\0--adopt\0")
    assert main([], first) == 0
    first.write_bytes(b"sleep\0infinity\0")
    assert main([], first) == 1
    assert main([], tmp_path / "gone") == 1
    assert "name the configuration file" in capsys.readouterr().out
